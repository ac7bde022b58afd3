"""Beats that no heart makes are not measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.cycles.plausible import plausible_beats, systole_s
from cardio_dagster.modalities.echo.cycles.rhythm import ef_range_pct, select_beats

TIMES_S = np.arange(90) / 30


def beat(ed, es, ef=60, before=None, after=None, r_wave=None):
    return Beat(ed, es, 100, 100 - ef, r_wave, before, after)


@pytest.mark.parametrize(("rate", "ms"), [(60, 420), (72, 395), (100, 336)])
def test_systole_is_that_of_weissler(rate, ms):
    assert 1000 * systole_s(rate) == pytest.approx(ms, abs=0.5)


def test_the_outlier_goes_and_the_good_beat_stays():
    """A shadowed clip: systoles of 100, 400 and 167 ms with fractions of 22, 57 and 42 %."""
    seen = (beat(11, 14, 22, None, 0.37), beat(20, 32, 57, 0.37, 0.88), beat(48, 53, 42, 0.88, None))
    (kept,) = plausible_beats(seen, TIMES_S)
    assert (kept.ed, kept.es, kept.rr_before_s, kept.rr_s) == (20, 32, None, None)


def test_the_length_between_r_waves_outlives_a_beat_left_out():
    seen = (beat(0, 3, after=0.8, r_wave=0.0), beat(24, 34, before=0.8, r_wave=0.8))
    assert [b.rr_before_s for b in plausible_beats(seen, TIMES_S)] == [0.8]


def test_without_times_every_beat_stays():
    seen = (beat(11, 14),)
    assert plausible_beats(seen, None) == seen
    assert plausible_beats((), TIMES_S) == ()


@given(rate=st.floats(45, 140), share=st.floats(0.7, 1.4))
def test_a_systole_near_the_usual_one_is_kept(rate, share):
    times = np.arange(600) / 200
    cycle, length = 60 / rate, share * systole_s(rate)
    starts = [0.1, 0.1 + cycle]
    seen = tuple(beat(round(200 * s), round(200 * (s + length)), 60, None, cycle) for s in starts)
    assert len(plausible_beats(seen, times)) == 2


def test_of_two_lengths_none_is_the_usual_one():
    beats = (beat(0, 9, 60, None), beat(20, 29, 50, 0.4), beat(50, 59, 55, 1.0))
    chosen = select_beats(beats)
    assert (chosen.averaged, chosen.rhythm) == (beats, "unknown")
    assert ef_range_pct(chosen) == 10


def test_an_irregular_rhythm_may_differ():
    lengths = (None, 0.6, 1.1, 0.7, 1.0)
    beats = tuple(beat(i, i + 9, 30 + 8 * i, before) for i, before in enumerate(lengths))
    assert select_beats(beats).rhythm == "irregular"
    assert ef_range_pct(select_beats(beats)) is None
