"""The barrier: who drops out, who goes on, what stops the study."""

import pytest

from cardio_dagster.errors import problem
from cardio_dagster.outcome import Outcome, State, Status
from cardio_dagster.pipeline.barrier import join
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.stores.checkpoints import BranchHead
from cardio_dagster_tests.pipeline.studies import recording, study


def opened(*recordings):
    return Dossier(study(*recordings)).enter(State.RECEIPT, status=Status.OK, duration_ms=1.0, peak_memory_mb=1.0)


def head(modality, status=Status.OK, *codes, start=0.0, end=1.0):
    problems = tuple(problem(c, "x", modality=modality, recording_id="r01") for c in codes)
    outcome = Outcome(State.VALIDATION, modality, status, problems, (), 1.0, 10.0)
    return BranchHead("s", 1, f"key-{modality}", outcome, start, end)


BOTH = (recording(1, modality="ecg"), recording(2, modality="echo"))


def test_all_go_on():
    joined = join(opened(*BOTH), State.VALIDATION, [head("echo"), head("ecg")])
    assert joined.state is State.VALIDATION
    assert joined.alive() == ("ecg", "echo")
    assert joined.keys == {"VALIDATION/ecg": "key-ecg", "VALIDATION/echo": "key-echo"}


def test_echo_fails_and_the_ecg_goes_on():
    joined = join(opened(*BOTH), State.VALIDATION, [head("ecg"), head("echo", Status.FAILED, "E_CORRUPT_001")])
    assert not joined.failed
    assert joined.alive() == ("ecg",)
    assert joined.trail[-1].status is Status.DEGRADED


def test_nothing_left_ends_with_the_first_grave_code():
    joined = join(opened(BOTH[1]), State.VALIDATION, [head("echo", Status.FAILED, "E_CORRUPT_001")])
    assert joined.state is State.ERROR
    assert (joined.error.code, joined.error.state) == ("E_CORRUPT_001", State.VALIDATION)
    assert [p.code for p in joined.problems] == ["E_HARD_001", "E_CORRUPT_001"]


def test_no_recognised_modality_is_hard_stop_001_and_names_each_file():
    joined = join(opened(recording(1, modality=None), recording(2, modality=None)), State.VALIDATION, [])
    assert joined.error.code == "E_HARD_001"
    assert [(p.code, p.recording_id) for p in joined.problems if p.recording_id] == [
        ("E_FORMAT_001", "r01"),
        ("E_FORMAT_001", "r02"),
    ]


@pytest.mark.parametrize("code", ["E_HARD_002", "E_HARD_003", "E_HARD_004"])
def test_hard_stop_ends_the_study_whatever_the_others_yield(code):
    joined = join(opened(*BOTH), State.VALIDATION, [head("ecg"), head("echo", Status.FAILED, code)])
    assert joined.error.code == code


def test_study_in_error_passes_unchanged():
    ended = opened(*BOTH).fail("E_HARD_004")
    assert join(ended, State.VALIDATION, []) is ended


def test_time_of_the_stage_is_from_first_start_to_last_end():
    joined = join(opened(*BOTH), State.VALIDATION, [head("ecg", start=1.0, end=3.0), head("echo", start=2.0, end=4.5)])
    assert joined.trail[-1].duration_ms == 3500.0
