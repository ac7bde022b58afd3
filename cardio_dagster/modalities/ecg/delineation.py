"""Onset, peak and offset of P, QRS and T in every lead.

Belongs here: the edges of waves around known beats. Not here: finding beats (beats.py) or intervals from edges (intervals.py).

All beats of all leads are measured at once. Each lead proposes its own edge; what is reported lies near the weighted
median of the leads. A wave that does not stand out of its surroundings is not reported.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.filters import bandpass, moving_average
from cardio_dagster.modalities.ecg.signal import WaveTimes
from cardio_dagster.modalities.ecg.windows import agree, cut, first_true, last_true, trapezium_end, weighted_median

_WORKING_RATE_HZ = 500.0
_QRS_HIGH_HZ = 40.0
_SLOW_HIGH_HZ = 20.0
_QRS_REACH_S = 0.16
_ONSET_SLOPE, _OFFSET_SLOPE = 0.06, 0.09  # of the steepest slope: below it the complex has not begun or has ended
_QUIET_S = 0.02
_MIN_T_MV = 0.02
_MIN_P_TO_NOISE = 1.5  # sinus rhythm in LUDB 2.6 to 12, atrial fibrillation 0.5 to 1.1
_MIN_P_MV = 0.015
_P_CLEAR_S = 0.05
_QRS_FOOT_S = 0.03  # how far the 20 Hz filter carries the QRS backwards
_MIN_P_NOISE_MV = 0.004  # a clean recording must not turn ripples of the filter into P waves


@dataclass(frozen=True, slots=True)
class Delineation:
    """Edges of the three waves in seconds."""

    p: WaveTimes
    qrs: WaveTimes
    t: WaveTimes


@dataclass(frozen=True, slots=True)
class _Frame:
    """The working signals and, per beat, its sample and the RR intervals before and after it in samples."""

    fast: np.ndarray
    slow: np.ndarray
    rate_hz: float
    beats: np.ndarray
    rr_before: np.ndarray
    rr_after: np.ndarray

    def samples(self, seconds: float) -> int:
        return max(1, round(seconds * self.rate_hz))


def delineate(signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray) -> Delineation:
    """Return the edges of P, QRS and T around the given beats, arrays of shape (n_beats, n_leads); NaN is an absent wave.

    `signal_mv` has the shape (n_samples, n_leads), without baseline wander. Fewer than two beats give no P and no T,
    because their windows need an RR interval.
    """
    n_leads = signal_mv.shape[1]
    if not len(beat_time_s) or not n_leads:
        return Delineation(*(_absent(len(beat_time_s), n_leads) for _ in range(3)))
    frame = _frame(signal_mv, sampling_rate_hz=sampling_rate_hz, beat_time_s=beat_time_s)
    qrs_on, qrs_peak, qrs_off = _qrs(frame)
    qrs = _times(frame, qrs_on, qrs_peak, qrs_off)
    if len(beat_time_s) < 2:
        return Delineation(_absent(1, n_leads), qrs, _absent(1, n_leads))
    first_on = _anchor(qrs_on, frame.beats - frame.samples(0.05))
    last_off = _anchor(qrs_off, frame.beats + frame.samples(0.06))
    t_edges = _t_waves(frame, first_on, last_off)
    p_edges = _p_waves(frame, first_on, _anchor(t_edges[2], last_off))
    return Delineation(_times(frame, *p_edges), qrs, _times(frame, *t_edges))


def _anchor(edge: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Return one position per beat from which neighbouring waves are sought: the leads' median, or a guess that is never reported."""
    there = np.isfinite(edge).any(axis=1)
    result = otherwise.astype(float)
    result[there] = np.nanmedian(edge[there], axis=1)
    return result.astype(int)


def _absent(n_beats: int, n_leads: int) -> WaveTimes:
    return WaveTimes(*(np.full((n_beats, n_leads), np.nan) for _ in range(3)))


def _times(frame: _Frame, onset: np.ndarray, peak: np.ndarray, offset: np.ndarray) -> WaveTimes:
    """Return positions as seconds; a wave that is not wholly inside the recording is absent."""
    whole = (onset >= 0) & (offset <= len(frame.fast) - 1) & (onset < peak) & (peak < offset)
    return WaveTimes(*(np.where(whole, edge, np.nan) / frame.rate_hz for edge in (onset, peak, offset)))


def _frame(signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray) -> _Frame:
    fast = bandpass(signal_mv, sampling_rate_hz=sampling_rate_hz, low_hz=None, high_hz=_QRS_HIGH_HZ)
    slow = bandpass(signal_mv, sampling_rate_hz=sampling_rate_hz, low_hz=None, high_hz=_SLOW_HIGH_HZ)
    step = max(1, int(sampling_rate_hz // _WORKING_RATE_HZ))
    rate_hz = sampling_rate_hz / step
    beats = np.round(beat_time_s * rate_hz).astype(int)
    rr = np.diff(beats).astype(float) if len(beats) > 1 else np.array([rate_hz])
    before, after = np.concatenate((rr[:1], rr)), np.concatenate((rr, rr[-1:]))
    return _Frame(fast[::step], slow[::step], rate_hz, beats, before[: len(beats)], after[: len(beats)])


def _qrs(frame: _Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return onset, peak and offset of the QRS in samples, each (n_beats, n_leads).

    The complex lasts from the last quiet 20 ms before its steepest slope to the first after it; quiet is below 5 % (before) and 9 % (after) of that slope.
    """
    reach = frame.samples(_QRS_REACH_S)
    slope = moving_average(np.abs(np.gradient(frame.fast, axis=0)), sampling_rate_hz=frame.rate_hz, window_s=0.012)
    near = cut(slope, frame.beats - reach, width=2 * reach + 1)
    core = slice(reach - frame.samples(0.07), reach + frame.samples(0.07))
    steepest = near[:, core].max(axis=1)
    run = frame.samples(_QUIET_S)
    centre = core.start + np.argmax(near[:, core], axis=1)
    position = np.arange(near.shape[1] - run)[None, :, None]
    before = last_true(_quiet_runs(near, _ONSET_SLOPE * steepest, run) & (position + run < centre[:, None, :]))
    after = first_true(_quiet_runs(near, _OFFSET_SLOPE * steepest, run) & (position + 1 > centre[:, None, :]))
    start = frame.beats[:, None] - reach
    onset = np.where(before >= 0, start + before + run, np.nan)
    offset = np.where(after >= 0, start + after + 1, np.nan)
    weights = steepest / np.maximum(np.median(slope, axis=0), 1e-9)
    limit_samples = 0.02 * frame.rate_hz
    onset, offset = agree(onset, weights, reach=limit_samples), agree(offset, weights, reach=limit_samples)
    return onset, _extremum(frame, onset, offset), offset


def _quiet_runs(slope: np.ndarray, limit: np.ndarray, run: int) -> np.ndarray:
    """Return True at i where the `run` samples after i are all below the limit, shape (n_beats, width - run, n_leads)."""
    counts = np.cumsum(slope < np.maximum(limit[:, None, :], 1e-9), axis=1)
    return np.asarray(counts[:, run:] - counts[:, :-run] == run)


def _extremum(frame: _Frame, onset: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Return where each lead is farthest from its level at the onset, between onset and offset."""
    reach = frame.samples(_QRS_REACH_S)
    window = cut(frame.fast, frame.beats - reach, width=2 * reach + 1)
    position = (frame.beats[:, None] - reach + np.arange(2 * reach + 1))[:, :, None]
    inside = (position > onset[:, None, :]) & (position < offset[:, None, :])
    level = np.nanmedian(np.where(inside, np.nan, window), axis=1, keepdims=True)
    height = np.where(inside, np.abs(window - level), -1.0)
    return np.asarray(frame.beats[:, None] - reach + np.argmax(height, axis=1)).astype(float)


def _t_waves(frame: _Frame, qrs_on: np.ndarray, qrs_off: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return onset, peak and offset of the T wave in samples; NaN where it does not rise 0.02 mV above its line."""
    rr_s = frame.rr_after / frame.rate_hz
    last = frame.beats + np.minimum(0.1 + 0.5 * np.sqrt(rr_s), 0.72 * rr_s) * frame.rate_hz
    first = qrs_off + frame.samples(0.06)
    level = frame.slow[np.clip(qrs_on - frame.samples(0.01), 0, len(frame.slow) - 1)]
    width = max(4, int(np.max(last - first)))
    window = cut(frame.slow, first, width=width) - level[:, None, :]
    inside = (first[:, None] + np.arange(width) < last[:, None])[:, :, None]
    together = np.sqrt(np.where(inside, window, 0.0) ** 2).mean(axis=2)
    centre = np.argmax(together, axis=1)
    return _slow_wave(
        frame,
        first,
        window,
        inside,
        centre,
        flank_s=np.clip(0.17 * np.sqrt(rr_s), 0.10, 0.20),
        stop=last,
        min_mv=_MIN_T_MV,
        search_s=0.06,
    )


def _p_waves(frame: _Frame, qrs_on: np.ndarray, t_off: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return onset, peak and offset of the P wave in samples; NaN where it does not stand out of the beats' common shape."""
    rr_s = frame.rr_before / frame.rate_hz
    reach = frame.samples(0.30)
    first, last = qrs_on - reach, qrs_on - frame.samples(_QRS_FOOT_S)
    width = reach - frame.samples(_QRS_FOOT_S)
    before_t = np.concatenate(([-np.inf], t_off[:-1])) + frame.samples(0.01)
    earliest = np.maximum(before_t, qrs_on - np.minimum(0.30, 0.5 * rr_s) * frame.rate_hz)
    window = cut(frame.slow, first, width=width)
    position = first[:, None] + np.arange(width)
    inside = ((position >= earliest[:, None]) & (position < last[:, None]))[:, :, None]
    level = np.median(window[:, -frame.samples(0.02) :], axis=1, keepdims=True)
    window = window - level
    shape, noise = _common_shape(window, inside)
    clear = inside[:, :, 0] & (position < (qrs_on - frame.samples(_P_CLEAR_S))[:, None])  # of the foot of the QRS
    centre = np.argmax(np.where(clear, _likeness(window, shape, frame), -np.inf), axis=1)
    edges = _slow_wave(
        frame,
        first,
        window,
        inside,
        centre,
        flank_s=np.full(len(first), 0.062),
        stop=last,
        min_mv=_MIN_P_MV,
        search_s=0.03,
    )
    in_shape = _likeness(shape[None], shape, frame)[0, : reach - frame.samples(_P_CLEAR_S)]
    strength = float(in_shape.max()) / max(noise, _MIN_P_NOISE_MV)
    room = (last - earliest) > frame.samples(0.07)
    present = room & (strength > _MIN_P_TO_NOISE)
    return tuple(np.where(present[:, None], edge, np.nan) for edge in edges)  # type: ignore[return-value]


def _common_shape(window: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the median window over beats (width, n_leads) and the usual distance of a beat from it in mV."""
    shape = np.median(window, axis=0)
    away = np.sqrt(((window - shape) ** 2).mean(axis=2))
    return shape - np.median(shape, axis=0), float(np.median(away[inside[:, :, 0]])) if inside.any() else np.inf


def _likeness(window: np.ndarray, shape: np.ndarray, frame: _Frame) -> np.ndarray:
    """Return how much each sample looks like the middle of a P wave, (n_beats, width): height over its line, beat and common shape together."""
    half = frame.samples(0.05)
    both = 0.5 * (window + shape)
    pad = np.pad(both, ((0, 0), (half, half), (0, 0)), mode="edge")
    line = 0.5 * (pad[:, : -2 * half] + pad[:, 2 * half :])
    return np.asarray(np.sqrt(((both - line) ** 2).mean(axis=2)))


def _slow_wave(
    frame: _Frame,
    first: np.ndarray,
    window: np.ndarray,
    inside: np.ndarray,
    centre: np.ndarray,
    *,
    flank_s: np.ndarray,
    stop: np.ndarray,
    min_mv: float,
    search_s: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return onset, peak, offset of a slow wave around a common centre per beat; NaN in leads where it is lower than `min_mv`."""
    near = np.abs(np.arange(window.shape[1])[None, :] - centre[:, None]) <= frame.samples(search_s)
    flank = int(np.median(flank_s) * frame.rate_hz)
    line = 0.5 * (_at(window, centre - flank) + _at(window, centre + flank))
    height = window - line[:, None, :]
    peak = np.argmax(np.where(near[:, :, None] & inside, np.abs(height), -1.0), axis=1)
    size = np.take_along_axis(height, peak[:, None, :], axis=1)[:, 0]
    sign = np.where(size < 0, -1.0, 1.0)
    weights = np.abs(size)
    absolute = first[:, None] + peak
    right = _flank(frame.slow, absolute, flank, limits=stop) * sign[:, None, :]
    left = _flank(frame.slow, absolute, -flank, limits=first) * sign[:, None, :]
    offset = agree(absolute + trapezium_end(right).astype(float), weights, reach=0.02 * frame.rate_hz)
    onset = agree(absolute - trapezium_end(left).astype(float), weights, reach=0.02 * frame.rate_hz)
    missing = np.abs(size) < min_mv
    middle = weighted_median(absolute.astype(float), weights)[:, None]
    peaks = np.where((absolute > onset) & (absolute < offset), absolute, middle)
    return tuple(np.where(missing, np.nan, edge) for edge in (onset, peaks, offset))  # type: ignore[return-value]


def _at(window: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.asarray(window[np.arange(len(window)), np.clip(index, 0, window.shape[1] - 1)])


def _flank(signal: np.ndarray, peaks: np.ndarray, length: int, *, limits: np.ndarray) -> np.ndarray:
    """Return per beat and lead the samples from its peak on, forwards or (negative length) backwards, (n_beats, width, n_leads).

    Beyond the beat's limit, where another wave begins, the last sample before it is repeated.
    """
    steps = np.sign(length) * np.arange(abs(length) + 1)
    index = peaks[:, None, :] + steps[None, :, None]
    bound = np.round(limits).astype(int)[:, None, None]
    index = np.minimum(index, bound) if length > 0 else np.maximum(index, bound)
    return np.asarray(signal[np.clip(index, 0, len(signal) - 1), np.arange(signal.shape[1])[None, None, :]])
