"""Where in the time of each lead something is wrong: flaws of single seconds joined to stretches.

Belongs here: joining, and keeping the list short. Not here: finding the flaws (judge.py) or what they do to beats (readable.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.quality.readable import runs_of
from cardio_dagster.modalities.ecg.signal import EcgQuality, Flaw

MOST = 50  # per lead and flaw; 24 h of noise that comes and goes has thousands of runs


@dataclass(frozen=True, slots=True)
class FlawStretch:
    """Seconds of one lead with the same flaw (the name of a Flaw in small letters); `fraction` of them have it, 1 but in long recordings."""

    flaw: str
    start_s: float
    end_s: float
    fraction: float


def flaw_stretches(quality: EcgQuality) -> dict[str, tuple[FlawStretch, ...]]:
    """Return the stretches of every lead by its name, in the order of time; none where nothing is wrong.

    Neighbouring seconds are one stretch. Of more than 50 of one flaw in one lead those nearest to each other are joined, so that no
    flawed second is left out; `fraction` then says how much of the stretch has the flaw.
    """
    flags = np.ascontiguousarray(quality.flags.T)
    return {lead.lead: _of_lead(row, quality.second_s) for lead, row in zip(quality.leads, flags, strict=True)}


def _of_lead(flags: np.ndarray, second_s: float) -> tuple[FlawStretch, ...]:
    found = [stretch for flaw in Flaw for stretch in _of_flaw(flags & flaw.value > 0, flaw, second_s)]
    return tuple(sorted(found, key=lambda stretch: stretch.start_s))


def _of_flaw(there: np.ndarray, flaw: Flaw, second_s: float) -> list[FlawStretch]:
    name = str(flaw.name).lower()
    return [
        FlawStretch(
            name, round(start * second_s, 4), round(stop * second_s, 4), round(float(there[start:stop].mean()), 4)
        )
        for start, stop in _few(runs_of(there)).tolist()
    ]


def _few(runs: np.ndarray) -> np.ndarray:
    """Return at most MOST runs: only the widest gaps between them still part them."""
    gaps = runs[1:, 0] - runs[:-1, 1]
    kept = np.sort(np.argsort(-gaps, kind="stable")[: MOST - 1])
    starts, stops = np.concatenate((runs[:1, 0], runs[kept + 1, 0])), np.concatenate((runs[kept, 1], runs[-1:, 1]))
    return np.stack((starts, stops), axis=1)
