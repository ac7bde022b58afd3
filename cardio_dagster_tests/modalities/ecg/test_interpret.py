"""What the parts of a reading do to each other."""

import numpy as np

from cardio_dagster.modalities.ecg.interpret import outside_sinus_untyped
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
