"""What is released, and what is held for a person to decide."""

from dataclasses import replace

import pytest

from cardio_dagster.errors import problem
from cardio_dagster.outcome import Gate, Outcome, Severity, State, Status
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.stages import release_decision
from cardio_dagster_tests.pipeline.studies import recording, study

GOOD = Outcome(State.VALIDATION, "ecg", Status.OK, (), (), 1.0, 1.0)
GATE = Gate("ecg_noise", "1", "noise", "mV", maximum=0.1)


def decide(*outcomes, **changes):
    return release_decision(replace(Dossier(study(recording(1, modality="ecg"))), outcomes=outcomes, **changes))


def test_study_without_any_loss_is_released():
    assert decide(GOOD).status is ReleaseStatus.RELEASED


def test_failed_gate_holds_and_is_named():
    held = decide(replace(GOOD, verdicts=(GATE.judge(0.3, modality="ecg", recording_id="r01"),)))
    assert held.status is ReleaseStatus.HELD
    assert "ecg_noise" in held.reasons[0]


def test_one_lost_recording_beside_a_good_one_holds():
    lost = problem("E_CORRUPT_001", "cut", modality="ecg", recording_id="r02")
    held = decide(replace(GOOD, status=Status.DEGRADED, problems=(lost,)))
    assert (held.status, held.reasons) == (ReleaseStatus.HELD, ("E_CORRUPT_001 ecg r02",))


def test_what_intake_left_out_holds():
    held = decide(GOOD, study_problems=(problem("E_INTAKE_005", "empty"),))
    assert (held.status, held.reasons) == (ReleaseStatus.HELD, ("E_INTAKE_005",))


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.WARNING])
def test_a_note_on_a_recording_does_not_hold(severity):
    noted = problem("E_QUALITY_002", "x", severity=severity, modality="ecg", recording_id="r01")
    assert decide(replace(GOOD, problems=(noted,))).status is ReleaseStatus.RELEASED
