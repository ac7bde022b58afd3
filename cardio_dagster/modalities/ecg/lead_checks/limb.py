"""The limb leads against each other: Einthoven (I + III = II) and Goldberger (aVR = -(I + II) / 2 and so on).

Belongs here: names, signs and scales of the six limb leads. Not here: electrodes on the wrong limb (electrodes.py), which
leave these relations true.
"""

from functools import lru_cache
from itertools import combinations

import numpy as np

from cardio_dagster.modalities.ecg.lead_checks.problem import LeadProblem

# each limb lead from I and II
FROM_I_AND_II = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
FITS = 0.1  # what does not fit over all, as root mean squares; own limit: rounding and rates of devices stay far below
_SCALED_FITS = 0.2  # with a free scale per lead; LUDB, where each lead has its own, stays below 0.13
_LEAST_FACTOR = 0.02


def limb_residual(products: np.ndarray, leads: tuple[str, ...]) -> float:
    """Return the part of the limb leads that contradicts Einthoven and Goldberger, 0 to 1; 0 without any signal.

    `products` (n, n) are the sums of products of each two of `leads`, at least three of them. The nearest signals that obey
    the relations are the projection on the plane of I and II.
    """
    return float(limb_residuals(products[None], leads)[0])


def limb_residuals(products: np.ndarray, leads: tuple[str, ...]) -> np.ndarray:
    """Return `limb_residual` of each of several sums of products (m, n, n), shape (m,)."""
    return _residuals(products, _off_plane(leads))


def _residuals(products: np.ndarray, off_plane: np.ndarray) -> np.ndarray:
    total = np.trace(products, axis1=1, axis2=2)
    beside = np.maximum((products * off_plane).sum(axis=(1, 2)), 0.0)
    return np.asarray(np.sqrt(np.divide(beside, total, out=np.zeros(len(products)), where=total > 0.0)))


def limb_problems(products: np.ndarray, leads: tuple[str, ...]) -> tuple[LeadProblem, ...]:
    """Return what explains the contradiction.

    The first of these that does: one lead upside down or two names exchanged (whichever leaves less), a scale for each lead, one
    lead alien.
    """
    if len(leads) < 3 or limb_residual(products, leads) <= FITS:
        return ()
    simple = min((_inverted(products, leads), _exchanged(products, leads)), key=lambda found: found[0])
    if simple[0] <= FITS and len(leads) > 3:  # three leads do not tell which of them it is
        return (simple[1],)
    found = _scaled(products, leads) or _alien(products, leads)
    return (found or LeadProblem("ECG_LEADS_MISFIT", "The limb leads do not fit each other", leads, 0.8),)


@lru_cache(maxsize=64)
def _off_plane(leads: tuple[str, ...]) -> np.ndarray:
    plane = np.array([FROM_I_AND_II[lead] for lead in leads])
    return np.asarray(np.eye(len(leads)) - plane @ np.linalg.pinv(plane))


@lru_cache(maxsize=64)
def _off_planes_without_one(leads: tuple[str, ...]) -> np.ndarray:
    """Return `_off_plane` of the others without each lead in turn, (n, n, n), 0 where that lead would be."""
    planes = np.zeros((len(leads),) * 3)
    for i in range(len(leads)):
        rest = [k for k in range(len(leads)) if k != i]
        planes[i][np.ix_(rest, rest)] = _off_plane(tuple(leads[k] for k in rest))
    return planes


def _inverted(products: np.ndarray, leads: tuple[str, ...]) -> tuple[float, LeadProblem]:
    """Return what is left with the best lead turned over, and that lead."""
    signs = 1.0 - 2.0 * np.eye(len(leads))
    left = limb_residuals(products * signs[:, :, None] * signs[:, None, :], leads)
    lead = leads[int(np.argmin(left))]
    return float(left.min()), LeadProblem("ECG_LEADS_INVERTED", f"Lead {lead} is upside down", (lead,), 0.95)


def _exchanged(products: np.ndarray, leads: tuple[str, ...]) -> tuple[float, LeadProblem]:
    """Return what is left with the best pair of names exchanged, and that pair."""
    pairs = list(combinations(range(len(leads)), 2))
    orders = np.tile(np.arange(len(leads)), (len(pairs), 1))
    for order, (i, j) in zip(orders, pairs, strict=True):
        order[i], order[j] = j, i
    left = limb_residuals(products[orders[:, :, None], orders[:, None, :]], leads)
    one, other = (leads[k] for k in pairs[int(np.argmin(left))])
    text = f"Leads {one} and {other} bear each other's name"
    return float(left.min()), LeadProblem("ECG_LEADS_EXCHANGED", text, (one, other), 0.9)


def _without_one(products: np.ndarray, leads: tuple[str, ...]) -> np.ndarray:
    """Return the residual of the others without each lead in turn."""
    others = 1.0 - np.eye(len(leads))
    kept = products * others[:, :, None] * others[:, None, :]
    return _residuals(kept, _off_planes_without_one(leads))


def _alien(products: np.ndarray, leads: tuple[str, ...]) -> LeadProblem | None:
    """Return the lead without which the others fit; four leads or more must stay to tell which it is."""
    if len(leads) < 5:
        return None
    left = _without_one(products, leads)
    best = int(left.argmin())
    if left[best] > FITS:
        return None
    return LeadProblem("ECG_LEADS_MISFIT", f"Lead {leads[best]} does not fit the other limb leads", (leads[best],), 0.9)


def _scaled(products: np.ndarray, leads: tuple[str, ...]) -> LeadProblem | None:
    """Return that each lead has its own scale, where factors exist that make all fit; a negative one is a lead upside down."""
    sizes = np.sqrt(np.diag(products))
    if (sizes == 0.0).any() or len(leads) < 4:
        return None
    left, factors = np.linalg.eigh(products * _off_plane(leads) / np.outer(sizes, sizes))
    if np.sqrt(max(left[0], 0.0)) > _SCALED_FITS or left[1] < 4.0 * max(left[0], 1e-9):
        return None
    if len(leads) > 4 and np.sqrt(max(left[0], 0.0)) > 2.0 * _without_one(products, leads).min():
        return None  # one alien lead is the better story
    signed = factors[:, 0] * np.sign(np.median(factors[:, 0]) or 1.0) / sizes
    if np.abs(signed).min() < _LEAST_FACTOR * np.abs(signed).max():  # a lead that is left out fits nothing
        return None
    down = tuple(lead for lead, factor in zip(leads, signed, strict=True) if factor < 0.0)
    if down:
        text = f"Lead {', '.join(down)} upside down, and the limb leads have no common scale"
        return LeadProblem("ECG_LEADS_INVERTED", text, down, 0.8) if len(down) == 1 else None
    text = "The limb leads have no common scale: amplitudes and the axis cannot be compared between leads"
    return LeadProblem("ECG_LEADS_SCALE", text, leads, 0.9)
