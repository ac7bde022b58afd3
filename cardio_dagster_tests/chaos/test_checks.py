"""The watcher watched: everything that must hold is missed by name when it does not."""

import json
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from cardio_dagster.stores.database import connect
from cardio_dagster_tests.chaos.bench import SQLITE, Bench
from cardio_dagster_tests.chaos.checks import faults_of


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("watched"), SQLITE, None, quick=True)
    with bench.site() as site:
        site.drop(bench.study(1), "study")
        site.finish()
        yield site


@contextmanager
def changed(path: Path, content: bytes):
    before = path.read_bytes() if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    yield
    path.unlink() if before is None else path.write_bytes(before)


@contextmanager
def sql(site, there: str, back: str):
    for statement in (there, back):
        with connect(site.settings.database).begin() as connection:
            connection.execute(sa.text(statement))
        if statement == there:
            yield


def one(site, pattern: str) -> Path:
    return next(iter(sorted(site.settings.store_dir.glob(pattern))))


@pytest.mark.slow
def test_an_undisturbed_study_has_no_fault(site):
    assert faults_of(site, expect=1) == ()
    assert faults_of(site, expect=2) == ("1 revisions instead of 2",)


def spoil_report(site):
    return changed(one(site, "reports/*/r1/report.html"), b"<p>another</p>")


def spoil_input(site):
    path = one(site, "inputs/*/*/metadata.json")
    return changed(path, json.dumps({"patient": {"age_years": 1}}).encode())


def spoil_checkpoint(site):
    path = one(site, "checkpoints/*/validation/clinical.parquet")
    return changed(path, path.read_bytes()[:100])


SPOILT = {
    "a report is not the one that was released": spoil_report,
    "a stored recording is not the one that was registered, and nobody said so": spoil_input,
    "a checkpoint does not read": spoil_checkpoint,
    "1 half-written files or folders stand in reports": lambda site: changed(
        site.settings.store_dir / "reports" / ".r1.draft", b"half"
    ),
    "1 report folders differ from the releases": lambda site: changed(
        site.settings.store_dir / "reports" / "s-0" / "r1" / "report.html", b""
    ),
    "a claim of intake was never closed": lambda site: changed(
        site.settings.store_dir / "claims" / "c-1" / "lock", b""
    ),
    "1 studies never ended": lambda site: sql(
        site,
        "UPDATE studies SET retired_at = finished_at, finished_at = NULL",
        "UPDATE studies SET finished_at = retired_at, retired_at = NULL",
    ),
    "1 revisions without a release": lambda site: sql(
        site, "UPDATE releases SET study_id = 'x' || study_id", "UPDATE releases SET study_id = substr(study_id, 2)"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("sentence", SPOILT)
def test_what_does_not_hold_is_named(site, sentence):
    with SPOILT[sentence](site):
        assert sentence in faults_of(site)


@pytest.mark.slow
def test_a_tampered_ledger_is_named(site):
    with connect(site.settings.database).begin() as connection:
        names = connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
        for name in names:
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
        connection.execute(sa.text("UPDATE ledger SET study_id = 's-0' WHERE kind = 'report.closed'"))
    faults = faults_of(site)
    assert any(fault.startswith("the ledger does not verify") for fault in faults)
    assert "a revision was never closed in the ledger" in faults
