"""What the parts of a reading do to each other."""

import numpy as np

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.interpret import outside_sinus_untyped, with_reservation
from cardio_dagster.modalities.ecg.lead_checks import LeadChecks, LeadProblem
from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm
from cardio_dagster.modalities.ecg.rhythm.episodes import Episode
from cardio_dagster.modalities.ecg.signal import EcgStructures, WaveTimes


def structures(n):
    nothing = WaveTimes(*(np.full((n, 1), np.nan),) * 3)
    return EcgStructures(
        np.arange(n) * 1.0,
        ("N",) * n,
        np.ones(n),
        np.ones(n),
        np.ones(n),
        0.1,
        nothing,
        nothing,
        nothing,
        np.empty((0, 2)),
    )


def test_intervals_of_fibrillation_take_no_part_in_variability():
    found = structures(100)
    episodes = (Episode("sinus", 0.0, 40.0), Episode("afib", 40.0, 70.0), Episode("sinus", 70.0, 100.0))
    kinds = outside_sinus_untyped(found, Rhythm("sinus", 0.9, episodes=episodes))
    assert kinds == ("N",) * 40 + ("U",) * 30 + ("N",) * 30


def test_a_recording_without_episodes_keeps_its_types():
    found = structures(10)
    assert outside_sinus_untyped(found, Rhythm("sinus", 0.9)) == found.beat_types


def test_voltage_statements_say_when_the_leads_have_no_common_scale():
    voltage = Finding("ECG_LVH_VOLTAGE", "high voltage", Grade.NOTE, "rule", confidence=1.0)
    rate = Finding("ECG_TACHYCARDIA", "fast", Grade.NOTE, "rule", confidence=1.0)
    unscaled = LeadProblem("ECG_LEADS_SCALE", "no common scale", ("I", "II"), 0.9)
    checks = LeadChecks((unscaled,), 0.4, np.zeros(1, np.float32), 0.0)
    doubtful, plain = with_reservation((voltage, rate), checks)
    assert "no common scale" in doubtful.text
    assert doubtful.confidence is None
    assert plain == rate
    assert with_reservation((voltage,), LeadChecks((), 0.0, np.zeros(1, np.float32), 0.0)) == (voltage,)
