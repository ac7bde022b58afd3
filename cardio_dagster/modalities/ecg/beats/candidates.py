"""Where beats may be: peaks of the joined slope, and a first guess by rules which of them are beats.

Belongs here: candidates, the first guess, positions of peaks. Not here: the decision (find.py) or features (features.py).
Positions are in samples of the working signal.
"""

import numpy as np

from cardio_dagster.modalities.ecg.beats.signal import Working, edged, smooth

REFRACTORY_S = 0.2  # no two ventricular depolarisations lie closer
_APART_S = 0.1  # two candidates
_LOWEST = 0.12  # of the local level
_ACCEPT = 0.42
_SEARCH_BACK = 0.18
_T_WAVE_S = 0.36
_T_WAVE = 0.6  # a T wave is lower than this part of its QRS


def candidates(working: Working) -> np.ndarray:
    """Return the peaks of the joined slope energy that are highest within 100 ms and not negligible, ascending."""
    energy = working.energy
    reach = max(1, round(_APART_S * working.rate_hz))
    highest = _sliding_maximum(energy, reach)
    is_peak = (energy >= highest) & (energy > _LOWEST)
    is_peak[1:] &= ~is_peak[:-1]  # of equal neighbours the first
    return np.flatnonzero(is_peak)


def first_guess(time_s: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Return a boolean per candidate: which are beats as far as height and distance tell.

    High ones are, unless a higher one lies within 200 ms or a much higher one up to 360 ms before; lower ones are fetched back
    where a beat is overdue. After Pan and Tompkins 1985 (10.1109/TBME.1985.325532), but the level comes from both
    sides of a beat instead of its past alone.
    """
    guess = apart(time_s, np.where(height >= _ACCEPT, height, 0.0), least_s=REFRACTORY_S)
    before = highest_within(time_s, np.where(guess, height, 0.0), -_T_WAVE_S, -0.01)
    guess &= height >= _T_WAVE * before
    if guess.sum() < 3:
        return guess
    previous_s, next_s, usual_s = neighbours(time_s, guess)
    overdue = ~guess & (height >= _SEARCH_BACK) & (next_s - previous_s > 1.6 * usual_s)
    overdue &= (time_s - previous_s > np.maximum(_T_WAVE_S, 0.55 * usual_s)) & (next_s - time_s > 0.45 * usual_s)
    gap = np.searchsorted(time_s[guess], time_s)
    best = np.zeros(len(time_s) + 1)
    np.maximum.at(best, gap[overdue], height[overdue])
    return np.asarray(guess | (overdue & (height >= best[gap])))


def apart(time_s: np.ndarray, score: np.ndarray, *, least_s: float) -> np.ndarray:
    """Return which candidates with a positive score stand, the better one of two closer than `least_s` winning."""
    alive = np.flatnonzero(score > 0)
    while len(alive) > 1:
        close = np.diff(time_s[alive]) < least_s
        if not close.any():
            break
        value = score[alive]
        loses = np.zeros(len(alive), dtype=bool)
        loses[1:] |= close & (value[1:] <= value[:-1])
        loses[:-1] |= close & (value[:-1] < value[1:])
        # of a falling or rising run only those beside a winner go, so that the next round can judge the rest anew
        wins = ~loses
        beside = np.zeros(len(alive), dtype=bool)
        beside[1:] |= close & wins[:-1]
        beside[:-1] |= close & wins[1:]
        alive = alive[~(loses & beside)]
    kept = np.zeros(len(time_s), dtype=bool)
    kept[alive] = True
    return kept


def highest_within(time_s: np.ndarray, height: np.ndarray, from_s: float, to_s: float) -> np.ndarray:
    """Return per candidate the largest `height` of those from `from_s` to `to_s` after it, 0 where there are none."""
    first = np.searchsorted(time_s, time_s + from_s)
    last = np.searchsorted(time_s, time_s + to_s, side="right")
    result = np.zeros(len(time_s))
    for step in range(int((last - first).max(initial=0))):
        at = first + step
        result = np.maximum(result, np.where(at < last, height[np.minimum(at, len(time_s) - 1)], 0.0))
    return result


def neighbours(time_s: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per candidate the time of the guessed beats before and after it and the usual RR around (11 intervals), in s.

    The usual one is the mean of the middle seven: the median jumps between the two intervals of a bigeminy. Beyond the ends a beat is assumed at the usual distance. Needs two guessed beats.
    """
    beat_s = time_s[guess]
    rr_s = np.diff(beat_s)
    padded = np.pad(rr_s, 5, mode="reflect" if len(rr_s) > 5 else "symmetric")
    usual_s = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 11), axis=1)[:, 2:9].mean(axis=1)
    before = np.searchsorted(beat_s, time_s, side="left")
    after = np.searchsorted(beat_s, time_s, side="right")
    local_s = usual_s[np.clip(before - 1, 0, len(usual_s) - 1)]
    previous_s = np.where(before > 0, beat_s[np.maximum(before - 1, 0)], time_s - local_s)
    next_s = np.where(after < len(beat_s), beat_s[np.minimum(after, len(beat_s) - 1)], time_s + local_s)
    return previous_s, next_s, local_s


def peak_positions(working: Working, samples: np.ndarray) -> np.ndarray:
    """Return where the joined QRS band is largest within 80 ms of each sample, to parts of a sample.

    The square is averaged over 40 ms, so that two peaks of one QRS do not take turns.
    """
    power = smooth((working.band_mv**2).sum(axis=0), width=round(0.04 * working.rate_hz))
    reach = max(1, round(0.08 * working.rate_hz))
    window = np.clip(samples[:, None] + np.arange(-reach, reach + 1), 0, len(power) - 1)
    at = window[np.arange(len(samples)), np.argmax(power[window], axis=1)]
    left, middle, right = power[np.maximum(at - 1, 0)], power[at], power[np.minimum(at + 1, len(power) - 1)]
    bend = left - 2 * middle + right
    return np.asarray(at + np.where(bend < 0, np.clip(0.5 * (left - right) / np.minimum(bend, -1e-30), -0.5, 0.5), 0.0))


def _sliding_maximum(values: np.ndarray, reach: int) -> np.ndarray:
    """Return the maximum within `reach` samples on either side."""
    width = 2 * reach + 1
    padded = edged(values[None], reach, reach)[0]  # repeated ends raise no maximum
    covered = 1
    while covered < width:
        step = min(covered, width - covered)
        padded = np.maximum(padded[: len(padded) - step], padded[step:])
        covered += step
    return np.asarray(padded)
