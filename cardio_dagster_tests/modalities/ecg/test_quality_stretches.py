"""When in each lead something is wrong: seconds joined, few, and none left out."""

import numpy as np
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cardio_dagster.modalities.ecg.quality.stretches import MOST, FlawStretch, flaw_stretches
from cardio_dagster.modalities.ecg.signal import EcgQuality, Flaw, LeadQuality


def quality(flags, *, second_s=1.0):
    flags = np.asarray(flags, dtype=np.int16)
    leads = tuple(LeadQuality(f"lead {i}", "limited", 0.0, 0.0, 0.0, None) for i in range(flags.shape[1]))
    return EcgQuality("limited", leads, flags, second_s)


def test_neighbouring_seconds_are_one_stretch_and_flaws_stand_side_by_side():
    flat, both = Flaw.FLAT.value, (Flaw.FLAT | Flaw.LEAD_OFF).value
    got = flaw_stretches(quality(np.array([[0, 0], [flat, 0], [both, 0], [0, 0], [flat, 0]])))
    assert got == {
        "lead 0": (
            FlawStretch("flat", 1.0, 3.0, 1.0),
            FlawStretch("lead_off", 2.0, 3.0, 1.0),
            FlawStretch("flat", 4.0, 5.0, 1.0),
        ),
        "lead 1": (),
    }


def test_times_are_those_of_the_exact_second():
    (got,) = flaw_stretches(quality(np.full((3600, 1), Flaw.MAINS.value), second_s=1.001))["lead 0"]
    assert (got.start_s, got.end_s) == (0.0, 3603.6)


def test_a_day_of_noise_that_comes_and_goes_is_a_short_list():
    flags = np.zeros((86_400, 3), np.int16)
    flags[::3, :] = 511  # every flaw in every third second
    flags[40_000:44_000, 1] = 0
    got = flaw_stretches(quality(flags))
    assert {len(stretches) for stretches in got.values()} == {MOST * len(Flaw)}
    assert not [s for s in got["lead 1"] if s.start_s < 42_000 < s.end_s], "an hour without any flaw stays one"
    assert 0.3 < min(s.fraction for s in got["lead 0"]) < 0.4


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
@hypothesis_settings(max_examples=30, deadline=None)
def test_every_flawed_second_lies_in_exactly_one_stretch(seed, share):
    there = np.random.default_rng(seed).random(600) < share
    got = flaw_stretches(quality(there[:, None] * Flaw.MUSCLE.value))["lead 0"]
    covered = np.zeros(600, int)
    for s in got:
        inside = slice(int(s.start_s), int(s.end_s))
        assert there[inside][[0, -1]].all(), "a stretch begins and ends with the flaw"
        assert s.fraction == round(float(there[inside].mean()), 4)
        covered[inside] += 1
    assert (covered[there] == 1).all()
    assert covered.max() <= 1
    assert len(got) <= MOST
