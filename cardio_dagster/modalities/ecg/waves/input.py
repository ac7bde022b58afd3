"""What the wave network sees: every lead at 250 Hz, as high as its QRS complexes are, whatever the gain was.

Belongs here: resampling and scaling. Not here: the network (network.py) or its training (training/ecg_waves).
"""

import numpy as np

from cardio_dagster.modalities.ecg.middle import row_median

NETWORK_RATE_HZ = 250.0
_NEAR_BEAT_S = 0.08
_CLIP = 8.0  # times the height of the QRS: what is higher is no heart
_FLAT = 1e-12  # of the unit, whichever it is: below it a lead has no QRS to be scaled by


def network_input(signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray) -> np.ndarray:
    """Return the leads as the network wants them, float32 (n_leads, n at 250 Hz); sample k lies at k / 250 s.

    `signal_mv` is (n_samples, n_leads), finite, without baseline wander. Needs at least one beat.
    """
    return scaled(at_network_rate(signal_mv, sampling_rate_hz=sampling_rate_hz), beat_time_s=beat_time_s)


def at_network_rate(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the signal at 250 Hz, (n_leads, n), by straight lines; before it, a triangle as wide as a new sample against aliasing."""
    leads = np.ascontiguousarray(signal_mv.T, dtype=np.float32)
    half = int(sampling_rate_hz // NETWORK_RATE_HZ)
    if sampling_rate_hz == NETWORK_RATE_HZ:
        return leads
    is_multiple = half * NETWORK_RATE_HZ == sampling_rate_hz
    if half > 1:
        leads = _triangle(leads, half, every=half if is_multiple else 1)
    if is_multiple:
        return leads
    n = int((leads.shape[1] - 1) / sampling_rate_hz * NETWORK_RATE_HZ) + 1
    position = np.arange(n) * (sampling_rate_hz / NETWORK_RATE_HZ)
    left = np.minimum(position.astype(int), max(leads.shape[1] - 2, 0))
    share = (position - left).astype(np.float32)
    right = np.minimum(left + 1, leads.shape[1] - 1)
    return np.asarray(leads[:, left] * (1 - share) + leads[:, right] * share)


def _triangle(leads: np.ndarray, half: int, *, every: int) -> np.ndarray:
    """Return the moving mean over `half` samples, taken twice, without a shift, at every so many samples."""
    weights = np.convolve(np.ones(half), np.ones(half)).astype(np.float32) / half**2
    padded = np.pad(leads, ((0, 0), (half - 1, half - 1)), mode="edge")
    n = leads.shape[1]
    return np.asarray(sum(weight * padded[:, k : k + n : every] for k, weight in enumerate(weights)))


def scaled(leads: np.ndarray, *, beat_time_s: np.ndarray) -> np.ndarray:
    """Return each lead less its median, over half the usual height of its QRS complexes; a lead without any is zero."""
    centred = leads - row_median(leads)[:, None]
    reach = round(_NEAR_BEAT_S * NETWORK_RATE_HZ)
    middle = np.round(beat_time_s * NETWORK_RATE_HZ).astype(int)
    index = np.clip(middle[:, None] + np.arange(-reach, reach + 1), 0, leads.shape[1] - 1)
    near = centred[:, index]
    height = 0.5 * row_median(near.max(axis=2) - near.min(axis=2))[:, None]
    safe = np.where(height > _FLAT, height, np.inf)
    return np.asarray(np.clip(centred / safe, -_CLIP, _CLIP), dtype=np.float32)
