"""Wall motion of simulated hearts, from their true masks, and the report of it."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cardio_dagster.demo.simulated_echo import simulate_truth
from cardio_dagster.demo.simulated_echo.sector import Fan
from cardio_dagster.finding import Grade
from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.motion.assess import NO_LINE, assess_motion
from cardio_dagster.modalities.echo.motion.measures import measure_motion, motion_findings
from cardio_dagster_tests.modalities.echo.motion_cases import SIZE, function_of_truth

FAN = Fan(150, np.deg2rad(40), 1.0)
SEPTAL, LATERAL = (3, 9, 14), (16, 12, 6)


@cache
def truth(lvef_pct=62.0, duration_s=1.5, seed=5, **wall_motion):
    return simulate_truth(
        seed,
        lvef_pct=lvef_pct,
        heart_rate_bpm=80,
        duration_s=duration_s,
        frame_rate_hz=25,
        wall_motion=wall_motion,
        fan=FAN,
    )


@cache
def function(**options):
    return function_of_truth(truth(**options))


@cache
def motion(**options):
    return assess_motion(function(**options))


def scores(assessed):
    return {segment.number: segment.score for segment in assessed.segments}


def test_a_healthy_heart():
    healthy = motion()
    assert scores(healthy) == {3: 1, 9: 1, 14: 1, 17: None, 16: 1, 12: 1, 6: 1}
    assert healthy.wall_motion_score_index == 1
    assert [f.code for f in motion_findings(healthy)] == ["WALL_MOTION_NORMAL"]
    assert motion_findings(healthy)[0].grade is Grade.NORMAL
    assert "one plane" in motion_findings(healthy)[0].text


@pytest.mark.parametrize("lvef_pct", [62.0, 30.0])
def test_longitudinal_shortening_is_that_of_the_true_line(lvef_pct):
    assert motion(lvef_pct=lvef_pct).gls_pct == pytest.approx(truth(lvef_pct=lvef_pct).gls_pct, abs=1.5)


def test_curves_start_at_zero_and_are_largest_near_end_systole():
    healthy = motion()
    curves = np.stack([segment.curve for segment in healthy.segments if segment.score])
    ed, es = healthy.ed_frame - 1, healthy.es_frame - 1
    assert healthy.frames[0] == ed
    assert healthy.times_s == pytest.approx(healthy.frames / 25)
    assert curves[:, 0] == pytest.approx(0)
    assert np.abs(curves.argmax(axis=1) - (es - ed)).max() <= 2
    assert curves[:, es - ed] == pytest.approx([s.excursion_pct for s in healthy.segments if s.score], abs=0.06)
    assert healthy.lines.shape == (len(healthy.frames), 85, 2)


@pytest.mark.parametrize(
    ("still", "number", "name"), [("mid_lateral", 12, "mid anterolateral wall"), ("mid_septal", 9, "mid inferoseptum")]
)
def test_an_akinetic_segment_is_found_on_its_side(still, number, name):
    regional = motion(lvef_pct=50.0, **{still: 0.0})
    assert scores(regional)[number] == 3
    other = LATERAL if number in SEPTAL else SEPTAL
    assert [scores(regional)[n] for n in other] == [1, 1, 1]
    finding = next(f for f in motion_findings(regional) if name in f.text)
    assert finding.code == f"AKINESIA_{name.replace(' ', '_').upper()}"
    assert finding.text.startswith(f"Akinesia of the {name}")
    assert finding.grade is Grade.ABNORMAL


def test_a_bulging_segment_moves_outwards():
    regional = motion(lvef_pct=47.0, mid_lateral=-0.4)
    segment = next(s for s in regional.segments if s.number == 12)
    assert segment.score == 4
    assert segment.excursion_pct < 0
    assert segment.excursion_mm < 0


def test_an_apex_at_rest():
    regional = motion(lvef_pct=48.0, apical_septal=0.0, apical_lateral=0.0)
    assert scores(regional) == {3: 1, 9: 1, 14: 3, 17: None, 16: 3, 12: 1, 6: 1}
    assert regional.wall_motion_score_index == pytest.approx(10 / 6)


@pytest.mark.parametrize("lvef_pct", [25.0, 35.0, 42.0])
def test_a_weak_heart_is_hypokinetic_all_over(lvef_pct):
    weak = motion(lvef_pct=lvef_pct)
    assert [scores(weak)[n] for n in (9, 14, 16, 12)] == [2] * 4
    assert all(s.score == 2 or "not borne out" in s.reason for s in weak.segments if s.number in (3, 6))
    (finding,) = motion_findings(weak)
    assert finding.code == "GLOBAL_HYPOKINESIA"
    assert finding.grade is Grade.ABNORMAL


def test_millimetres_need_a_spacing_and_percent_do_not():
    with_mm, without = motion(), assess_motion(replace(function(), mm_per_pixel=None))
    assert [s.excursion_pct for s in without.segments] == [s.excursion_pct for s in with_mm.segments]
    assert {s.excursion_mm for s in without.segments} == {None}
    basal = with_mm.segments[0]
    assert 2 < basal.excursion_mm < 15


def test_a_still_has_no_motion():
    still = assess_motion(replace(function(), beat=None, beats=(), no_beat_reason="a still shows no contraction"))
    assert {s.score for s in still.segments} == {None}
    assert {s.reason for s in still.segments} == {"a still shows no contraction"}
    measured = measure_motion(still)
    assert {m.value for m in measured} == {None}
    assert {m.reason for m in measured} == {"a still shows no contraction"}
    assert motion_findings(still) == ()


def test_segments_beyond_the_sector_are_left_out():
    whole = function()
    sector = np.ones((SIZE, SIZE), bool)
    lateral = motion().lines[0][60, 1]
    sector[:, int(lateral) - 2 :] = False
    cut = assess_motion(replace(whole, prepared=replace(whole.prepared, sector=sector)))
    out = next(s for s in cut.segments if s.number == 12)
    assert out.score is None
    assert out.excursion_pct is None
    assert "sector's border" in out.reason
    assert [scores(cut)[n] for n in SEPTAL] == [1, 1, 1]


def test_an_uncertain_boundary_is_left_out():
    whole = function()
    probabilities = whole.found.probabilities.copy()
    middle = int(motion().lines[0][42, 1])
    half = probabilities[..., middle:]
    half[:] = np.uint8(half * 0.35 + 255 * 0.15)
    unsure = assess_motion(replace(whole, found=replace(whole.found, probabilities=probabilities)))
    lateral = [s for s in unsure.segments if s.number in (12, 6)]
    assert all(s.score is None and "uncertain" in s.reason for s in lateral)
    assert [scores(unsure)[n] for n in (3, 9)] == [1, 1]


def test_a_contour_that_jumps_is_left_out():
    whole = function()
    labels, probabilities = whole.found.labels.copy(), whole.found.probabilities.copy()
    for frame in range(0, len(labels), 2):
        mask = (labels[frame] == 1) & (np.arange(SIZE) > motion().lines[0][60, 1] - 14)
        labels[frame][mask], probabilities[frame][:, mask] = 2, np.array([[0], [255], [0]], np.uint8)
    jumping = assess_motion(replace(whole, found=replace(whole.found, labels=labels, probabilities=probabilities)))
    reasons = [s.reason or "" for s in jumping.segments if s.number in LATERAL]
    assert any("jumps" in reason for reason in reasons)


def test_a_beat_without_a_line_has_no_motion():
    whole = function()
    labels = np.where(whole.found.labels == 3, 0, whole.found.labels).astype(np.uint8)
    probabilities = whole.found.probabilities.copy()
    probabilities[:, 2] = 0
    lost = assess_motion(replace(whole, found=replace(whole.found, labels=labels, probabilities=probabilities)))
    assert lost.reason == NO_LINE
    assert {s.reason for s in lost.segments} == {NO_LINE}


def test_a_missing_frame_is_bridged():
    whole = function()
    labels, probabilities = whole.found.labels.copy(), whole.found.probabilities.copy()
    lost = whole.beat.es - 3
    labels[lost], probabilities[lost] = 0, 0
    bridged = assess_motion(replace(whole, found=replace(whole.found, labels=labels, probabilities=probabilities)))
    assert scores(bridged) == scores(motion())
    pairs = zip(bridged.segments, motion().segments, strict=True)
    assert all(np.abs(a.curve - b.curve).max() < 4 for a, b in pairs if a.score)


def test_without_a_frame_rate_there_are_curves_and_no_times():
    whole = function()
    timing = replace(whole.prepared.timing, frame_rate_hz=None, reason="none")
    untimed = assess_motion(replace(whole, prepared=replace(whole.prepared, timing=timing)))
    assert untimed.times_s.size == 0
    assert scores(untimed) == scores(motion())


def test_a_beat_paired_with_the_diastole_after_it():
    whole = function(duration_s=2.4)
    following = whole.beats[1].ed
    late = Beat(following, whole.beat.es, whole.beat.edv, whole.beat.esv)
    assessed = assess_motion(replace(whole, beat=late, beats=(late,)))
    assert assessed.frames[0] == whole.beat.es
    assert assessed.frames[-1] == following
    assert [s.score for s in assessed.segments if s.number != 17] == [1] * 6


def test_beats_that_agree_and_beats_that_do_not():
    whole = function(duration_s=2.4)
    assert assess_motion(replace(whole, beats=whole.beats[:1])).agreement is None
    same = assess_motion(whole)
    assert (same.beats, same.agreement) == (len(whole.beats), 1.0)
    idle = Beat(whole.beats[1].ed, whole.beats[1].ed + 1, 1.0, 1.0)
    assert assess_motion(replace(whole, beats=(whole.beat, idle))).agreement == 0.0


def test_the_mirrored_display_exchanges_the_walls():
    """The stated limit: what lies on the image's left is called septal."""
    whole = function(lvef_pct=50.0, mid_lateral=0.0)
    found = replace(
        whole.found, labels=whole.found.labels[..., ::-1], probabilities=whole.found.probabilities[..., ::-1]
    )
    mirrored = assess_motion(replace(whole, found=found))
    assert scores(mirrored)[9] == 3
    assert scores(mirrored)[12] == 1


def test_measurements_carry_value_evidence_and_names():
    healthy = motion()
    measured = {m.name: m for m in measure_motion(healthy)}
    assert measured["wall_motion_score_index"].value == 1
    assert measured["wall_motion_score_index"].within_reference
    assert "6 segments" in measured["wall_motion_score_index"].evidence
    assert "speckle" in measured["gls_contour_pct"].method
    assert measured["gls_contour_pct"].value < -10
    assert measured["excursion_mid_inferoseptum_pct"].unit == "%"
    assert f"frames {healthy.ed_frame} (ED)" in measured["excursion_mid_inferoseptum_pct"].evidence
    assert "segment 17" in measured["excursion_apical_cap_pct"].reason
    assert len(measured) == 2 + 7


def test_one_hypokinetic_segment_is_a_note():
    regional = motion(lvef_pct=55.0, mid_lateral=0.4)
    (finding,) = motion_findings(regional)
    assert finding.code == "HYPOKINESIA_MID_ANTEROLATERAL_WALL"
    assert finding.grade is Grade.NOTE
    assert finding.measurements == ("wall_motion_score_index", "excursion_mid_anterolateral_wall_pct")
