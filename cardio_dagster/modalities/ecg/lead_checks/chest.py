"""The order and the signs of V1 to V6.

Belongs here: chest leads against their neighbours. Not here: limb leads (limb.py, electrodes.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.lead_checks.problem import LeadProblem

CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")
SHORTER = 0.92  # path with two leads exchanged over the path as named
_UPSIDE_DOWN = -0.3
_PAIRS = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 2))


def chest_problems(likeness: np.ndarray, leads: tuple[str, ...]) -> tuple[LeadProblem, ...]:
    """Return a chest lead upside down, or two exchanged; nothing without all six.

    `likeness` (2, n, n): correlation of each two leads, as they are and of their changes. From V1 to V6 the signal changes
    step by step, so the sum of the distances of neighbours (root of 2 - 2 r) is nearly the least; where exchanging two leads makes
    it less than 0.92 of what it is, they are named. LUDB, exchanged by computing: V1/V2 80 %, V2/V3 92 %, V3/V4 95 %, V4/V5 78 %,
    V5/V6 38 %, V1/V3 95 % named; 2 of 138 unchanged records named.
    """
    if any(lead not in leads for lead in CHEST):
        return ()
    at = [leads.index(lead) for lead in CHEST]
    near = likeness[:, at][:, :, at]
    return _upside_down(near) or _exchanged(near)


def _upside_down(near: np.ndarray) -> tuple[LeadProblem, ...]:
    """Return a lead that runs against both neighbours while they run with each other; V1 and V6 have one neighbour and are not seen."""
    for i in range(1, 5):
        against = max(near[:, i, i - 1].max(), near[:, i, i + 1].max())
        if against < _UPSIDE_DOWN and near[:, i - 1, i + 1].min() > 0.0:
            return (LeadProblem("ECG_LEADS_INVERTED", f"Lead {CHEST[i]} may be upside down", (CHEST[i],), 0.8),)
    return ()


def _exchanged(near: np.ndarray) -> tuple[LeadProblem, ...]:
    distance = np.sqrt(np.maximum(2.0 - 2.0 * near, 0.0)).sum(axis=0)
    named = _path(distance, np.arange(6))
    ratios = [_path(distance, _with_exchanged(pair)) / max(named, 1e-9) for pair in _PAIRS]
    best = int(np.argmin(ratios))
    if ratios[best] >= SHORTER:
        return ()
    one, other = (CHEST[i] for i in _PAIRS[best])
    confidence = round(min(0.95, 0.7 + 2.0 * (SHORTER - ratios[best])), 2)
    return (LeadProblem("ECG_LEADS_CHEST", f"{one} and {other} may be exchanged", (one, other), confidence),)


def _with_exchanged(pair: tuple[int, int]) -> np.ndarray:
    order = np.arange(6)
    order[list(pair)] = pair[::-1]
    return order


def _path(distance: np.ndarray, order: np.ndarray) -> float:
    return float(distance[order[:-1], order[1:]].sum())
