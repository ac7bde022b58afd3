"""The beat model: from features of candidates to probabilities.

Belongs here: running it. Not here: the features (features.py), or what follows from the answer (find.py).
"""

import numpy as np

from cardio_dagster.models.catalogue import load_session

MODEL = "ecg_beats"


def beat_probabilities(features: np.ndarray, *, threads: int) -> np.ndarray:
    """Return the probabilities (n, 3) of no beat, a normal-like and a ventricular one for features (n, n_features), float32."""
    session = load_session(MODEL, threads=threads)
    return np.asarray(session.run(None, {"features": features})[0], dtype=np.float64)
