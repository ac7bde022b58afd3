"""Ticks of the intake sensor: which runs are asked for, when again, and when no more.

Runs are entered into the instance as the daemon enters them; none is executed here.
"""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.test_utils import create_run_for_test

from cardio_dagster.orchestration import requests, run_health, runs
from cardio_dagster.outcome import State
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.study_tables import studies
from cardio_dagster_tests.defs.installation import bulk_config, clinical

STARTED, FAILURE, SUCCESS = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
CANCELED, NOT_STARTED = dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.NOT_STARTED


@pytest.fixture(autouse=True)
def no_process(monkeypatch):
    """The runs of these tests have no process; whether that matters is the business of test_run_health.py."""
    monkeypatch.setattr(run_health, "_is_dead", lambda instance, run_id: False)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """A study whose run died is asked for again at once; the wait itself is the business of test_breaker.py."""
    monkeypatch.setattr(requests, "has_rested", lambda died, charged: True)


def enter(installation, request, status):
    """Enter the run of a request into the instance."""
    tags = {"dagster/run_key": request.run_key, **request.tags}
    if request.partition_key:
        tags["dagster/partition"] = request.partition_key
    return create_run_for_test(
        installation.instance,
        job_name=request.job_name,
        run_id=str(uuid.uuid4()),
        status=status,
        tags=tags,
        run_config=request.run_config,
    )


def end(installation, run, status):
    events = {FAILURE: "PIPELINE_FAILURE", CANCELED: "PIPELINE_CANCELED", SUCCESS: "PIPELINE_SUCCESS"}
    installation.instance.report_dagster_event(
        dg.DagsterEvent(event_type_value=events[status], job_name=run.job_name, message="ended"), run.run_id
    )
    assert installation.instance.get_run_by_id(run.run_id).status is status


def age(installation, seconds):
    """Let all requests be so old."""
    moment = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    with connect(installation.stores.database_url).begin() as connection:
        connection.execute(sa.update(studies).where(studies.c.requested_at.is_not(None)).values(requested_at=moment))


def keys(result):
    return [r.run_key for r in result.run_requests]


def finish(installation, study_id, revision=1):
    installation.stores.registry().mark_finished(study_id, revision, "COMPLETE")


def late_file(folder):
    """Write a file that adds to what the study holds; one under a held name would be a study of its own."""
    (folder / "late.json").write_text('{"patient": {"age_years": 50, "heart_rate_bpm": 99}}')


def test_a_drop_becomes_a_partition_and_one_run_request(installation):
    installation.drop(clinical(50))
    result = installation.tick()
    (request,) = result.run_requests
    assert request.job_name == "study"
    assert request.run_key == f"{request.partition_key}:r1:a1"
    assert installation.instance.get_dynamic_partitions("studies") == [request.partition_key]
    assert keys(installation.tick(result.cursor)) == [], "asked for twice"


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, STARTED, dg.DagsterRunStatus.CANCELING])
def test_nothing_is_asked_for_while_the_run_goes_on(installation, status):
    installation.drop(clinical(50))
    result = installation.tick()
    enter(installation, result.run_requests[0], status)
    age(installation, 3600)
    assert keys(installation.tick(result.cursor)) == []


def test_a_flood_goes_through_bulk_and_stat_never_does(install):
    installation = install(flood_threshold=2)
    for number in range(3):
        installation.drop(clinical(40 + number), f"routine-{number}")
    installation.drop(clinical(60, priority="stat"), "stat")
    requests_ = installation.tick().run_requests
    assert sorted(r.job_name for r in requests_) == ["bulk", "study"]
    flood = next(r for r in requests_ if r.job_name == "bulk")
    single = next(r for r in requests_ if r.job_name == "study")
    assert len(flood.run_config["ops"]["plan_chunks"]["config"]["study_ids"]) == 3
    assert (single.tags["cardio/priority"], single.tags["dagster/priority"]) == ("stat", "10")
    assert len(installation.instance.get_dynamic_partitions("studies")) == 4


def test_as_many_as_the_threshold_are_no_flood(install):
    installation = install(flood_threshold=2)
    for number in range(2):
        installation.drop(clinical(40 + number), f"routine-{number}")
    assert {r.job_name for r in installation.tick().run_requests} == {"study"}


def test_a_lost_request_is_repeated_under_its_key_and_costs_no_attempt(installation):
    installation.drop(clinical(50))
    first = keys(installation.tick())
    for _ in range(5):  # more often than a study may have runs
        age(installation, runs.LOST_AFTER_S + 1)
        assert keys(installation.tick()) == first
    (request,) = first
    assert installation.row(request.split(":")[0]).attempt == 1


def test_a_lost_flood_is_repeated_whole_under_its_key(install):
    installation = install(flood_threshold=1)
    for number in range(3):
        installation.drop(clinical(40 + number), f"routine-{number}")
    (first,) = installation.tick().run_requests
    age(installation, runs.LOST_AFTER_S + 1)
    (again,) = installation.tick().run_requests
    assert (again.run_key, again.run_config) == (first.run_key, first.run_config)


def test_a_run_that_was_never_submitted_is_asked_for_under_its_key(installation):
    installation.drop(clinical(50))
    (request,) = installation.tick().run_requests
    enter(installation, request, NOT_STARTED)
    assert keys(installation.tick()) == []
    age(installation, runs.LOST_AFTER_S + 1)
    assert keys(installation.tick()) == [request.run_key]


@pytest.mark.parametrize("status", [FAILURE, CANCELED, SUCCESS])
def test_a_run_that_ended_without_closing_its_study_is_followed_by_the_next_attempt(installation, status):
    installation.drop(clinical(50))
    (request,) = installation.tick().run_requests
    end(installation, enter(installation, request, STARTED), status)
    (again,) = installation.tick().run_requests
    assert again.run_key == f"{request.partition_key}:r1:a2"


def test_a_study_whose_every_run_died_is_closed_with_its_response(installation):
    installation.drop(clinical(50))
    asked = []
    for _ in range(3):
        (request,) = installation.tick().run_requests
        asked.append(request.run_key)
        end(installation, enter(installation, request, STARTED), FAILURE)
    assert keys(installation.tick()) == []
    study_id = request.partition_key
    assert asked == [f"{study_id}:r1:a{n}" for n in (1, 2, 3)]
    (row,) = installation.releases(study_id)
    assert (row.status, row.code, row.state) == ("error", "E_RETRIES_001", State.ERROR)
    report = installation.report(study_id)
    assert report["error"]["code"] == "E_RETRIES_001"
    assert (Path(row.report_path) / "report.html").is_file()
    assert installation.row(study_id).final_state == "ERROR"
    assert installation.stores.registry().pending() == ()
    with connect(installation.stores.database_url).connect() as connection:
        codes = connection.execute(sa.text("select code from problems")).scalars().all()
    assert "E_RETRIES_001" in codes
    assert keys(installation.tick()) == []


def test_a_response_that_cannot_be_written_holds_up_no_other_study(install):
    installation = install(max_attempts=1)
    installation.drop(clinical(50), "unlucky")
    (request,) = installation.tick().run_requests
    end(installation, enter(installation, request, STARTED), FAILURE)
    place = installation.settings.store_dir / "reports"
    place.mkdir(exist_ok=True)
    (place / request.partition_key).write_text("a file where a folder must be")
    installation.drop(clinical(51), "other")
    assert [k.split(":")[0] != request.partition_key for k in keys(installation.tick())] == [True]
    assert installation.row(request.partition_key).finished_at is None
    (place / request.partition_key).unlink()
    installation.tick()
    assert installation.row(request.partition_key).final_state == "ERROR"


def test_a_late_file_opens_a_second_revision(installation):
    installation.drop(clinical(50), "case")
    (first,) = installation.tick().run_requests
    end(installation, enter(installation, first, STARTED), SUCCESS)
    finish(installation, first.partition_key)
    assert keys(installation.tick()) == []
    installation.drop(late_file, "case")
    (second,) = installation.tick().run_requests
    assert (second.partition_key, second.run_key) == (first.partition_key, f"{first.partition_key}:r2:a1")


def test_a_reopened_study_waits_for_the_run_of_its_first_revision(installation):
    installation.drop(clinical(50), "case")
    (first,) = installation.tick().run_requests
    run = enter(installation, first, STARTED)
    installation.drop(late_file, "case")
    assert keys(installation.tick()) == []
    assert installation.row(first.partition_key).study.revision == 2
    end(installation, run, SUCCESS)
    finish(installation, first.partition_key, revision=1)
    assert keys(installation.tick()) == [f"{first.partition_key}:r2:a1"]


def test_a_reopened_study_waits_for_the_bulk_run_that_holds_it(install):
    installation = install(flood_threshold=1)
    for number in range(2):
        installation.drop(clinical(40 + number), f"case-{number}")
    (flood,) = installation.tick().run_requests
    run = enter(installation, flood, STARTED)
    installation.drop(late_file, "case-0")
    assert keys(installation.tick()) == []
    end(installation, run, SUCCESS)
    asked = {
        s for r in installation.tick().run_requests for s in r.run_config["ops"]["plan_chunks"]["config"]["study_ids"]
    }
    assert asked == set(flood.run_config["ops"]["plan_chunks"]["config"]["study_ids"])


def test_a_study_that_a_person_runs_is_left_to_them(installation):
    study_id = installation.intake(clinical(50))
    by_hand = dg.RunRequest(run_key="by hand", job_name="study", partition_key=study_id)
    run = enter(installation, by_hand, STARTED)
    assert keys(installation.tick()) == []
    end(installation, run, FAILURE)
    assert keys(installation.tick()) == [f"{study_id}:r1:a1"]


def test_a_run_that_ends_while_the_tick_looks_is_not_followed_by_another(installation, monkeypatch):
    installation.drop(clinical(50))
    (request,) = installation.tick().run_requests
    run = enter(installation, request, STARTED)
    look = runs.studies_at_work

    def end_then_look(instance):
        finish(installation, request.partition_key)
        end(installation, run, SUCCESS)
        return look(instance)

    monkeypatch.setattr(requests, "studies_at_work", end_then_look)
    assert keys(installation.tick()) == []


def test_the_same_content_twice_is_one_study_and_one_run(installation):
    installation.drop(clinical(50), "first")
    installation.drop(clinical(50), "second")
    result = installation.tick()
    assert len(result.run_requests) == 1
    installation.drop(clinical(50), "third")
    assert keys(installation.tick(result.cursor)) == []


def test_two_ticks_at_once_ask_for_one_run(installation, monkeypatch):
    installation.intake(clinical(50))
    intact = requests._request
    between = []

    def slow(stores, due):
        if not between:
            between.append(None)
            between.append(requests.plan_requests(installation.instance, installation.stores))
        return intact(stores, due)

    monkeypatch.setattr(requests, "_request", slow)
    outer = requests.plan_requests(installation.instance, installation.stores)
    assert len(outer.single) + len(between[1].single) == 1


def test_an_attempt_that_was_counted_but_never_asked_for_is_not_lost(installation):
    study_id = installation.intake(clinical(50))
    for _ in range(3):
        installation.stores.registry().next_attempt(study_id)  # the tick is killed right after
    assert keys(installation.tick()) == [f"{study_id}:r1:a3"]


def test_busy_is_read_from_the_configuration_of_a_bulk_run(installation):
    create_run_for_test(installation.instance, job_name="bulk", status=STARTED, run_config=bulk_config(["s-1", "s-2"]))
    assert runs.studies_at_work(installation.instance) == {"s-1", "s-2"}
