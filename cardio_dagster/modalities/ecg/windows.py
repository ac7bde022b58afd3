"""Beats cut out of a signal, side by side, so that all of them are measured at once.

Belongs here: array work shared by whoever looks at beats. Not here: any wave's own rules.
"""

import numpy as np


def cut(signal: np.ndarray, starts: np.ndarray, *, width: int) -> np.ndarray:
    """Return windows of `width` samples from `starts`, shape (n_starts, width, n_leads); edges repeat the last sample."""
    index = np.clip(starts[:, None] + np.arange(width), 0, len(signal) - 1)
    return signal[index]
