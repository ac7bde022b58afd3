"""Random variants of LUDB records: tempo, polarity, noise, wander, dead leads; and how leads are grouped into samples.

Belongs here: NumPy work before the tensors. Not here: the loss (train.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.waves.input import NETWORK_RATE_HZ, scaled
from training.ecg_waves.data import Record
from training.ecg_waves.erase import without_p

N_SAMPLES = 2048  # 8.2 s
MAX_BEATS = 26
_TEMPI = (0.7, 1.4)


@dataclass(frozen=True)
class Sample:
    """Leads at 250 Hz with the targets of Record in the same seconds, beats padded with NaN to MAX_BEATS."""

    leads: np.ndarray  # (12, N_SAMPLES)
    beat_s: np.ndarray  # (MAX_BEATS,)
    edges_s: np.ndarray  # (MAX_BEATS, 12, 6)
    presence: np.ndarray  # (MAX_BEATS, 12, 2)
    classes: np.ndarray  # (12, 3, N_SAMPLES / 2), NaN where nobody looked


def variant(record: Record, at_250: np.ndarray, rng: np.random.Generator, *, erase: bool) -> Sample:
    """Return one random variant of a record, P waves erased in some; `at_250` is its signal at 250 Hz, (12, n)."""
    if erase:
        record, at_250 = without_p(record, at_250, rng)
    tempo = np.exp(rng.uniform(*np.log(_TEMPI))) if rng.random() < 0.7 else 1.0
    length_s = at_250.shape[1] / NETWORK_RATE_HZ * tempo
    start_s = rng.uniform(
        min(0.0, length_s - N_SAMPLES / NETWORK_RATE_HZ), max(0.0, length_s - N_SAMPLES / NETWORK_RATE_HZ)
    )
    time_s = (np.arange(N_SAMPLES) / NETWORK_RATE_HZ + start_s) / tempo * NETWORK_RATE_HZ
    leads = _smooth(np.array([np.interp(time_s, np.arange(at_250.shape[1]), lead) for lead in at_250]), rng)
    beat_s = record.beat_s * tempo - start_s
    inside = (beat_s > 0.1) & (beat_s < N_SAMPLES / NETWORK_RATE_HZ - 0.1)
    edges = record.edges_s[inside] * tempo - start_s
    presence = record.presence[inside].copy()
    beat_s = beat_s[inside]
    jittered = beat_s + rng.uniform(-0.03, 0.03, len(beat_s))
    leads = scaled(leads.astype(np.float32), beat_time_s=jittered) if len(beat_s) else leads * 0
    leads, dead = _disturb(leads * rng.choice((-1.0, 1.0), size=(12, 1), p=(0.3, 0.7)), rng)
    edges[:, dead], presence[:, dead] = np.nan, np.nan
    classes = _classes(record, tempo, start_s)
    classes[dead] = np.nan
    return Sample(leads.astype(np.float32), *(_pad(a) for a in (jittered, edges, presence)), classes)


def _pad(values: np.ndarray) -> np.ndarray:
    full = np.full((MAX_BEATS, *values.shape[1:]), np.nan, dtype=np.float32)
    full[: len(values)] = values[:MAX_BEATS]
    return full


def _smooth(leads: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Low sampling rates and narrow filters: a short Gaussian, in every third sample."""
    if rng.random() > 0.35:
        return leads
    sigma = rng.uniform(0.3, 1.8)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / sigma) ** 2)
    return np.array([np.convolve(np.pad(lead, 6, mode="edge"), kernel / kernel.sum(), "valid") for lead in leads])


def _disturb(leads: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the leads with noise in units of the QRS height, and which of them were lost in it."""
    n_leads, n = leads.shape
    t = np.arange(n) / NETWORK_RATE_HZ
    strength = rng.choice((0.0, 0.3, 1.0), p=(0.4, 0.4, 0.2)) * rng.uniform(0, 1, size=(n_leads, 1))
    noise = rng.normal(size=(n_leads, n))
    if rng.random() < 0.5:
        noise = np.cumsum(noise, axis=1)
        noise = 0.3 * (noise - np.apply_along_axis(np.convolve, 1, noise, np.ones(125) / 125, "same"))
    mains = np.sin(2 * np.pi * rng.choice((50.0, 60.0)) * t + rng.uniform(0, 6.28, (n_leads, 1)))
    wander = sum(
        rng.normal(size=(n_leads, 1))
        * np.sin(2 * np.pi * rng.uniform(0.1, 0.7) * t + rng.uniform(0, 6.28, (n_leads, 1)))
        for _ in range(3)
    )
    out = leads + strength * (0.12 * noise + 0.06 * mains * (rng.random((n_leads, 1)) < 0.3) + 0.15 * wander)
    out *= rng.uniform(0.8, 1.25, size=(n_leads, 1))
    dead = rng.random(n_leads) < (0.15 if rng.random() < 0.2 else 0.0)
    out[dead] = np.clip(noise[dead] * rng.uniform(0, 1), -8, 8)
    return out, dead


def _classes(record: Record, tempo: float, start_s: float) -> np.ndarray:
    """Return per lead and wave 1 inside marked waves, 0 elsewhere, NaN outside what was looked at."""
    n = N_SAMPLES // 2
    bins = lambda s: (s * tempo - start_s) * NETWORK_RATE_HZ / 2  # noqa: E731
    position = np.arange(n)
    result = np.zeros((12, 3, n), dtype=np.float32)
    for lead, wave, onset, _, offset in record.marks:
        result[lead, wave, max(0, int(np.ceil(bins(onset)))) : max(0, int(bins(offset)) + 1)] = 1.0
    low, high = bins(record.span_s[:, 0])[:, None], bins(record.span_s[:, 1])[:, None]
    unseen = ~((position >= low) & (position <= high))
    result[np.broadcast_to(unseen[:, None], result.shape)] = np.nan
    return result
