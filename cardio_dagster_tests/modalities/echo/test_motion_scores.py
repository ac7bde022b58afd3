"""Scores from excursions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.motion.scores import NORMAL_MEAN_PCT, NORMAL_SD_PCT, score_index, score_segments


def scored(shares):
    return score_segments(NORMAL_MEAN_PCT * np.asarray(shares, float))


@pytest.mark.parametrize(
    ("share", "score"), [(1.6, 1), (1.0, 1), (0.75, 1), (0.6, 2), (0.4, 2), (0.15, 2), (0.05, 3), (-0.05, 3), (-0.2, 4)]
)
def test_a_ventricle_that_moves_alike_shares_one_score(share, score):
    result = scored([share] * 6)
    assert result.values == (score,) * 6
    assert result.alike


@pytest.mark.parametrize("place", range(1, 6))
@pytest.mark.parametrize(("share", "score"), [(0.1, 3), (-0.3, 4)])
def test_one_segment_that_stands_still_or_bulges(place, share, score):
    shares = np.ones(6)
    shares[place] = share
    expected = [1] * 6
    expected[place] = score
    assert list(scored(shares).values) == expected


def test_two_hypokinetic_segments_among_normal_ones():
    assert scored([1.1, 1.1, 1.1, 1.0, 0.45, 0.5]).values == (1, 1, 1, 1, 2, 2)


def test_differences_within_the_normal_spread_are_noise():
    """One segment one standard deviation down, another up: no finding, and none in a weak ventricle either."""
    deviation = NORMAL_SD_PCT * [1, -1, 0.5, -0.5, 1, -1]
    assert score_segments(NORMAL_MEAN_PCT + deviation).values == (1,) * 6
    assert score_segments(0.5 * NORMAL_MEAN_PCT + deviation / 2).values == (2,) * 6


def test_unscored_segments_stay_unscored_and_do_not_count():
    result = scored([1, 1, np.nan, np.nan, 0.1, 1])
    assert result.values == (1, 1, None, None, 3, 1)
    assert score_index(result.values) == pytest.approx(1.5)
    assert score_index(scored([np.nan] * 6).values) is None


def test_two_segments_are_too_few_to_be_alike():
    result = scored([np.nan, 0.65, np.nan, 0.65, np.nan, np.nan])
    assert not result.alike
    assert result.values == (None, 1, None, 1, None, None)


@given(st.lists(st.floats(-60, 90), min_size=6, max_size=6))
def test_any_excursion_has_a_score(excursion):
    values = score_segments(np.array(excursion)).values
    assert set(values) <= {1, 2, 3, 4}
    assert 1 <= score_index(values) <= 4


@given(st.floats(-0.5, 1.5), st.floats(0, 1))
def test_less_motion_never_scores_better(share, loss):
    assert scored([share - loss] * 6).values[0] >= scored([share] * 6).values[0]
