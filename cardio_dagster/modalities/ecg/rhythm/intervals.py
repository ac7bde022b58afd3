"""How irregular the intervals between beats are, and whether extrasystoles explain it.

Belongs here: numbers from times and types of beats. Not here: P waves or the signal (atrial.py), or any decision (classify.py).
"""

import numpy as np

INTERVAL_FEATURES = (
    "log_rr_s",
    "irregularity",
    "all_change",
    "usual_change",
    "spread",
    "median_filtered_change",
    "entropy",
    "turning_points",
    "over_50_ms",
    "over_10_pct",
    "change_lag_1",
    "rr_lag_1",
    "rr_lag_2",
    "occupied",
    "at_origin",
    "regular_share",
    "bigeminy",
    "early_share",
    "without_early_change",
    "p10",
    "p90",
    "v_share",
    "s_share",
)
MIN_BEATS = 4
_PAUSE_S = 2.0
_CELL_S = (
    0.04  # of the plane of successive changes; Sarkar et al. 2008 (10.1109/TBME.2007.903707) use 25 ms on long windows
)
_ENTROPY_TOLERANCE = 0.06  # of the median interval


def irregularity_of(beat_time_s: np.ndarray, kinds: np.ndarray) -> float | None:
    """Return the root mean square change from one RR interval to the next over the mean interval; None with fewer than two changes.

    Intervals beside an extrasystole or beyond 2 s (a pause, or a lost signal) are left out; a change counts up to half an interval.
    """
    rr_s = beat_time_s[1:] - beat_time_s[:-1]
    early = (kinds == "V") | (kinds == "S")
    clean = ~early[:-1] & ~early[1:] & (rr_s <= _PAUSE_S)
    pairs = clean[:-1] & clean[1:]
    change = (rr_s[1:] - rr_s[:-1])[pairs]
    if len(change) < 2:
        return None
    relative = np.clip(change * (len(rr_s) / float(rr_s.sum())), -0.5, 0.5)
    return _rms(relative)


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(values @ values / len(values)))


def _share(mask: np.ndarray) -> float:
    return float(np.count_nonzero(mask) / len(mask))


def _rank(values: np.ndarray, part: float) -> float:
    """Return the value at `part` (0 to 1) of the sorted ones; several times quicker than np.percentile on a few beats."""
    return float(np.sort(values)[round(part * (len(values) - 1))])


def interval_features(beat_time_s: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return the numbers named in INTERVAL_FEATURES, NaN where there are too few beats for one.

    `beat_time_s` (n,) ascending with at least four beats, `kinds` (n,) the beat letters. All but the first have no unit:
    intervals are divided by their median, so that fast and slow rhythms compare.
    """
    rr_s = beat_time_s[1:] - beat_time_s[:-1]
    usual_s = _rank(rr_s, 0.5)
    rr = np.clip(rr_s / usual_s, 0.2, 2.5)
    change = np.clip(rr[1:] - rr[:-1], -0.5, 0.5)
    size = np.abs(change)
    irregularity = irregularity_of(beat_time_s, kinds)
    early_share, calm_change = _without_early(rr)
    return np.array(
        [
            np.log(usual_s),
            np.nan if irregularity is None else irregularity,
            _rms(change),
            _rank(size, 0.5),
            _rank(np.abs(rr - 1.0), 0.5),
            _median_filtered_change(rr),
            _entropy(rr),
            _turning_points(rr),
            _share(size * usual_s > 0.05),
            _share(size > 0.1),
            _correlation(change, 1),
            _correlation(rr, 1),
            _correlation(rr, 2),
            *_plane(change * usual_s),
            _share(np.abs(rr - 1.0) < 0.07),
            _bigeminy(rr),
            early_share,
            calm_change,
            _rank(rr, 0.1),
            _rank(rr, 0.9),
            _share(kinds == "V"),
            _share(kinds == "S"),
        ]
    )


def _correlation(values: np.ndarray, lag: int) -> float:
    """Return the autocorrelation at `lag`: near 1 for a slow wave of breathing, near -0.5 for changes in fibrillation."""
    if len(values) < lag + 4:
        return np.nan
    away = values - values.sum() / len(values)
    return float((away[lag:] @ away[:-lag]) / max(float(away @ away), 1e-4))


def _median_filtered_change(rr: np.ndarray) -> float:
    """Return the change left after a running median of three, which takes single extrasystoles away."""
    if len(rr) < 4:
        return np.nan
    middle = np.sort(np.stack((rr[:-2], rr[1:-1], rr[2:])), axis=0)[1]
    return _rms(np.clip(middle[1:] - middle[:-1], -0.5, 0.5))


def _entropy(rr: np.ndarray) -> float:
    """Return the sample entropy of order 1, counted with half a match more so that short records stay finite.

    Lake and Moorman 2011 (10.1152/ajpheart.00561.2010) use 30 ms and vary it; here it is 6 % of the median interval.
    """
    near = np.abs(rr[:, None] - rr[None, :]) < _ENTROPY_TOLERANCE
    itself = len(rr) - 1
    one = np.count_nonzero(near[:-1, :-1]) - itself
    two = np.count_nonzero(near[:-1, :-1] & near[1:, 1:]) - itself
    return float(-np.log((two + 0.5) / (one + 1.0)))


def _turning_points(rr: np.ndarray) -> float:
    """Return the part of the inner intervals that are a local extreme; two thirds in a random sequence."""
    if len(rr) < 4:
        return np.nan
    change = rr[1:] - rr[:-1]
    return _share((change[:-1] * change[1:] < 0) & (np.abs(change[:-1]) > 0.01))


def _plane(change_s: np.ndarray) -> tuple[float, float]:
    """Return how many cells of the plane of successive changes are occupied per point, and the part of points at its origin."""
    if len(change_s) < 2:
        return np.nan, np.nan
    cells = np.round(change_s / _CELL_S).astype(int)
    pairs = cells[:-1] * 1000 + cells[1:]
    return len(set(pairs.tolist())) / len(pairs), _share(pairs == 0)


def _bigeminy(rr: np.ndarray) -> float:
    """Return the change over two intervals, over that over one: near 0 where long and short alternate."""
    if len(rr) < 4:
        return np.nan
    over_two = float(np.abs(rr[2:] - rr[:-2]).sum()) / (len(rr) - 2)
    over_one = float(np.abs(rr[1:] - rr[:-1]).sum()) / (len(rr) - 1)
    return (over_two + 0.005) / (over_one + 0.005)


def _without_early(rr: np.ndarray) -> tuple[float, float]:
    """Return the part of early intervals (followed by a later one), and the change without them and their successors."""
    early = np.zeros(len(rr), dtype=bool)
    early[:-1] = (rr[:-1] < 0.88) & (rr[1:] > 1.12 * rr[:-1])
    kept = ~early
    kept[1:] &= ~early[:-1]
    pairs = kept[:-1] & kept[1:]
    if np.count_nonzero(pairs) < 2:
        return _share(early), np.nan
    return _share(early), _rms(np.clip((rr[1:] - rr[:-1])[pairs], -0.5, 0.5))
