"""The signal in which beats are looked for: one working rate, two bands, each lead with its own local height and trust.

Belongs here: resampling, bands, levels and the weights of leads. Not here: what is a beat (candidates.py, beats.py).
Arrays have the shape (n_leads, n_samples) here, so that each lead lies together in memory.
"""

from dataclasses import dataclass

import numpy as np

RATE_HZ = 125.0  # the QRS band ends at 25 Hz, the shape band at 40 Hz: faster sampling buys nothing
_PAD_S = 1.0  # the filters have faded after it
_COARSE_HZ = 250.0  # faster recordings are averaged down to it first
_BLOCK_S = 1.5  # holds one beat at 40/min
_BLOCKS = 9
_NOISE_ALONE = 4.0  # prominence that noise without beats has
_PROMINENT = 30.0  # beyond it a lead is not better still
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Working:
    """A signal at about 125 Hz, `rate_hz` exactly.

    `band_mv` is 5 to 25 Hz (QRS), `shape_mv` 1 to 40 Hz, both (n_leads, n_samples). `level_mv` is the local height of beats in
    the slope of the QRS band and `weight` the local trust in a lead (sums to 1 over leads), both (n_leads, n_blocks) at
    the samples `centre`. `energy` (n_samples,) is the slope of all leads joined, about 1 at a usual beat;
    `noise` (n_blocks,) its usual size over that at beats.
    """

    rate_hz: float
    band_mv: np.ndarray
    shape_mv: np.ndarray
    centre: np.ndarray
    level_mv: np.ndarray
    weight: np.ndarray
    energy: np.ndarray
    noise: np.ndarray


def work(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> Working:
    """Return the working signal of `signal_mv` (n_samples, n_leads), finite."""
    (band, shape), rate_hz = _two_bands(signal_mv, sampling_rate_hz=sampling_rate_hz)
    slope = np.abs(_slope(band))
    centre, maxima, medians = _blocks(slope, rate_hz=rate_hz)
    level = _level(maxima)
    prominence = level / np.maximum(_running_median(medians, 3), _TINY)
    trust = np.clip(prominence - _NOISE_ALONE, 0.05, _PROMINENT) ** 2
    weight = trust / trust.sum(axis=0)
    n_samples = slope.shape[1]
    relative = np.minimum(slope / over_time(level, centre, n_samples), 3.0)
    joined = (over_time(weight, centre, n_samples) * relative * relative).sum(axis=0)
    energy = np.sqrt(smooth(joined, width=max(1, round(0.1 * rate_hz))))
    _, tops, usual = _blocks(energy[None], rate_hz=rate_hz)
    top = _level(tops)
    return Working(
        rate_hz, band, shape, centre, level, weight, energy / over_time(top, centre, n_samples)[0], (usual / top)[0]
    )


def over_time(at_blocks: np.ndarray, centre: np.ndarray, n_samples: int) -> np.ndarray:
    """Return values known at block centres (n_leads, n_blocks) for every sample, on straight lines between them."""
    if len(centre) < 2:
        return np.repeat(at_blocks, n_samples, axis=1)
    width = round(centre[1] - centre[0])
    # one row per stretch between two centres: no sample needs to look its block up
    low = np.concatenate((at_blocks[:, :1], at_blocks, at_blocks[:, -1:]), axis=1)[:, :, None]
    high = np.concatenate((at_blocks, at_blocks[:, -1:], at_blocks[:, -1:]), axis=1)[:, :, None]
    first = (width + 1) // 2
    part = (np.arange(width) + first - width / 2) / width
    rows = (low + (high - low) * part).reshape(len(at_blocks), -1)
    return np.asarray(rows[:, width - first : width - first + n_samples])


def at_samples(at_blocks: np.ndarray, centre: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return values known at block centres (n_leads, n_blocks) at some samples, (n_leads, len(samples))."""
    if len(centre) < 2:
        return np.repeat(at_blocks, len(samples), axis=1)
    position = np.clip((samples - centre[0]) / (centre[1] - centre[0]), 0.0, len(centre) - 1.0)
    low = np.minimum(position.astype(int), len(centre) - 2)
    part = position - low
    return np.asarray(at_blocks[:, low] * (1.0 - part) + at_blocks[:, low + 1] * part)


def smooth(values: np.ndarray, *, width: int) -> np.ndarray:
    """Return the centred mean over `width` samples of values that are not negative; ends repeat."""
    padded = edged(values[None], width // 2 + 1, (width - 1) // 2)[0]
    total = np.cumsum(padded, dtype=np.float64)
    # differences of a running sum fall a little below zero where the signal is flat
    return np.asarray(np.maximum((total[width:] - total[:-width]) / width, 0.0))


def edged(values: np.ndarray, before: int, after: int) -> np.ndarray:
    """Return the rows with their ends repeated; `np.pad` takes ten times as long for short ones."""
    parts = (np.repeat(values[:, :1], before, axis=1), values, np.repeat(values[:, -1:], after, axis=1))
    return np.concatenate(parts, axis=1)


def _slope(values: np.ndarray) -> np.ndarray:
    result = np.zeros_like(values)
    if values.shape[1] > 2:
        result[:, 1:-1] = 0.5 * (values[:, 2:] - values[:, :-2])
    return result


def _blocks(values: np.ndarray, *, rate_hz: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return centre, maximum and median of consecutive blocks of 1.5 s; the rest counts to the last block's maximum."""
    width = min(round(_BLOCK_S * rate_hz), values.shape[1])
    count = values.shape[1] // width
    whole = values[:, : count * width].reshape(len(values), count, width)
    maxima = whole.max(axis=2)
    maxima[:, -1] = np.maximum(maxima[:, -1], values[:, (count - 1) * width :].max(axis=1))
    return np.arange(count) * width + width / 2, maxima, _middle(whole)


def _level(maxima: np.ndarray) -> np.ndarray:
    """Return the running median of block maxima, never below a quarter of the overall one: a pause stays silent."""
    floor = 0.25 * np.median(maxima, axis=1, keepdims=True)
    return np.asarray(np.maximum(_running_median(maxima, _BLOCKS), np.maximum(floor, _TINY)))


def _running_median(values: np.ndarray, size: int) -> np.ndarray:
    """Return the centred median of `size` (odd) values along the last axis; ends repeat."""
    padded = edged(values, size // 2, size // 2)
    return _middle(np.lib.stride_tricks.sliding_window_view(padded, size, axis=1))


def _middle(values: np.ndarray) -> np.ndarray:
    """Return the upper median along the last axis; `np.median` takes several times as long for short rows."""
    half = values.shape[-1] // 2
    return np.asarray(np.partition(values, half, axis=-1)[..., half])


def _two_bands(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> tuple[tuple[np.ndarray, np.ndarray], float]:
    """Return the QRS band and the shape band, each (n_leads, n_samples), at their common rate.

    One Fourier transform filters and resamples at once; the gains are those of a second-order Butterworth filter run
    forth and back. The rate is 125 Hz as nearly as whole numbers of samples allow.
    """
    from scipy.fft import irfft, rfft

    leads, rate_hz = _coarse(signal_mv.T, sampling_rate_hz=sampling_rate_hz)
    padded, before = _padded(leads, rate_hz=rate_hz)
    n_in = padded.shape[1]
    n_out = _quick_length(max(8, round(n_in * RATE_HZ / rate_hz)))
    spectrum = rfft(padded, axis=1)[:, : min(n_in, n_out) // 2]
    frequency = np.arange(spectrum.shape[1]) * rate_hz / n_in
    out_hz = n_out * rate_hz / n_in
    first = before / rate_hz * out_hz
    n_kept = max(1, int(np.ceil(leads.shape[1] / rate_hz * out_hz - 1e-9)))
    # a shift by the part of a sample that the padding is off the new grid
    shift = np.exp(2j * np.pi * frequency * (first - int(first)) / out_hz) * (n_out / n_in)
    bands = []
    for low, high in ((5.0, 25.0), (1.0, 40.0)):
        gain = (shift / (1.0 + (frequency / high) ** 4) * _highpass(frequency, low)).astype(np.complex64)
        filtered = irfft(spectrum * gain, n=n_out, axis=1, overwrite_x=True)
        bands.append(filtered[:, int(first) : int(first) + n_kept])
    return (bands[0], bands[1]), out_hz


def _highpass(frequency: np.ndarray, edge_hz: float) -> np.ndarray:
    ratio = (frequency / edge_hz) ** 4
    return np.asarray(ratio / (1.0 + ratio))


def _coarse(leads: np.ndarray, *, sampling_rate_hz: float) -> tuple[np.ndarray, float]:
    """Return the leads averaged down to 250 to 500 Hz, as a contiguous array."""
    step = max(1, int(sampling_rate_hz // _COARSE_HZ))
    if step == 1:
        return _float32(leads), sampling_rate_hz
    # centred on every step-th sample, so that nothing moves in time
    reach = np.clip(np.arange(-(step // 2), leads.shape[1] + step), 0, leads.shape[1] - 1)
    count = (leads.shape[1] + step - 1) // step
    rows = leads[:, reach[: count * step]].reshape(len(leads), count, step)
    return _float32(np.asarray(sum(rows[:, :, i] for i in range(step))) / step), sampling_rate_hz / step


def _float32(leads: np.ndarray) -> np.ndarray:
    """Return the leads without their mean, contiguous; without it single precision is ample."""
    return np.ascontiguousarray(leads - leads.mean(axis=1, keepdims=True), dtype=np.float32)


def _padded(leads: np.ndarray, *, rate_hz: float) -> tuple[np.ndarray, int]:
    """Return the leads continued point-symmetrically at both ends, up to a length that transforms quickly, and the part before."""
    n = leads.shape[1]
    pad = min(n - 1, round(_PAD_S * rate_hz))
    left = 2 * leads[:, :1] - leads[:, pad:0:-1]
    right = 2 * leads[:, -1:] - leads[:, -2 : -2 - pad : -1]
    bridge = np.linspace(0.0, 1.0, _quick_length(n + 2 * pad) - n - 2 * pad + 2, dtype=np.float32)[None, 1:-1]
    end, start = (right if pad else leads)[:, -1:], (left if pad else leads)[:, :1]
    return np.concatenate((left, leads, right, end + bridge * (start - end)), axis=1), pad


def _quick_length(least: int) -> int:
    """Return the next length whose transform is quick."""
    from scipy.fft import next_fast_len

    return int(next_fast_len(least, real=True))
