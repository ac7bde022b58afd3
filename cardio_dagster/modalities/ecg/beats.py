"""QRS complexes over all leads: where the ventricles were depolarised.

Belongs here: finding beats. Not here: their type (beat_types.py) or the edges of their waves (delineation.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.filters import bandpass, moving_average

REFRACTORY_S = 0.2  # no two ventricular depolarisations lie closer
_WORKING_RATE_HZ = 180.0  # the band ends at 25 Hz; faster sampling buys nothing
_BLOCK_S = 1.5  # holds one beat at 40/min
_BLOCKS = 9
_ACCEPT = 0.42
_SEARCH_BACK = 0.18
_T_WAVE_S = 0.36
_INTRUDER = 0.8
_BESIDE = 0.2  # a P or T wave has about a tenth of its QRS in the QRS band
MIN_QRS_MV = 0.05  # peak to peak in the QRS band; the lowest true beat of LUDB and CinC 2017 samples has 0.09


def find_beats(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the times of the QRS complexes in seconds, ascending; empty where there are none.

    Method: slope energy in 5 to 25 Hz, each lead scaled to its own local QRS height and weighted by how much
    its peaks stand out, averaged over 100 ms; peaks above a local level (running median of block
    maxima) are beats; smaller ones are fetched back where a beat is overdue. After Pan and
    Tompkins 1985 (10.1109/TBME.1985.325532), deviating in: the leads are joined before the decision, and the level comes
    from both sides of a beat instead of its past alone.

    `signal_mv` has the shape (n_samples, n_leads) and must be finite.
    """
    from scipy.signal import find_peaks

    band, rate = _qrs_band(signal_mv, sampling_rate_hz=sampling_rate_hz)
    feature = _feature(band, sampling_rate_hz=rate)
    level = _level(feature, sampling_rate_hz=rate)
    candidates, _ = find_peaks(feature, distance=max(1, round(REFRACTORY_S * rate)))
    if not len(candidates) or not feature.any():
        return np.empty(0)
    heights = feature[candidates] / level[candidates]
    chosen = _decide(candidates / rate, heights)
    chosen = chosen[_is_high(candidates[chosen] / rate, _heights_mv(band, candidates[chosen], sampling_rate_hz=rate))]
    return _peak_times(band, candidates[chosen], sampling_rate_hz=rate)


def background_share(signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray) -> float | None:
    """Return the usual size of the QRS band over its size at the beats; None without beats.

    About 0.05 where quiet lies between beats (0.23 at most in LUDB), 0.3 and more in noise, 0.5 in
    ventricular fibrillation, 0.7 in a sine.
    """
    if not len(beat_time_s):
        return None
    band, rate = _qrs_band(signal_mv, sampling_rate_hz=sampling_rate_hz)
    size = np.sqrt((band**2).sum(axis=1))
    peaks = size[_around(np.round(beat_time_s * rate).astype(int), len(size), sampling_rate_hz=rate)].max(axis=1)
    return float(np.median(size) / max(float(np.median(peaks)), 1e-9))


def _around(samples: np.ndarray, length: int, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the sample numbers within 100 ms of each sample, shape (n, width)."""
    reach = max(1, round(0.1 * sampling_rate_hz))
    return np.asarray(np.clip(samples[:, None] + np.arange(-reach, reach + 1), 0, length - 1))


def _is_high(times_s: np.ndarray, heights_mv: np.ndarray) -> np.ndarray:
    """Return which beats are high enough, by themselves and beside the highest one within 360 ms.

    Where nearly all of a record is silent the local level is that of its noise, and the P and T of a single beat pass it.
    """
    first = np.searchsorted(times_s, times_s - _T_WAVE_S)
    last = np.searchsorted(times_s, times_s + _T_WAVE_S, side="right")
    highest = np.array([heights_mv[a:b].max() for a, b in zip(first, last, strict=True)])
    return np.asarray((heights_mv >= MIN_QRS_MV) & (heights_mv >= _BESIDE * highest))


def _heights_mv(band: np.ndarray, samples: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return per sample the largest peak-to-peak voltage of any lead within 100 ms, in the QRS band."""
    windows = band[_around(samples, len(band), sampling_rate_hz=sampling_rate_hz)]
    return np.asarray(np.ptp(windows, axis=1).max(axis=1))


def _qrs_band(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> tuple[np.ndarray, float]:
    """Return the signal in the QRS band at a rate of at least 180 Hz, and that rate."""
    band = bandpass(signal_mv, sampling_rate_hz=sampling_rate_hz, low_hz=5.0, high_hz=25.0)
    step = max(1, int(sampling_rate_hz // _WORKING_RATE_HZ))
    return band[::step], sampling_rate_hz / step


def _block_maxima(values: np.ndarray, *, sampling_rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres (in samples) and maxima of consecutive blocks of 1.5 s; the rest joins the last."""
    width = round(_BLOCK_S * sampling_rate_hz)
    starts = np.arange(max(1, len(values) // width)) * width
    return starts + width / 2, np.maximum.reduceat(values, starts, axis=0)


def _level(values: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the local height of beats per sample: running median of block maxima, never far below the overall one.

    The floor keeps a pause of many seconds from turning its noise into beats.
    """
    from scipy.ndimage import median_filter

    centres, maxima = _block_maxima(values, sampling_rate_hz=sampling_rate_hz)
    smooth = median_filter(maxima, size=min(_BLOCKS, len(maxima)), mode="nearest")
    smooth = np.maximum(smooth, max(0.25 * float(np.median(maxima)), 1e-12))
    return np.asarray(np.interp(np.arange(len(values)), centres, smooth))


def _feature(band: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the joined slope energy of the leads, shape (n_samples,), without unit."""
    slope = np.abs(np.gradient(band, axis=0))
    total = np.zeros(len(band))
    for lead in slope.T:
        level = _level(lead, sampling_rate_hz=sampling_rate_hz)
        prominence = float(np.median(level) / max(float(np.median(lead)), 1e-9))
        weight = max(prominence - 4.0, 0.05) ** 2  # noise alone has a prominence of about 4
        total += weight * np.minimum(lead / level, 3.0) ** 2
    # a running sum rounds to a little below zero where the signal is exactly flat
    energy = moving_average(total, sampling_rate_hz=sampling_rate_hz, window_s=0.1)
    return np.asarray(np.sqrt(np.maximum(energy, 0.0)))


def _decide(times_s: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Return which candidates are beats, as indices; `heights` are relative to the local level."""
    strong = np.flatnonzero(heights >= _ACCEPT)
    kept = _without_t_waves(times_s, heights, strong)
    found = _search_back(times_s, heights, kept)
    return _without_intruders(times_s, heights, found)


def _without_t_waves(times_s: np.ndarray, heights: np.ndarray, strong: np.ndarray) -> list[int]:
    """Return the strong candidates less those that follow a much higher one within 360 ms."""
    kept: list[int] = []
    for i in strong:
        if kept and times_s[i] - times_s[kept[-1]] < _T_WAVE_S:
            if heights[i] < 0.6 * heights[kept[-1]]:
                continue
            if heights[kept[-1]] < 0.5 * heights[i] and times_s[i] - times_s[kept[-1]] < 0.28:
                kept.pop()
        kept.append(int(i))
    return kept


def _search_back(times_s: np.ndarray, heights: np.ndarray, kept: list[int]) -> np.ndarray:
    """Return `kept` with the highest weak candidate of every gap over 1.6 times the local RR interval."""
    found = list(kept)
    if len(kept) < 3:
        return np.array(sorted(found), dtype=int)
    rr_s = np.diff(times_s[kept])
    for k, gap_s in enumerate(rr_s):
        usual_s = float(np.median(rr_s[max(0, k - 5) : k + 6]))
        if gap_s < 1.6 * usual_s:
            continue
        inside = np.arange(kept[k] + 1, kept[k + 1])
        inside = inside[
            (times_s[inside] > times_s[kept[k]] + max(_T_WAVE_S, 0.55 * usual_s))
            & (times_s[inside] < times_s[kept[k + 1]] - 0.45 * usual_s)
        ]
        if len(inside) and heights[inside].max() >= _SEARCH_BACK:
            found.append(int(inside[np.argmax(heights[inside])]))
    return np.array(sorted(found), dtype=int)


def _without_intruders(times_s: np.ndarray, heights: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return `found` less the low candidates between two beats that keep the rhythm without them.

    A tall P wave or a burst of muscle noise looks like this. An interpolated extrasystole would too, but it
    stands higher than 0.8 of its neighbours' level in the joined leads, or it is lost here.
    """
    kept = list(found)
    k = 1
    while k < len(kept) - 1:
        before, middle, after = times_s[kept[k - 1]], times_s[kept[k]], times_s[kept[k + 1]]
        around = times_s[kept[max(0, k - 8) : k + 9]]
        usual_s = float(np.median(np.diff(around)))
        keeps_rhythm = abs(after - before - usual_s) < 0.2 * usual_s
        if keeps_rhythm and heights[kept[k]] < _INTRUDER and max(middle - before, after - middle) < 0.9 * usual_s:
            del kept[k]
        else:
            k += 1
    return np.array(kept, dtype=int)


def _peak_times(band: np.ndarray, samples: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return where the joined QRS band is largest within 80 ms of each sample, in seconds."""
    reach = max(1, round(0.08 * sampling_rate_hz))
    size = np.sqrt((band**2).sum(axis=1))
    window = np.clip(samples[:, None] + np.arange(-reach, reach + 1), 0, len(size) - 1)
    best = window[np.arange(len(samples)), np.argmax(size[window], axis=1)]
    return np.unique(best) / sampling_rate_hz
