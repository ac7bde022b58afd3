"""The rhythm model: from numbers to probabilities.

Belongs here: running it. Not here: the numbers (features.py), or what follows from the answer (decision.py).
"""

import numpy as np

from cardio_dagster.models.catalogue import load_session

MODEL = "ecg_rhythm"
CLASSES = ("sinus", "afib", "other", "noise")
SINUS, AFIB, OTHER, NOISE = range(4)


def rhythm_probabilities(features: np.ndarray, *, threads: int) -> np.ndarray:
    """Return the probabilities (n, 4) of CLASSES for features (n, n_features) as float32, NaN where unknown."""
    session = load_session(MODEL, threads=threads)
    return np.asarray(session.run(None, {"features": features})[0])
