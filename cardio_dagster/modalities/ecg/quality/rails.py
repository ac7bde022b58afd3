"""Samples that stick to the highest or lowest value a lead has.

Belongs here: finding them. Not here: how many are too many.
"""

import numpy as np

FLAT_MV = 0.01  # peak to peak; the smallest QRS that is read is 0.05 mV
_RUN = 5  # equal samples in a row


def rail_samples(leads_mv: np.ndarray) -> np.ndarray:
    """Return where a lead stays at its highest or lowest value for five samples or more, bool (n_leads, n_samples).

    A lead that spans less than 0.01 mV is flat, not at a rail.
    """
    found = np.zeros(leads_mv.shape, dtype=bool)
    low, high = leads_mv.min(axis=1), leads_mv.max(axis=1)
    for i in np.flatnonzero(high - low >= FLAT_MV):
        for rail in (low[i], high[i]):
            at = leads_mv[i] == rail
            if np.count_nonzero(at) >= _RUN:
                found[i] |= _runs(at)
    return found


def _runs(at: np.ndarray) -> np.ndarray:
    """Return `at` without runs shorter than five."""
    edges = np.flatnonzero(np.diff(at.astype(np.int8), prepend=0, append=0))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= _RUN
    change = np.zeros(len(at) + 1, dtype=np.int8)
    change[starts[long]] += 1
    change[ends[long]] -= 1
    return np.asarray(np.cumsum(change[:-1]) > 0)
