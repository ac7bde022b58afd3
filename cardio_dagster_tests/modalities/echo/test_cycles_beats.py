import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.cycles.beats import find_beats
from cardio_dagster.modalities.echo.cycles.curve import known_frames, smooth, smooth_known


def wave(frames: int, period: float, *, high: float = 120, low: float = 50, phase: float = 0) -> np.ndarray:
    """A volume curve that starts at end-diastole and is smallest half a period later."""
    return (high + low) / 2 + (high - low) / 2 * np.cos(2 * np.pi * (np.arange(frames) / period + phase))


def test_three_beats():
    beats = find_beats(wave(90, 30), 30.0)
    assert [(b.ed, b.es) for b in beats] == [(0, 15), (30, 45), (60, 75)]
    assert all(b.ef_pct == pytest.approx(100 * 70 / 120) for b in beats)


@settings(max_examples=30, deadline=None)
@given(factor=st.floats(0.01, 1000))
def test_ef_does_not_depend_on_the_unit(factor):
    curve = wave(70, 28)
    assert [b.ef_pct for b in find_beats(curve * factor, 30.0)] == pytest.approx(
        [b.ef_pct for b in find_beats(curve, 30.0)]
    )


def test_clip_that_ends_in_systole_counts():
    (beat,) = find_beats(wave(15, 30), 30.0)
    assert (beat.ed, beat.es) == (0, 14)


def test_end_diastole_cut_off_by_the_start_is_left_out():
    beats = find_beats(wave(80, 30, phase=0.25), 30.0)  # starts half emptied
    assert beats[0].ed > 0
    assert all(b.ef_pct == pytest.approx(100 * 70 / 120, abs=0.5) for b in beats)


def test_clip_cut_in_systole_is_paired_with_the_diastole_that_follows():
    """Half emptied on the first frame: the cut end-diastole would make a false EF of about 30 %."""
    (beat,) = find_beats(wave(32, 30, phase=0.3), 30.0)
    assert beat.ed > beat.es
    assert beat.ef_pct == pytest.approx(100 * 70 / 120, abs=0.5)


def test_unknown_frame_rate_still_yields_beats():
    assert len(find_beats(wave(90, 30), None)) == 3


@pytest.mark.parametrize(
    "curve",
    [
        wave(9, 8),
        np.full(60, 100.0),
        wave(60, 30, high=101, low=99),
        wave(10, 30),  # ends while the ventricle still empties
        wave(16, 30, phase=0.3),  # starts half emptied and ends while it still fills
        wave(12, 30, phase=0.55),  # only fills
    ],
)
def test_no_beat_is_claimed(curve):
    assert find_beats(curve, 30.0) == ()


def test_noise_does_not_make_beats():
    noisy = wave(120, 30) + np.random.default_rng(3).normal(0, 3, 120)
    assert len(find_beats(smooth(noisy, 30.0), 30.0)) == 4


def test_smoothing_fills_gaps_and_drops_outliers():
    curve = wave(60, 30)
    broken = curve.copy()
    broken[[10, 11]] = np.nan
    broken[40] = 500
    assert np.abs(smooth(broken, 30.0) - curve).max() < 8  # the curve falls by 7 from one frame to the next


def test_smoothing_does_not_overshoot_at_a_short_diastole():
    """A local parabola over 0.17 s makes the largest volume of a fast heart 2 % too large."""
    curve = np.tile([50.0, 50, 60, 85, 100, 100, 100, 85, 60], 8)
    assert smooth(curve, 30.0).max() <= 100
    assert smooth(curve, 30.0).max() == pytest.approx(100, rel=0.01)


def test_short_gaps_are_known_long_ones_are_not():
    values = np.arange(30.0)
    values[[0, 5, 6, 12, 13, 14, 15, 16]] = np.nan
    known = known_frames(values, 30.0)
    assert np.flatnonzero(~known).tolist() == [0, 12, 13, 14, 15, 16]
    assert np.isnan(smooth_known(values, 30.0)).tolist() == (~known).tolist()
    assert np.isnan(smooth_known(np.full(8, np.nan), 30.0)).all()


def test_the_longest_gap_is_a_time_and_not_a_number_of_frames():
    values = np.arange(40.0)
    values[10:15] = np.nan
    assert not known_frames(values, 30.0)[12]
    assert known_frames(values, 60.0)[12]


def test_a_beat_that_ends_with_the_clip_yields_to_whole_ones():
    beats = find_beats(wave(75, 30), 30.0)  # the third end-systole is the last frame
    assert [(b.ed, b.es) for b in beats] == [(0, 15), (30, 45)]


def test_a_second_systole_that_the_clip_cuts_short_is_not_taken():
    """As in the 30-frame public clip: cut systole, filling, ejection that ends early."""
    (beat,) = find_beats(wave(33, 30, phase=0.3), 30.0)
    assert (beat.es, beat.ed) == (6, 21)
