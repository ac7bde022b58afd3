"""Which source of beats is used, which beats may be relied on, which are averaged."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.clip import RWaves
from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.cycles.curve import known_frames, smooth
from cardio_dagster.modalities.echo.cycles.find import FROM_CURVE, find_cycles, frame_times_s
from cardio_dagster.modalities.echo.cycles.rhythm import rate_bpm, representative, select_beats
from cardio_dagster_tests.modalities.echo.hearts import prepared_clip, volume_curve

ATRIAL_FIBRILLATION = (0.62, 0.95, 0.7, 1.1, 0.66, 0.88, 1.02, 0.6)


def cycles_of(volumes, rate_hz=30.0, r_waves=(), step=1):
    clip = prepared_clip(len(volumes), 1.0, rate_hz)
    clip = replace(clip, r_waves=RWaves(np.array(r_waves, float), "trace", None))
    clip = replace(clip, frame_indices=(np.arange(len(volumes)) * step).astype(np.int32))
    measured = np.isfinite(volumes)
    return find_cycles(smooth(volumes, rate_hz), measured, known_frames(volumes, rate_hz), clip)


def test_every_beat_of_a_regular_clip():
    volumes, _, ed, es, _ = volume_curve([0.8] * 4, [60] * 4, 110, 30.0)
    found = cycles_of(volumes)
    assert [b.ed for b in found.beats] == pytest.approx(ed, abs=2)
    assert [b.es for b in found.beats] == pytest.approx(es, abs=2)
    assert (found.rhythm, found.source, found.note) == ("regular", FROM_CURVE, None)
    assert found.averaged == found.beats
    assert found.image_rate_bpm == pytest.approx(75, rel=0.01)
    assert found.r_wave_rate_bpm is None


@settings(max_examples=20, deadline=None)
@given(cycle=st.floats(0.55, 1.3), rate=st.sampled_from([25.0, 30.0, 50.0]), start=st.floats(0, 0.5))
def test_heart_rate_from_the_images_is_finer_than_a_frame(cycle, rate, start):
    volumes, *_ = volume_curve([cycle] * 4, [55] * 4, 110, rate, start)
    assert cycles_of(volumes, rate).image_rate_bpm == pytest.approx(60 / cycle, rel=0.02)


def test_r_waves_lead_where_the_file_has_them():
    lengths = [0.8, 0.85, 0.8]
    volumes, _, ed, es, onsets = volume_curve(lengths, [60] * 3, 110, 30.0)
    found = cycles_of(volumes, r_waves=onsets)
    assert found.source == "R waves (trace)"
    assert [b.ed for b in found.beats] == pytest.approx(ed, abs=2)
    assert [b.es for b in found.beats] == pytest.approx(es, abs=2)
    assert [b.r_wave_s for b in found.beats] == pytest.approx(onsets[:-1])
    assert [b.rr_s for b in found.beats] == pytest.approx(lengths)
    assert found.r_wave_rate_bpm == pytest.approx(60 / 0.8, rel=0.01)


def test_r_waves_count_from_the_first_frame_of_the_file_in_a_thinned_clip():
    volumes, _, _, _, onsets = volume_curve([0.8] * 3, [60] * 3, 110, 60.0)
    found = cycles_of(volumes[::2], 30.0, onsets, step=2)
    assert [b.ed for b in found.beats] == pytest.approx(onsets[:-1] * 30, abs=2)
    clip = replace(prepared_clip(3, 1.0, 30.0), frame_indices=np.array([0, 2, 4], np.int32))
    assert frame_times_s(clip) == pytest.approx([0, 1 / 30, 2 / 30])


def test_t_waves_taken_for_r_waves_are_not_believed():
    volumes, _, _, _, onsets = volume_curve([0.9] * 3, [60] * 3, 110, 30.0)
    found = cycles_of(volumes, r_waves=np.sort([*onsets, *(onsets[:-1] + 0.35)]))
    assert found.source == FROM_CURVE
    assert "apart" in found.note
    assert len(found.beats) == 3


def test_a_trace_that_does_not_start_with_the_images_is_not_believed():
    volumes, _, _, _, onsets = volume_curve([0.9] * 3, [60] * 3, 110, 30.0)
    found = cycles_of(volumes, r_waves=onsets + 0.33)
    assert found.source == FROM_CURVE
    assert "not full" in found.note


def test_cycles_cut_by_the_clip_are_left_out():
    volumes, _, _, _, onsets = volume_curve([0.8] * 4, [60] * 4, 110, 30.0)
    cut = volumes[6:80]  # starts in systole, ends in the fourth systole
    for waves in ((), onsets - 6 / 30):
        found = cycles_of(cut, r_waves=waves)
        assert [b.ed for b in found.beats] == pytest.approx([18, 42], abs=2), waves
        assert all(b.ef_pct == pytest.approx(60, abs=1.5) for b in found.beats)


def test_every_beat_of_atrial_fibrillation_has_its_own_length_and_fraction():
    efs = [35 + 30 * (before - 0.5) for before in (0.8, *ATRIAL_FIBRILLATION[:-1])]
    volumes, _, _ed, _, onsets = volume_curve(ATRIAL_FIBRILLATION, efs, 120, 40.0)
    for waves in ((), onsets):
        found = cycles_of(volumes, 40.0, waves)
        assert found.rhythm == "irregular"
        assert len(found.beats) == 8
        assert [b.ef_pct for b in found.beats] == pytest.approx(efs, abs=2)
        assert [b.rr_before_s for b in found.beats[1:]] == pytest.approx(ATRIAL_FIBRILLATION[:-1], abs=0.06)
        assert found.image_rate_bpm == pytest.approx(60 / np.mean(ATRIAL_FIBRILLATION[:-1]), rel=0.02)


def beats_after(*before_s, efs=None):
    efs = efs or [60] * len(before_s)
    return tuple(Beat(i, i, 100, 100 - ef, None, b, None) for i, (b, ef) in enumerate(zip(before_s, efs, strict=True)))


def test_an_early_beat_and_the_one_after_its_pause_are_not_averaged():
    beats = beats_after(None, 0.8, 0.8, 0.5, 1.1, 0.8, 0.8, efs=[60, 60, 60, 30, 75, 60, 60])
    chosen = select_beats(beats)
    assert chosen.rhythm == "ectopic"
    assert [b.ef_pct for b in chosen.averaged] == [60] * 5
    assert "beat 4, 5" in chosen.left_out


def test_the_beat_after_an_early_one_without_a_pause_is_averaged():
    chosen = select_beats(beats_after(None, 0.8, 0.5, 0.8, 0.8))
    assert len(chosen.averaged) == 4


@pytest.mark.parametrize("before", [(None,), (None, 0.8), ()])
def test_too_few_lengths_leave_every_beat(before):
    beats = beats_after(*before)
    assert select_beats(beats).averaged == beats
    assert select_beats(beats).rhythm == "unknown"


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0.3, 2)), min_size=1, max_size=12))
def test_something_is_always_averaged(lengths):
    chosen = select_beats(beats_after(*lengths))
    assert chosen.averaged
    assert (chosen.left_out is None) == (len(chosen.averaged) == len(lengths))


def test_rate_of_an_irregular_rhythm_is_that_of_the_mean():
    assert rate_bpm([0.5, 0.5, 1.0], "regular") == pytest.approx(120)
    assert rate_bpm([0.5, 0.5, 1.0], "irregular") == pytest.approx(90)
    assert rate_bpm([], "regular") is None


def test_the_beat_to_show_is_the_one_nearest_to_the_mean():
    assert representative(beats_after(None, 1, 1, efs=[70, 50, 61])).ef_pct == 61


def test_beats_on_uncertain_frames_are_dropped():
    volumes, _, _, es, _ = volume_curve([0.8] * 4, [60] * 4, 110, 30.0)
    gap = volumes.copy()
    gap[es[1] - 3 : es[1] + 4] = np.nan  # 7 frames: the second end-systole is not seen
    found = cycles_of(gap)
    assert [b.es for b in found.beats] == pytest.approx([es[0], es[2], es[3]], abs=2)
    assert "1 beats rest on uncertain frames" in found.note
    assert all(length is None or length < 1 for length in (b.rr_s for b in found.beats))
    assert found.image_rate_bpm == pytest.approx(75, rel=0.02)


def test_a_single_uncertain_frame_moves_end_systole_by_one():
    volumes, _, _, _es, _ = volume_curve([0.8] * 3, [60] * 3, 110, 30.0)
    whole = cycles_of(volumes)
    volumes[whole.beats[1].es] = np.nan
    found = cycles_of(volumes)
    assert len(found.beats) == 3
    assert np.isfinite(volumes[[b.es for b in found.beats]]).all()
    assert found.beats[1].ef_pct == pytest.approx(60, abs=2)


def test_without_a_frame_rate_there_are_beats_but_no_times():
    volumes, _, _, _, onsets = volume_curve([0.8] * 3, [60] * 3, 110, 30.0)
    found = cycles_of(volumes, None, onsets)
    assert len(found.beats) == 3
    assert found.source == FROM_CURVE
    assert found.image_rate_bpm is None
    assert all(b.rr_s is None and b.r_wave_s is None for b in found.beats)


def test_backwards_in_time_nothing_breaks():
    volumes, _, _, _, onsets = volume_curve([0.8] * 3, [60] * 3, 110, 30.0)
    cycles_of(volumes[::-1], r_waves=onsets)


def test_a_still_has_no_beats():
    found = cycles_of(np.array([100.0]), 30.0)
    assert (found.beats, found.beat, found.image_rate_bpm) == ((), None, None)
