"""Notices through the real daemon: from the transaction of the cause to the folder, each within 30 s."""

import json
import time
from pathlib import Path

import pytest

from cardio_dagster.audit_record import Actor, ActorKind
from cardio_dagster.orchestration.escalating import raise_alone
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.serve.services import Site, free_port
from cardio_dagster.serve.supervisor import launch, running, stop
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster_tests.escalation.notices import cause

ALLOWED_S = 30.0
ACTOR = Actor(ActorKind.SERVICE, "release")


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "data", free_port(0), free_port(0), free_port(0))
    supervisor = launch(site)
    yield site
    stop(site.data_dir)
    supervisor.wait(30)


def told(folder: Path, study_id: str) -> float | None:
    """Return when the notice of a study was written; None if it is not there yet."""
    for path in folder.glob("*.json"):
        if json.loads(path.read_text())["study_id"] == study_id:
            return path.stat().st_mtime
    return None


def waited_s(stores: Stores, study_id: str) -> float:
    raised = time.time()
    raise_alone((cause(study=study_id),), stores, ACTOR)
    while (at := told(Path(stores.notices_dir), study_id)) is None:
        assert time.time() - raised < 120, "no notice came at all"
        time.sleep(0.05)
    return at - raised


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_each_notice_is_out_within_30_s(site, record_property):
    stores = Stores.of(Settings(data_dir=site.data_dir))
    create_tables(connect(stores.database_url))
    while not (running(site.data_dir) and "daemon" in running(site.data_dir)["pids"]):
        time.sleep(0.2)
    waited_s(stores, "s-warm-up")  # the daemon is still starting
    waits = []
    for number in range(10):
        waits.append(waited_s(stores, f"s-{number}"))
        time.sleep(0.7)  # at another moment between two ticks
    record_property("waits_s", [round(w, 2) for w in waits])
    print("waits", [round(w, 2) for w in waits])  # noqa: T201
    assert max(waits) < ALLOWED_S
