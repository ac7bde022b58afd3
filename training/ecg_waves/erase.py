"""P waves taken out of annotated records: LUDB has no regular rhythm without them, and a network would learn that there is none.

Belongs here: erasing P waves, and flutter of the atria in their place. Not here: other variants (augment.py).
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.modalities.ecg.waves.input import NETWORK_RATE_HZ
from training.ecg_waves.data import Record

_SHARE_ALL, _SHARE_SOME = 0.15, 0.15  # of the samples: every P wave erased, or that of some beats
_BEATS_OF_SOME = 0.25
_BESIDE_S = 0.010


def without_p(record: Record, at_250: np.ndarray, rng: np.random.Generator) -> tuple[Record, np.ndarray]:
    """Return record and signal, in some of the samples without (some) P waves; a straight line with the lead's noise is in their place."""
    draw = rng.random()
    if draw > _SHARE_ALL + _SHARE_SOME:
        return record, at_250
    everywhere = draw < _SHARE_ALL
    erased = np.ones(len(record.beat_s), bool) if everywhere else rng.random(len(record.beat_s)) < _BEATS_OF_SOME
    leads, presence, edges = at_250.copy(), record.presence.copy(), record.edges_s.copy()
    for beat in np.flatnonzero(erased):
        for lead in np.flatnonzero(presence[beat, :, 0] == 1):
            _flatten(leads[lead], edges[beat, lead, 0] - _BESIDE_S, edges[beat, lead, 1] + _BESIDE_S, rng)
    marks = [m for m in record.marks if m[1] != 0 or not erased[_beat_after(record, m[4])]]
    presence[erased, :, 0] = np.where(np.isfinite(presence[erased, :, 0]), 0.0, np.nan)
    edges[erased, :, :2] = np.nan
    if everywhere and rng.random() < 0.5:
        leads = leads + _fibrillation(leads, rng)
    return replace(record, marks=marks, presence=presence, edges_s=edges), leads


def _beat_after(record: Record, time_s: float) -> int:
    return min(int(np.searchsorted(record.beat_s, time_s)), len(record.beat_s) - 1)


def _flatten(lead: np.ndarray, start_s: float, stop_s: float, rng: np.random.Generator) -> None:
    first, last = max(0, round(start_s * NETWORK_RATE_HZ)), min(len(lead) - 1, round(stop_s * NETWORK_RATE_HZ))
    n = last - first + 1
    if n < 3:
        return
    noise = np.median(np.abs(np.diff(lead, n=2))) / 0.6745 / np.sqrt(6.0)
    line = np.linspace(lead[max(0, first - 2) : first + 1].mean(), lead[last : last + 3].mean(), n)
    lead[first : last + 1] = line + rng.normal(0, noise, n)


def _fibrillation(leads: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return three drifting tones of 4 to 9 Hz, as strong in each lead as it happens, up to a tenth of the highest deflection."""
    t = np.arange(leads.shape[1]) / NETWORK_RATE_HZ
    total = np.zeros_like(leads)
    size = 0.1 * np.percentile(np.abs(leads), 99, axis=1, keepdims=True) * rng.uniform(0.1, 1.0)
    for _ in range(3):
        drift = 2.0 * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * t + rng.uniform(0, 6.28))
        tone = np.sin(2 * np.pi * rng.uniform(4, 9) * t + drift + rng.uniform(0, 6.28))
        total += rng.normal(size=(len(leads), 1)) * tone
    return np.asarray(size * total, dtype=leads.dtype)
