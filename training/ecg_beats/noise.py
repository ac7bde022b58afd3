"""Changed copies of recordings: fewer leads, bursts of noise, another speed, extrasystoles put in.

Belongs here: what is changed at random. Not here: extrasystoles themselves (synthetic.py).
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from training.ecg_beats.recording import Recording
from training.ecg_beats.synthetic import with_extrasystoles


def variants(recording: Recording, rng: np.random.Generator) -> Iterator[tuple[Recording, int]]:
    """Yield the recording and changed copies; with each, 1 where extrasystoles were put in and 0 elsewhere."""
    n_leads = recording.signal_mv.shape[1]
    few = [rng.choice(n_leads, size=min(size, n_leads), replace=False) for size in (1, 1, 2)]
    yield recording, 0
    for leads in (np.arange(n_leads), *few[: min(n_leads, 3)]):
        part = replace(recording, signal_mv=recording.signal_mv[:, leads])
        yield replace(part, signal_mv=with_noise(part, rng)), 0
        if n_leads > 1:
            yield _faster(part, rng), 0
    for leads in (np.arange(n_leads), few[0], few[2]):
        part = _faster(replace(recording, signal_mv=recording.signal_mv[:, leads]), rng)
        part = with_extrasystoles(part, rng, share=rng.choice((0.02, 0.08, 0.2)))
        yield (replace(part, signal_mv=with_noise(part, rng)) if rng.random() < 0.5 else part), 1


def _faster(recording: Recording, rng: np.random.Generator) -> Recording:
    """Return the recording played faster or slower by up to a sixth."""
    speed = rng.uniform(0.86, 1.16)
    return replace(
        recording,
        sampling_rate_hz=recording.sampling_rate_hz * speed,
        beat_s=recording.beat_s / speed,
        known_s=(recording.known_s[0] / speed, recording.known_s[1] / speed),
    )


def with_noise(recording: Recording, rng: np.random.Generator) -> np.ndarray:
    """Return the signal with bursts of muscle noise, slow and fast swings and steps, each on one lead for some seconds."""
    x = recording.signal_mv.astype(float)
    rate_hz = recording.sampling_rate_hz
    usual = np.percentile(np.abs(x), 99, axis=0)
    for _ in range(max(1, round(len(x) / rate_hz / 8))):
        lead, length = rng.integers(x.shape[1]), min(len(x), round(rng.uniform(0.3, 5.0) * rate_hz))
        start = rng.integers(len(x) - length + 1)
        white = rng.normal(size=length)
        kind, most = rng.integers(4), 1.0
        if kind == 0:
            burst = white
        elif kind == 1:
            burst = np.convolve(white, np.ones(max(2, round(rate_hz * rng.uniform(0.02, 0.15)))), mode="same")[:length]
        elif kind == 2:  # the electrode moves: slow and often larger than any beat
            burst, most = (
                np.convolve(white, np.hanning(max(8, round(rate_hz * rng.uniform(0.2, 0.8)))), mode="same")[:length],
                3.0,
            )
        else:
            burst = np.cumsum(white * (rng.random(length) < 4.0 / rate_hz))
        size = np.exp(rng.uniform(np.log(0.05), np.log(most))) * usual[lead]
        x[start : start + length, lead] += size * burst / max(float(np.std(burst)), 1e-9) * np.hanning(length) ** 0.25
    return x
