"""What one sign alone makes of a segment is not believed."""

import numpy as np
import pytest

from cardio_dagster.finding import Grade
from cardio_dagster.modalities.echo.motion.measures import motion_findings
from cardio_dagster.modalities.echo.motion.support import contradicted, is_confirmed, why_basal_unscored
from cardio_dagster_tests.modalities.echo.test_motion_assess import motion, scores

HEALTHY = np.array([20.0, 33.0, 35.0, 38.0, 36.0, 29.0])
STILL_BASE = np.array([4.0, 33.0, 35.0, 38.0, 36.0, 29.0])
STILL_SEPTUM = np.array([4.0, 6.0, 35.0, 38.0, 36.0, 29.0])
THICKENS, THIN = np.full(6, 25.0), np.array([2.0, 3.0, 25.0, 25.0, 25.0, 25.0])


@pytest.mark.parametrize(("excursions", "thickening", "lacking"), [
    ([STILL_BASE], [THIN], "a second beat or the segment above it"),
    ([STILL_BASE, STILL_BASE], [THIN, THIN], "the segment above it"),
    ([STILL_SEPTUM, STILL_SEPTUM], [THICKENS, THICKENS], "the thickening of its wall"),
    ([STILL_SEPTUM, HEALTHY, HEALTHY], [THIN] * 3, "a second beat or the segment above it"),
    ([HEALTHY, STILL_SEPTUM, STILL_SEPTUM], [THICKENS] * 3, "the thickening of its wall"),
])  # fmt: skip
def test_a_weak_basal_segment_needs_every_sign(excursions, thickening, lacking):
    reasons = why_basal_unscored(np.array(excursions), np.array(thickening))
    assert reasons[0].endswith(f"borne out by {lacking}")
    assert reasons[1:] == (None,) * 5


def test_with_every_sign_it_is_scored_and_so_is_a_healthy_one():
    assert why_basal_unscored(np.array([STILL_SEPTUM] * 2), np.array([THIN] * 2)) == (None,) * 6
    assert why_basal_unscored(np.array([HEALTHY]), np.array([THIN])) == (None,) * 6


def test_beats_contradict_or_confirm():
    beats = np.array([STILL_SEPTUM, HEALTHY, HEALTHY])
    assert contradicted(beats).tolist() == [True, True, False, False, False, False]
    assert not contradicted(beats[:1]).any()
    assert not is_confirmed(beats).any()
    assert is_confirmed(np.array([STILL_SEPTUM] * 2)).tolist() == [True, True, False, False, False, False]


def test_a_segment_seen_weak_in_one_beat_is_a_note():
    one = motion(lvef_pct=50.0, duration_s=1.1, mid_lateral=0.0)
    assert one.beats == 1
    finding = next(f for f in motion_findings(one) if "mid anterolateral" in f.text)
    assert finding.grade is Grade.NOTE
    assert "seen in one beat only" in finding.text


def test_a_segment_weak_in_several_beats_is_abnormal_and_the_thickening_base_beside_it_unscored():
    """The simulated wall keeps its volume: it thickens although it does not move, which speaks against the base."""
    several = motion(lvef_pct=45.0, duration_s=2.4, basal_lateral=0.0, mid_lateral=0.0)
    assert several.beats > 1
    assert scores(several)[12] == 3
    assert scores(several)[6] is None
    (finding,) = (f for f in motion_findings(several) if "mid anterolateral" in f.text)
    assert finding.grade is Grade.ABNORMAL
