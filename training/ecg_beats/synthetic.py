"""Extrasystoles put into recordings: three patients with many of them do not show a network how varied they are.

Belongs here: removing a beat and putting another in its place. Not here: reading (data.py), noise (noise.py).
Ventricular ones are sums of wide bumps with a discordant T wave; supraventricular ones are the patient's own beats, moved.
"""

from dataclasses import dataclass, replace

import numpy as np

from training.ecg_beats.recording import NORMAL, VENTRICULAR, Recording

_OWN_S = (0.25, 0.4)  # of a beat, before and after its peak


@dataclass(frozen=True)
class Ectopic:
    """The shape of one ectopic focus, bumps (n_bumps, 2) of centre and spread in s, and their size in each lead."""

    bumps_s: np.ndarray
    size: np.ndarray

    def drawn(self, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
        """Return one beat, (2 s, n_leads), its QRS at 1 s; no two are quite alike."""
        t = np.arange(-rate_hz, rate_hz) / rate_hz * rng.uniform(0.95, 1.05)
        shapes = np.exp(-0.5 * ((t[:, None] - self.bumps_s[:, 0]) / self.bumps_s[:, 1]) ** 2)
        return shapes @ (self.size * rng.normal(1.0, 0.05, self.size.shape)) * rng.uniform(0.9, 1.1)


def focus(usual_mv: np.ndarray, rng: np.random.Generator) -> Ectopic:
    """Return a focus for leads whose usual QRS spans `usual_mv` (n_leads,)."""
    duration_s, n_bumps = rng.uniform(0.11, 0.22), rng.integers(1, 4)
    centre = rng.uniform(-0.3, 0.3, n_bumps) * duration_s
    spread = rng.uniform(0.12, 0.3, n_bumps) * duration_s
    # leads see one dipole: three directions in common, and a little of their own
    seen = rng.normal(size=(n_bumps, 3)) @ rng.normal(size=(3, len(usual_mv))) + 0.3 * rng.normal(
        size=(n_bumps, len(usual_mv))
    )
    t = np.linspace(-0.2, 0.2, 81)
    span = np.ptp(np.exp(-0.5 * ((t[:, None] - centre) / spread) ** 2) @ seen, axis=0)
    size = seen / np.maximum(span, 0.3) * usual_mv * np.exp(rng.uniform(np.log(0.4), np.log(2.5)))
    area = (size * spread[:, None]).sum(axis=0)
    t_spread = rng.uniform(0.04, 0.09)
    t_size = -area / t_spread * rng.uniform(0.2, 0.9)
    bumps = np.column_stack((centre, spread))
    wave = [[duration_s / 2 + rng.uniform(0.12, 0.25), t_spread]]
    return Ectopic(np.vstack((bumps, wave)), np.vstack((size, t_size)))


def with_extrasystoles(recording: Recording, rng: np.random.Generator, *, share: float) -> Recording:
    """Return the recording with about `share` of its beats replaced: singles, every second one, runs; some supraventricular.

    Only normal beats between normal ones change. Where one is put, annotation follows.
    """
    x = recording.signal_mv.astype(float)
    beat_s, kind = recording.beat_s.copy(), recording.beat_class.copy()
    usual = np.ptp(_windows(x, beat_s, recording.sampling_rate_hz), axis=1)
    if len(beat_s) < 6:
        return recording
    foci = [focus(np.median(usual, axis=0), rng) for _ in range(rng.choice((1, 1, 2, 3)))]
    many, usual_rr = rng.random() < 0.2, float(np.median(np.diff(beat_s)))
    k = 1 + int(rng.integers(0, 4))
    while k < len(beat_s) - 1:
        length = int(rng.choice((1, 2, 3, 6), p=(0.75, 0.15, 0.05, 0.05)))
        members = np.arange(k, min(k + length, len(beat_s) - 1))
        if rng.random() < 0.25:
            length, members = 1, members[:1]
            _move(x, beat_s, k, recording.sampling_rate_hz, rng)
        elif (kind[k - 1 : members[-1] + 2] == NORMAL).all():
            _put(x, beat_s, members, foci, rng, rate_hz=recording.sampling_rate_hz, usual_rr_s=usual_rr)
            kind[members] = VENTRICULAR
        k = int(members[-1]) + (2 if many else 1 + max(1, round(rng.exponential(length / share))))
    return replace(recording, signal_mv=x, beat_s=beat_s, beat_class=kind)


def _windows(x: np.ndarray, beat_s: np.ndarray, rate_hz: float) -> np.ndarray:
    middle = np.round(beat_s * rate_hz).astype(int)
    reach = round(0.06 * rate_hz)
    return x[np.clip(middle[:, None] + np.arange(-reach, reach + 1), 0, len(x) - 1)]


def _erase(x: np.ndarray, first: int, last: int) -> None:
    """Put a straight line between two samples."""
    first, last = max(first, 0), min(last, len(x) - 1)
    part = np.linspace(0.0, 1.0, max(last - first, 1))[:, None]
    x[first : first + len(part)] = x[first] * (1 - part) + x[last] * part


def _put(
    x: np.ndarray,
    beat_s: np.ndarray,
    members: np.ndarray,
    foci: list[Ectopic],
    rng: np.random.Generator,
    *,
    rate_hz: float,
    usual_rr_s: float,
) -> None:
    """Erase the beats `members` and put ectopic ones between their neighbours."""
    before, after = beat_s[members[0] - 1], beat_s[members[-1] + 1]
    room = max(after - before, 0.5)
    least = 0.3 if len(members) == 1 else 0.27
    step = min(rng.uniform(0.45, 1.0) * usual_rr_s, (room - 0.3) / len(members))
    if step < least:
        return
    for k in members:
        low = beat_s[k - 1] + 0.3 if k == members[0] else beat_s[k] - 0.3
        high = min(beat_s[k] + 0.45, beat_s[k + 1] - 0.2) if k == members[-1] else beat_s[k] + 0.5
        _erase(x, round(max(low, beat_s[k] - 0.28) * rate_hz), round(high * rate_hz))
    beat_s[members] = before + step * (1 + np.arange(len(members)) * rng.uniform(0.95, 1.0))
    chosen = rng.integers(len(foci)), rng.integers(len(foci))  # some runs change their shape after the first beat
    for place, time in enumerate(beat_s[members]):
        _add(x, foci[chosen[min(place, 1)]].drawn(rate_hz, rng), round(time * rate_hz) - round(rate_hz))


def _move(x: np.ndarray, beat_s: np.ndarray, k: int, rate_hz: float, rng: np.random.Generator) -> None:
    """Move one beat forward as it is: premature, of the usual shape."""
    low, high = (round((beat_s[k] + edge) * rate_hz) for edge in (-_OWN_S[0], _OWN_S[1]))
    if low < 0 or high >= len(x) or beat_s[k] - beat_s[k - 1] < 0.5 or beat_s[k + 1] - beat_s[k] < 0.55:
        return
    own = x[low:high] - np.linspace(0.0, 1.0, high - low)[:, None] * (x[high] - x[low]) - x[low]
    most_s = beat_s[k] - beat_s[k - 1] - 0.36
    by_s = min(rng.uniform(0.1, 0.45) * (beat_s[k] - beat_s[k - 1]), most_s)
    _erase(x, low, high)
    _add(x, own, low - round(by_s * rate_hz))
    beat_s[k] -= by_s


def _add(x: np.ndarray, wave: np.ndarray, start: int) -> None:
    first, last = max(start, 0), min(start + len(wave), len(x))
    if last > first:
        x[first:last] += wave[first - start : last - start]
