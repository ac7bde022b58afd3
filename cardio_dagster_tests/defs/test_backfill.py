"""Backfills: which studies are stale and why, and that no report that stands is changed by one."""

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from cardio_dagster.audit.retention.stored import StorePlaces
from cardio_dagster.audit_contents import ModalityPassed, StagePassed
from cardio_dagster.audit_record import Kind
from cardio_dagster.defs import backfill as upkeep
from cardio_dagster.orchestration import staleness
from cardio_dagster.orchestration.queues import queue_of_tags
from cardio_dagster.orchestration.reviewing import review_store
from cardio_dagster.orchestration.staleness import Chosen, count_reasons, find_stale, reasons
from cardio_dagster.outcome import State
from cardio_dagster.stores.basis import parts_of
from cardio_dagster.stores.ledger import decode
from cardio_dagster_tests.defs.installation import bad, clinical


@pytest.fixture
def raise_version(monkeypatch):
    """Return a function that puts another version of FORMATTING in force, for what is judged."""

    def put(version, state=State.FORMATTING):
        monkeypatch.setattr(staleness, "STAGE_VERSIONS", {**staleness.STAGE_VERSIONS, state: version})

    return put


def backfill(installation, **config):
    job = installation.definitions.resolve_job_def("backfill_studies")
    chosen = {"ops": {"make_anew": {"config": config}}}
    return job.execute_in_process(instance=installation.instance, run_config=chosen, raise_on_error=False)


def told(installation):
    records = installation.stores.ledger().records(kinds=(Kind.ACCESS_MADE,))
    return [decode(record).outcome.split(";")[0] for record in records]


def files(installation, study_id):
    folder = Path(installation.releases(study_id)[0].report_path)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def done(installation, write, name="drop"):
    study_id = installation.intake(write, name)
    installation.run(study_id)
    return study_id


def passed(stage, **given):
    return StagePassed(stage, "A", "B", "OK", "run", "study", given.pop("code", "1"), "v", "config", **given)


def test_a_basis_names_the_last_version_of_each_stage_and_only_its_own_modalities():
    ecg = ModalityPassed("ecg", "ok", reused=False, code_version="7", models="abc")
    made = parts_of(
        [passed("analysis", code="1 ecg-6 echo-3"), passed("analysis", code="2 ecg-7 echo-3", modalities=(ecg,))],
        {"config": {"parameter/score2_region": "low"}},
    )
    assert made == {"stage/analysis": "2", "code/ecg": "7", "models/ecg": "abc", "parameter/score2_region": "low"}


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({"a": "1", "b": "2"}, ()),
        ({"a": "2", "b": "2"}, ("a",)),
        ({"a": "1"}, ("b",)),
        ({"a": "1", "b": "2", "c": "3"}, ()),
    ],
)
def test_what_differs_is_the_reason_and_what_it_was_made_without_is_none(now, why):
    assert reasons({"a": "1", "b": "2"}, now) == why


def test_stale_studies_are_counted_by_reason_and_a_dry_run_changes_nothing(installation, raise_version):
    one = done(installation, clinical(50))
    assert find_stale(installation.stores, Chosen()) == ()
    raise_version("99")
    (stale,) = find_stale(installation.stores, Chosen())
    assert (stale.study_id, stale.reasons) == (one, ("stage/report",))
    assert count_reasons((stale,)) == {"stage/report": 1}
    records = len(list(installation.stores.ledger().records()))
    assert backfill(installation, dry_run=True).success
    assert len(list(installation.stores.ledger().records())) == records
    assert len(find_stale(installation.stores, Chosen())) == 1


def test_the_choice_narrows(installation, raise_version):
    done(installation, clinical(50))
    raise_version("99")
    find = lambda **chosen: len(find_stale(installation.stores, Chosen(**chosen)))  # noqa: E731
    assert (find(stage="report"), find(stage="fusion")) == (1, 0)
    assert (find(state="COMPLETE"), find(state="ERROR")) == (1, 0)
    assert (find(until=date(2000, 1, 1)), find(since=date(2000, 1, 1))) == (0, 1)
    assert (find(source="nobody"), find(model="no such model")) == (0, 0)
    with pytest.raises(ValueError, match="no stage 'x'; use receipt"):
        find(stage="x")
    with pytest.raises(ValueError, match="use COMPLETE or ERROR"):
        find(state="x")


def test_what_says_the_same_leaves_a_record_and_nothing_else(installation, raise_version):
    one = done(installation, clinical(50))
    before = files(installation, one)
    raise_version("99")
    assert backfill(installation).success
    assert files(installation, one) == before
    assert told(installation) == ["same bytes"]
    assert find_stale(installation.stores, Chosen()) == (), "the next night does not repeat it"


def test_what_differs_waits_for_a_person_and_the_report_stands(installation, raise_version):
    one = done(installation, clinical(50))
    path = Path(installation.releases(one)[0].report_path) / "report.json"
    path.write_bytes(path.read_bytes().replace(b"years", b"yearz"))
    before, reasons_before = files(installation, one), installation.releases(one)[0].reasons
    raise_version("99")
    assert backfill(installation).success
    assert files(installation, one) == before
    assert told(installation) == ["differs, waits for a person"]
    (item,) = review_store(installation.stores).worklist()
    assert item.study_id == one
    assert any("made anew, the report differs in" in reason for reason in item.reasons)
    assert set(reasons_before) <= set(item.reasons), "what it was held for is still told"
    places = StorePlaces(Path(installation.stores.store_dir), installation.stores.checkpoint_url)
    assert "proposals/r1/report.html" in {file.name for file in places.files(one)}, "a purge would find it"


def test_an_error_response_goes_through_the_bulk_door(installation, raise_version):
    one = done(installation, bad(1))
    raise_version("99", State.RECEIPT)
    assert [found.status for found in find_stale(installation.stores, Chosen())] == ["error"]
    assert backfill(installation).success
    assert installation.row(one).final_state == "ERROR"
    assert find_stale(installation.stores, Chosen()) == ()


def test_its_runs_go_into_the_queue_of_backfills(installation):
    job = installation.definitions.resolve_job_def("backfill_studies")
    assert queue_of_tags(job.tags, job.name) == "backfill"


@pytest.mark.parametrize(
    ("priority", "is_done", "waited_s"),
    [("stat", False, 300), ("urgent", False, 300), (None, False, 0), ("stat", True, 0)],
)
def test_it_gives_way_to_an_urgent_study_and_not_for_ever(installation, monkeypatch, priority, is_done, waited_s):
    study_id = installation.intake(clinical(50, priority))
    if is_done:
        installation.run(study_id)
    slept = []
    clock = SimpleNamespace(monotonic=lambda: float(len(slept)), sleep=slept.append)
    monkeypatch.setattr(upkeep, "time", clock)
    upkeep._give_way(installation.stores)
    assert sum(slept) == waited_s


def test_it_tells_how_far_it_is_after_each_chunk(installation, raise_version, monkeypatch):
    monkeypatch.setattr(upkeep, "CHUNK", 1)
    for number in (1, 2):
        done(installation, bad(number), f"drop{number}")
    raise_version("99", State.RECEIPT)
    result = backfill(installation)
    logs = installation.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    far = [log.dagster_event.engine_event_data.metadata for log in logs if "a minute" in (log.message or "")]
    assert [(found["done"].value, found["of"].value, found["given_back"].value) for found in far] == [
        (1, 2, 0),
        (2, 2, 0),
    ]
    assert far[0]["minutes_left"].value > far[1]["minutes_left"].value == 0


def test_what_its_time_does_not_suffice_for_is_left_for_the_next_one(installation, raise_version):
    done(installation, bad(1))
    raise_version("99", State.RECEIPT)
    assert backfill(installation, max_minutes=0.0).success
    assert len(find_stale(installation.stores, Chosen())) == 1
    assert told(installation) == []
