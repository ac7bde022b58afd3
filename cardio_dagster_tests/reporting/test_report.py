"""build_report: what is gathered, what is left out, and what a study with next to nothing yields."""

import math
from dataclasses import replace

import pytest

from cardio_dagster.errors import CODES, problem
from cardio_dagster.finding import Analysis, Figure, Measurement
from cardio_dagster.outcome import Outcome, Severity, State, Status
from cardio_dagster.reporting.execution import stage_timings
from cardio_dagster.reporting.parts import Flag
from cardio_dagster.reporting.privacy import without_file_names
from cardio_dagster.reporting.report import StageEntry
from cardio_dagster.study import Recording
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.samples import bare


def test_the_execution_is_told_as_the_specification_does():
    run = samples.full().pipeline_execution
    assert run.states_traversed == (
        "RECEIPT", "VALIDATION", "PREPROCESSING", "DETECTION", "ANALYSIS", "FUSION", "SCORING", "FORMATTING", "COMPLETE",
    )  # fmt: skip
    assert run.branches_executed == ("clinical", "ecg", "echo")
    assert run.checkpoints_saved == 4


def test_formatting_and_the_final_state_are_added_where_the_trail_ends_before_them():
    trail = (StageEntry(State.RECEIPT, Status.OK, 1.0, 9.0),)
    assert bare(trail=trail).pipeline_execution.states_traversed == ("RECEIPT", "FORMATTING", "COMPLETE")


def test_an_error_entry_in_the_trail_is_told_once_and_has_no_timing():
    trail = (StageEntry(State.RECEIPT, Status.OK, 1.0, 9.0), StageEntry(State.ERROR, Status.FAILED, 0.0, 0.0))
    report = bare(trail=trail, error=("E_HARD_001", State.RECEIPT))
    assert report.pipeline_execution.states_traversed == ("RECEIPT", "ERROR")
    assert stage_timings(trail) == {"RECEIPT": 1.0}


def test_stage_timings_keep_the_order_of_the_states():
    trail = tuple(StageEntry(s, Status.OK, 1.0, 9.0) for s in State if State.RECEIPT <= s <= State.COMPLETE)
    assert list(stage_timings(trail)) == [s.name for s in State if State.RECEIPT <= s <= State.FORMATTING]


def test_a_stage_that_was_not_reached_has_neither_status_nor_time():
    rows = {row.state: row for row in samples.failed().stages}
    assert rows["RECEIPT"].status is Status.FAILED
    assert rows["DETECTION"].status is None


def test_a_skipped_modality_is_no_executed_branch():
    outcome = Outcome(State.DETECTION, "echo", Status.SKIPPED, (), (), 0.0, 0.0)
    assert bare("echo", outcomes=(outcome,)).pipeline_execution.branches_executed == ()


def test_a_study_with_nothing_but_an_error_still_says_what_to_do():
    report = bare(error=("E_HARD_001", State.RECEIPT))
    assert report.final_state == "ERROR"
    assert report.error is not None
    assert (report.error.code, report.error.state_reached) == ("E_HARD_001", "RECEIPT")
    assert report.error.problems[0].cure == CODES["E_HARD_001"].cure


def test_the_error_lists_every_blocking_problem_and_the_decisive_one_first():
    error = samples.failed().error
    assert error is not None
    assert [p.code for p in error.problems] == ["E_HARD_001", "E_FORMAT_001"]


def test_a_stated_decisive_problem_is_not_made_twice():
    stop = problem("E_HARD_001", "nothing to analyse", seen="0 recordings")
    warning = problem("E_QUALITY_002", "noisy")
    report = bare("ecg", study_problems=(stop, warning), error=("E_HARD_001", State.VALIDATION))
    assert report.error is not None
    assert report.error.problems == (stop,)
    assert report.problems == (stop, warning)


def test_a_problem_that_stages_carry_along_is_told_once_with_its_modality():
    noisy = problem("E_QUALITY_002", "noisy", seen="6 dB")
    outcomes = tuple(
        Outcome(s, "ecg", Status.DEGRADED, (noisy,), (), 1.0, 1.0) for s in (State.DETECTION, State.ANALYSIS)
    )
    assert bare("ecg", outcomes=outcomes).problems == (replace(noisy, modality="ecg"),)


@pytest.mark.parametrize(
    ("value", "flag"), [(51.9, Flag.LOW), (52.0, Flag.WITHIN), (72.0, Flag.WITHIN), (72.1, Flag.HIGH)]
)
def test_a_value_is_flagged_against_its_range(value, flag):
    measurement = Measurement("lvef_pct", "LVEF", value, "%", "discs", 52.0, 72.0)
    report = bare("echo", analyses=(Analysis("echo", "r01", (measurement,)),))
    assert report.measurements[0].flag is flag
    assert report.measurements[0].modality == "echo"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_becomes_null_with_a_reason(value):
    measurement = Measurement("lvef_pct", "LVEF", value, "%", "discs", 52.0, 72.0)
    reported = bare("echo", analyses=(Analysis("echo", "r01", (measurement,)),)).measurements[0]
    assert (reported.value, reported.flag) == (None, None)
    assert reported.reason == "the method returned no finite number"


def test_a_figure_with_a_script_is_left_out_and_becomes_a_problem():
    bad = Figure("x", "ECG", '<svg viewBox="0 0 1 1"><script>1</script></svg>', "d", "r01")
    report = bare("ecg", analyses=(Analysis("ecg", "r01", figures=(bad,)),))
    assert report.figures[0].svg is None
    assert "<script>" in (report.figures[0].reason or "")
    assert [(p.code, p.severity, p.recording_id) for p in report.problems] == [
        ("E_INTERNAL_001", Severity.WARNING, "r01")
    ]


def test_a_file_name_quoted_by_a_library_is_replaced_by_the_recording_id():
    leaky = problem("E_CORRUPT_001", f"cannot read drop/{samples.SURNAME}_1.dcm", seen=f"{samples.SURNAME}_1.hea ends")
    cleaned = bare("ecg", study_problems=(leaky,)).problems[0]
    assert (cleaned.message, cleaned.seen) == ("cannot read r01", "r01 ends")


def test_a_file_name_that_begins_another_does_not_leave_its_rest():
    recording = Recording("r01", "Ann.dat", "00", 1, "ecg", "wfdb", ("Ann.dat.Lee.hea",))
    study = replace(samples.study(), recordings=(recording,))
    leaky = problem("E_CORRUPT_001", "Ann.dat.Lee.hea is damaged")
    assert without_file_names((leaky,), study)[0].message == "r01 is damaged"


def test_recordings_come_without_path():
    recording = samples.full().recordings[0]
    assert (recording.recording_id, recording.modality, recording.format) == ("r01", "ecg", "dicom-waveform")
    assert not hasattr(recording, "path")
