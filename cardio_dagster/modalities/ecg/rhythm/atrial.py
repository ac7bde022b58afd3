"""What the atria do between the QRS complexes: P waves that repeat, or waves of fibrillation.

Belongs here: numbers from the signal around known beats. Not here: intervals (intervals.py) or decisions (classify.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.windows import cut

ATRIAL_FEATURES = (
    "p_repeats",
    "p_explained",
    "log_p_to_qrs",
    "log_p_to_noise",
    "bump_repeats",
    "log_bump_to_qrs",
    "log_bump_to_noise",
    "bump_place_s",
    "beat_repeats",
    "log_f_to_qrs",
    "log_f_to_fast",
    "f_share",
    "f_peak_hz",
    "log_slow_to_qrs",
)
_WORKING_RATE_HZ = 120.0  # waves of the atria end below 30 Hz
_BEFORE_S, _AFTER_S = 0.3, 0.7
_P_END_S = 0.07  # before the peak of the QRS
_F_HZ, _FAST_HZ, _SLOW_HZ = (4.0, 10.0), (15.0, 40.0), (0.7, 3.0)
_ALIKE = 0.7


@dataclass(frozen=True, slots=True)
class Atrial:
    """Numbers named in ATRIAL_FEATURES, the dominant frequency between 4 and 10 Hz left when the usual beat is taken away, and of how many leads."""

    features: np.ndarray
    f_wave_hz: float
    n_leads: int


def slow_down(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> tuple[np.ndarray, float]:
    """Return the signal averaged over steps so that 120 samples a second or slightly more remain, and the rate."""
    step = max(1, int(sampling_rate_hz // _WORKING_RATE_HZ))
    whole = len(signal_mv) // step * step
    total = signal_mv[:whole:step].copy()
    for k in range(1, step):  # adding rows is several times quicker than a mean over a short axis
        total += signal_mv[k:whole:step]
    return np.asarray(total / np.float32(step)), sampling_rate_hz / step


def atrial_features(
    signal_mv: np.ndarray, *, rate_hz: float, beat_s: np.ndarray, kinds: np.ndarray, likeness: np.ndarray
) -> Atrial | None:
    """Return the numbers, None with fewer than three beats of the dominant shape.

    `signal_mv` (n, n_leads) from `slow_down`, `beat_s` (n_beats,) counted from its first sample.
    The mean dominant beat, from 0.3 s before its peak to 0.7 s after it (never beyond the next beat's P wave), is taken away;
    what is left between 4 and 10 Hz is fibrillation, extrasystoles or noise.
    """
    beats = np.round(beat_s * rate_hz).astype(int)
    usual = (likeness > _ALIKE) & (kinds != "V")
    if usual.sum() < 3:
        return None
    windows, covered = _windows(signal_mv, beats, rate_hz)
    windows, covered, starts = windows[usual], covered[usual], beats[usual] - round(_BEFORE_S * rate_hz)
    mean_beat = _mean_beat(windows, covered)
    left = np.where(covered[:, :, None], windows - mean_beat, 0.0) * (len(windows) / (len(windows) - 1))
    residual = np.zeros_like(signal_mv)
    position = starts[:, None] + np.arange(windows.shape[1])
    inside = covered & (position >= 0) & (position < len(signal_mv))
    residual[position[inside]] = left[inside]
    qrs_mv = float(np.sqrt((np.ptp(mean_beat, axis=0) ** 2).mean()))
    p = (*_p_features(windows, rate_hz, max(qrs_mv, 1e-6)), *_bump_features(windows, rate_hz, max(qrs_mv, 1e-6)))
    f, f_wave_hz = _f_features(residual, float(inside.sum()), rate_hz, max(qrs_mv, 1e-6))
    explained = 1.0 - float(
        (left**2).sum() / max(float((np.where(covered[:, :, None], windows, 0.0) ** 2).sum()), 1e-9)
    )
    return Atrial(np.array([*p, explained, *f]), f_wave_hz, signal_mv.shape[1])


def _windows(signal_mv: np.ndarray, beats: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the beats side by side (n_beats, width, n_leads) and which samples belong to each (n_beats, width)."""
    before, after = round(_BEFORE_S * rate_hz), round(_AFTER_S * rate_hz)
    rr = np.diff(beats)
    lead_in = np.minimum(before, 0.4 * rr)
    first = np.concatenate(([before], lead_in))
    last = np.concatenate((rr - lead_in, [after]))
    offset = np.arange(-before, after)
    covered = (offset >= -first[:, None]) & (offset < last[:, None])
    inside = (beats[:, None] + offset >= 0) & (beats[:, None] + offset < len(signal_mv))
    return cut(signal_mv, beats - before, width=before + after), covered & inside


def _mean_beat(windows: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Return the mean over beats (width, n_leads), of each sample over the beats that it belongs to."""
    weight = covered.astype(windows.dtype)
    total = np.einsum("bw,bwl->wl", weight, windows)
    return np.asarray(total / np.maximum(weight.sum(axis=0), 1.0)[:, None])


def _p_features(windows: np.ndarray, rate_hz: float, qrs_mv: float) -> tuple[float, float, float, float]:
    """Return how alike the stretches before the QRS are, the part of them that their mean explains, and the mean's height."""
    stop = round((_BEFORE_S - _P_END_S) * rate_hz)
    before = windows[:, round(0.05 * rate_hz) : stop]
    before = (before - before.sum(axis=1, keepdims=True) / before.shape[1]).reshape(len(windows), -1)
    n = len(before)
    length = np.maximum(np.linalg.norm(before, axis=1, keepdims=True), 1e-6)
    repeats = (float((np.sum(before / length, axis=0) ** 2).sum()) - n) / (n * (n - 1))
    mean = before.mean(axis=0)
    energy = float((before**2).sum(axis=1).mean())
    explained = (n * float((mean**2).sum()) / max(energy, 1e-12) - 1.0) / (n - 1)
    height = float(np.abs(mean).max())
    noise = float(np.sqrt(((before - mean) ** 2).mean()))
    return (
        repeats,
        explained,
        float(np.log(max(height, 1e-4) / qrs_mv)),
        float(np.log(max(height, 1e-4) / max(noise, 1e-4))),
    )


def _bump_features(windows: np.ndarray, rate_hz: float, qrs_mv: float) -> tuple[float, float, float, float]:
    """Return how alike bumps of the length of a P wave before the QRS are, their height and where their mean is highest, in seconds before the peak.

    A bump is the height over the line between the samples 50 ms to either side, so that the end of a T wave does not count.
    """
    reach = round(0.05 * rate_hz)
    stop = round((_BEFORE_S - 0.1) * rate_hz)
    bumps = windows[:, reach:stop] - 0.5 * (windows[:, : stop - reach] + windows[:, 2 * reach : stop + reach])
    flat = bumps.reshape(len(bumps), -1)
    n = len(flat)
    length = np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    repeats = (float((np.sum(flat / length, axis=0) ** 2).sum()) - n) / (n * (n - 1))
    mean = bumps.mean(axis=0)
    size = np.sqrt((mean**2).mean(axis=1))
    noise = float(np.sqrt(((bumps - mean) ** 2).mean()))
    top = max(float(size.max()), 1e-4)
    place_s = _BEFORE_S - (reach + int(np.argmax(size))) / rate_hz
    return repeats, float(np.log(top / qrs_mv)), float(np.log(top / max(noise, 1e-4))), place_s


def _f_features(
    residual: np.ndarray, n_covered: float, rate_hz: float, qrs_mv: float
) -> tuple[tuple[float, ...], float]:
    """Return size, shares and frequency of what is left without the usual beat."""
    n = -(-len(residual) // 64) * 64  # few prime factors
    power = np.abs(np.fft.rfft(residual, n=n, axis=0)) ** 2 * (2.0 / (n * max(n_covered, 1.0)))
    hz = np.fft.rfftfreq(n, 1.0 / rate_hz)

    def band(limits_hz: tuple[float, float]) -> slice:
        return slice(*np.searchsorted(hz, limits_hz).tolist())

    f, fast, slow = (power[band(limits_hz)].sum(axis=0) for limits_hz in (_F_HZ, _FAST_HZ, _SLOW_HZ))
    spectrum, at = power[band(_F_HZ)].sum(axis=1), hz[band(_F_HZ)]
    width = max(1, round(0.6 / (hz[1] - hz[0])))
    smooth = np.convolve(spectrum, np.ones(width) / width, mode="same")
    peak = int(np.argmax(smooth))
    near = np.abs(at - at[peak]) < 0.75
    total = max(float(spectrum.sum()), 1e-12)
    small = 1e-8
    return (
        0.5 * float(np.log((f.mean() + small) / qrs_mv**2)),
        0.5 * float(np.log(((f + small) / (fast + small)).max())),
        float(spectrum[near].sum()) / total,
        float(at[peak]),
        0.5 * float(np.log((slow.mean() + small) / qrs_mv**2)),
    ), float(at[peak])
