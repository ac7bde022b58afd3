"""Figures of the raw signal, second by second and lead by lead.

Belongs here: measuring, without any limit of quality. Not here: what the figures mean (judge.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.middle import row_median
from cardio_dagster.modalities.ecg.quality.mains import FREQUENCIES_HZ, mains_mv
from cardio_dagster.modalities.ecg.quality.rails import rail_samples

_PARTS = 10  # of a second: a QRS fills one or two of them, so that the median part lies between the beats
_FAST_S, _QRS_S = 0.006, 0.02  # lags of differences that pass mainly what is above 40 Hz, and 5 to 25 Hz
_MIN_FAST_HZ = 100.0
_TINY = np.float32(1e-12)


@dataclass(frozen=True, slots=True)
class SecondFigures:
    """Figures of a stretch of signal, each float32 (n_leads, n_seconds); a rest of less than a second is left out.

    `missing` and `at_rail`: part of the samples. `span_mv`: peak to peak. `level_mv`: the baseline. `noise_mv`: RMS above 40 Hz
    between the beats, NaN below 100 Hz. `unrest`: the usual size of the band of the QRS over its size at the beats, 0 to 1.
    `mains_mv` (2, n_leads, n_seconds): size of a wave of 50 and of 60 Hz, 0 where there is none that stands out.
    `second_s`: the exact length of a "second", a whole number of samples.
    """

    missing: np.ndarray
    at_rail: np.ndarray
    span_mv: np.ndarray
    level_mv: np.ndarray
    noise_mv: np.ndarray
    unrest: np.ndarray
    mains_mv: np.ndarray
    second_s: float


def measure_seconds(filled_mv: np.ndarray, missing: np.ndarray | None, *, sampling_rate_hz: float) -> SecondFigures:
    """Return the figures of every second of a block, best of a whole number of seconds.

    `filled_mv` (n_samples, n_leads) is finite, its missing samples bridged; `missing` is the same shape, True where it was, None
    where nothing was. A block shorter than a second counts as one.
    """
    width = min(len(filled_mv), max(2, round(sampling_rate_hz)))
    n_seconds = max(1, len(filled_mv) // width)
    leads = np.ascontiguousarray(filled_mv[: n_seconds * width].T, dtype=np.float32)
    seconds = leads.reshape(len(leads), n_seconds, width)
    change = np.empty_like(leads)  # one for all: fresh memory costs more than the sums
    mains = mains_mv(seconds, sampling_rate_hz=sampling_rate_hz)
    return SecondFigures(
        missing=_share(None if missing is None else missing[: n_seconds * width].T, seconds.shape),
        at_rail=_share(rail_samples(leads), seconds.shape),
        span_mv=seconds.max(axis=2) - seconds.min(axis=2),
        level_mv=row_median(_parts(seconds).mean(axis=3)),
        noise_mv=_noise_mv(leads, change, mains, seconds.shape, sampling_rate_hz),
        unrest=_unrest(leads, change, seconds.shape, sampling_rate_hz),
        mains_mv=mains,
        second_s=width / sampling_rate_hz,
    )


def _share(marked: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    if marked is None or not marked.any():
        return np.zeros(shape[:2], np.float32)
    return np.asarray(marked.reshape(shape).mean(axis=2, dtype=np.float32))


def _parts(seconds: np.ndarray) -> np.ndarray:
    """Return the tenths of each second, (n_leads, n_seconds, 10, samples); a short one stays whole."""
    n_leads, n_seconds, width = seconds.shape
    count = _PARTS if width >= 2 * _PARTS else 1
    return seconds[:, :, : width // count * count].reshape(n_leads, n_seconds, count, -1)


def _power(change: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    parts = _parts(change.reshape(shape))
    return np.asarray(np.einsum("lspi,lspi->lsp", parts, parts) / parts.shape[3])


def _noise_mv(
    leads: np.ndarray, change: np.ndarray, mains: np.ndarray, shape: tuple[int, ...], rate_hz: float
) -> np.ndarray:
    """Return the RMS of the second difference in the middle tenth, mains left out; white noise keeps its RMS."""
    if rate_hz < _MIN_FAST_HZ:
        return np.full(shape[:2], np.nan, np.float32)
    lag = min(max(1, round(_FAST_S * rate_hz)), (leads.shape[1] - 1) // 2)
    np.multiply(leads, np.float32(-2.0), out=change)
    if lag:
        change[:, lag:] += leads[:, :-lag]
        change[:, :-lag] += leads[:, lag:]
        change[:, :lag] = change[:, -lag:] = 0.0
    power = row_median(_power(change, shape))
    for size_mv, frequency_hz in zip(mains, FREQUENCIES_HZ, strict=True):
        power = power - 0.5 * (4.0 * np.sin(np.pi * frequency_hz * lag / rate_hz) ** 2 * size_mv) ** 2
    return np.asarray(np.sqrt(np.maximum(power, 0.0) / 6.0), dtype=np.float32)


def _unrest(leads: np.ndarray, change: np.ndarray, shape: tuple[int, ...], rate_hz: float) -> np.ndarray:
    """Return the size of the QRS band in the middle tenth over its largest in this second or its neighbours."""
    lag = min(max(1, round(_QRS_S * rate_hz)), leads.shape[1] - 1)
    change[:, :lag] = 0.0
    np.subtract(leads[:, lag:], leads[:, : leads.shape[1] - lag], out=change[:, lag:])
    power = _power(change, shape)
    top = power.max(axis=2)
    around = top.copy()
    np.maximum(around[:, 1:], top[:, :-1], out=around[:, 1:])
    np.maximum(around[:, :-1], top[:, 1:], out=around[:, :-1])
    return np.asarray(np.sqrt(row_median(power) / np.maximum(around, _TINY)), dtype=np.float32)
