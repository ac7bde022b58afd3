"""Smooth random fields, for everything that varies slowly over a picture.

Belongs here: that alone.
"""

import numpy as np


def smooth_field(rng: np.random.Generator, shape: tuple[int, int], cells: int, across: int | None = None) -> np.ndarray:
    """Return a smooth field of mean about 0 and spread about 1, with `cells` by `across` random nodes."""
    down, over = _weights(shape[0], cells), _weights(shape[1], across or cells)
    return np.asarray(down @ rng.standard_normal((down.shape[1], over.shape[1])) @ over.T)


def _weights(n: int, cells: int) -> np.ndarray:
    """Return how much each node adds to each of n samples, (n, nodes): Gaussian, of unit power."""
    at, nodes = np.linspace(0, cells, n)[:, None], np.arange(-1, cells + 2)[None, :]
    weights = np.exp(-(((at - nodes) / 0.7) ** 2) / 2)
    return np.asarray(weights / np.linalg.norm(weights, axis=1, keepdims=True))
