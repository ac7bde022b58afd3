"""Each class of failure in a run: how often it is tried again, what becomes of the study, what is written of it."""

import dagster as dg
import pytest

from cardio_dagster.errors import ModelHashError
from cardio_dagster.orchestration.retrying import by_taxonomy
from cardio_dagster.pipeline import retry, stages
from cardio_dagster_tests.defs.installation import numbers

SECRET = "DOE_JANE_19610203"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Let a retry follow at once."""
    monkeypatch.setattr(
        retry, "RETRY_RULES", {c: type(r)(r.attempts, 0.0, r.factor, r.jitter) for c, r in retry.RETRY_RULES.items()}
    )


def everything_said(instance, run_id):
    return "\n".join(str(entry) for entry in instance.all_logs(run_id))


def failing(times, error):
    """Return a verb that fails so often and then reads, and the options of each call."""
    from cardio_dagster_tests.pipeline.studies import beep_branch

    seen, intact = [], beep_branch().validate

    def validate(path, options):
        seen.append(options.batch_size)
        if len(seen) <= times:
            raise error
        return intact(path, options)

    return validate, seen


def retried_steps(result):
    return [e.step_key for e in result.all_events if e.event_type_value == "STEP_UP_FOR_RETRY"]


def test_lack_of_memory_is_tried_once_more_with_half_the_batch(installation, beep):
    validate, batches = failing(1, MemoryError(SECRET))
    beep(validate=validate)
    study_id = installation.intake(numbers(1))
    result = installation.run(study_id)
    assert result.success
    assert batches == [8, 4]
    assert retried_steps(result) == ["validation.validation_branch[beep]"]
    assert installation.execution(study_id)["pipeline_execution"]["retries_performed"] == 1
    assert SECRET not in everything_said(installation.instance, result.run_id)


def test_a_lost_connection_is_tried_three_times_then_coded(installation, beep):
    validate, calls = failing(99, ConnectionError(SECRET))
    beep(validate=validate)
    study_id = installation.intake(numbers(1))
    result = installation.run(study_id)
    assert len(calls) == 3
    (row,) = installation.releases(study_id)
    assert (row.status, row.code) == ("error", "E_TRANSIENT_EXHAUSTED")
    assert SECRET not in everything_said(installation.instance, result.run_id)


def test_a_wrong_model_file_stops_at_once_with_its_response(installation, beep):
    validate, calls = failing(99, ModelHashError(SECRET))
    beep(validate=validate)
    study_id = installation.intake(numbers(1))
    result = installation.run(study_id)
    assert not result.success
    assert len(calls) == 1
    assert retried_steps(result) == []
    (row,) = installation.releases(study_id)
    assert (row.status, row.code) == ("error", "E_HARD_003")
    assert installation.row(study_id).final_state == "ERROR"


def test_a_defect_is_not_tried_again_and_holds_the_report_without_its_text(installation, beep, monkeypatch):
    calls = []

    def broken(dossier):
        calls.append(dossier)
        raise KeyError(SECRET)

    monkeypatch.setattr(stages, "scoring_stage", broken)
    study_id = installation.intake(numbers(1))
    result = installation.run(study_id)
    assert result.success
    assert len(calls) == 1
    (row,) = installation.releases(study_id)
    assert (row.status, row.code) == ("held", None)
    report = installation.report(study_id)
    (met,) = [p for p in report["problems"] if p["code"] == "E_INTERNAL_001"]
    assert met["seen"].startswith("KeyError at test_retrying.py:")
    assert {s["value"] for s in report["scores"]} == {None}
    assert {s["reason"] for s in report["scores"]} == {"refused: the scores could not be computed (E_INTERNAL_001)"}
    assert SECRET not in everything_said(installation.instance, result.run_id) + str(report)


def test_a_stage_outside_the_fan_out_retries_what_is_transient(installation, beep, monkeypatch):
    intact, calls = stages.scoring_stage, []

    def shaky(dossier):
        calls.append(dossier)
        if len(calls) < 3:
            raise OSError(SECRET)
        return intact(dossier)

    monkeypatch.setattr(stages, "scoring_stage", shaky)
    study_id = installation.intake(numbers(1))
    result = installation.run(study_id)
    assert result.success
    assert retried_steps(result) == ["scoring", "scoring"]
    assert SECRET not in everything_said(installation.instance, result.run_id)


@pytest.mark.parametrize("error", [KeyError(SECRET), OSError(SECRET), MemoryError(SECRET), TimeoutError(SECRET)])
def test_no_exception_is_left_in_the_chain(error):
    for attempt in (1, 9):
        with pytest.raises((dg.Failure, dg.RetryRequested)) as caught, by_taxonomy(attempt):
            raise error
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        assert SECRET not in str(caught.value)
