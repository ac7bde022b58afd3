"""What the registry asks for on a cluster: chunks that many workers share, and no attempt for a lost worker."""

import dagster as dg
import pytest

from cardio_dagster.orchestration import requests
from cardio_dagster.orchestration.requests import plan_requests
from cardio_dagster_tests.cluster.runs import study
from cardio_dagster_tests.defs.installation import clinical, installed


@pytest.fixture
def site(tmp_path, monkeypatch, choose):
    monkeypatch.setattr(requests, "has_rested", lambda *_: True)
    with installed(tmp_path / "site", max_attempts=2, flood_threshold=2) as found:
        yield found


def lose(site, key, **tags):
    """Let the run of a key have failed."""
    run = site.instance.create_run_for_job(
        study, tags={"dagster/run_key": key, **tags}, status=dg.DagsterRunStatus.STARTED
    )
    site.instance.report_run_failed(run)


def test_a_lost_worker_costs_no_attempt_and_stops_nobody(site):
    study_id = site.intake(clinical(50))
    tripped = []
    for _ in range(4):  # twice as often as there are attempts
        plan = plan_requests(site.instance, site.stores, tripped=tripped.append)
        ((key, _),) = plan.single
        lose(site, key, **{"cardio/lost_with": "worker"})
    assert (tripped, plan.exhausted) == ([], ())
    assert site.row(study_id).attempt == 4


def test_a_lost_process_costs_one(site):
    site.intake(clinical(50))
    for _ in range(2):
        ((key, _),) = plan_requests(site.instance, site.stores).single
        lose(site, key)
    plan = plan_requests(site.instance, site.stores)
    assert (plan.single, len(plan.exhausted)) == ((), 1)


def test_chunks_are_of_one_queue(site, choose):
    for number in range(7):
        site.intake(clinical(40 + number, "backfill" if number % 2 else "routine"), f"d{number}")
    choose(bulk_chunk=2)
    chunks = [rows for _, rows in plan_requests(site.instance, site.stores).bulk]
    assert [len(rows) for rows in chunks] == [2, 2, 2, 1]
    assert [{row.study.priority.value for row in rows} for rows in chunks] == [
        {"routine"},
        {"routine"},
        {"backfill"},
        {"backfill"},
    ]


def test_the_size_of_a_chunk_follows_the_deployment(choose):
    assert requests._chunk_size() == 200
    choose(broker_url="redis://somewhere")
    assert requests._chunk_size() == 25
    choose(bulk_chunk=7)
    assert requests._chunk_size() == 7
