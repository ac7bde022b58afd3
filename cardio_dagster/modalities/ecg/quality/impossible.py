"""Samples that no heart can make.

Belongs here: finding them and saying so. Not here: missing samples of a file, or the quality of a lead (judge.py).
"""

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.outcome import Problem

IMPOSSIBLE_MV = 20.0  # four times the highest QRS
ARTEFACT_SHARE = 0.01


def without_impossible(signal_mv: np.ndarray, *, limit_mv: float | None = None) -> tuple[np.ndarray, int]:
    """Return the signal with samples beyond 20 mV as NaN, and how many there were.

    A lead with more than 1 % of them has an offset (electrodes drift) or is damaged, and keeps what lies within `limit_mv`
    (None: all); what it is worth is left to the other checks.
    """
    size_mv = np.abs(signal_mv)
    if not float(np.fmax.reduce(size_mv, axis=None, initial=0.0)) > IMPOSSIBLE_MV:
        return signal_mv, 0
    beyond = size_mv > IMPOSSIBLE_MV
    beyond &= beyond.mean(axis=0) <= ARTEFACT_SHARE
    if limit_mv is not None:
        beyond |= size_mv > limit_mv
    count = int(beyond.sum())
    return (np.where(beyond, np.float32(np.nan), signal_mv), count) if count else (signal_mv, 0)


def impossible(count: int) -> tuple[Problem, ...]:
    """Return what is said of so many samples left out; nothing of none."""
    if not count:
        return ()
    return (
        problem(
            "E_QUALITY_002",
            "samples that no heart can make were left out as missing",
            seen=f"{count} samples",
            allowed=f"{IMPOSSIBLE_MV:g} mV either way",
            modality="ecg",
        ),
    )
