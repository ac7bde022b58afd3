"""Repeated cross-validation by patient: probabilities of every recording from models that did not see it.

Belongs here: the split and the fitting. Not here: figures (evaluate.py).
"""

import numpy as np
import torch

from training.ecg_rhythm.data import Examples
from training.ecg_rhythm.model import N_CLASSES, fit

N_FOLDS = 5


def fold_of_rows(examples: Examples, *, seed: int) -> np.ndarray:
    """Return the fold of each row: patients dealt out in turn, each source and label by itself."""
    rng = np.random.default_rng(seed)
    _, first = np.unique(examples.patient, return_index=True)
    order = rng.permutation(first)
    strata = sorted(order, key=lambda i: (examples.source[i], examples.label[i]))
    fold = {examples.patient[i]: (k + seed) % N_FOLDS for k, i in enumerate(strata)}
    return np.array([fold[patient] for patient in examples.patient])


def out_of_fold(examples: Examples, *, seed: int, has_signal: bool = True, n_atrial: int) -> np.ndarray:
    """Return probabilities (n_whole, 4) of the whole recordings; without signal their last `n_atrial` features are unknown."""
    fold = fold_of_rows(examples, seed=seed)
    result = np.zeros((int(examples.is_whole.sum()), N_CLASSES))
    for k in range(N_FOLDS):
        seen, asked = fold != k, (fold == k) & examples.is_whole
        rows = (examples.features, examples.label, examples.weight, examples.patient)
        network = fit(*(column[seen] for column in rows), seed=seed)
        features = examples.features[asked].copy()
        if not has_signal:
            features[:, -n_atrial:] = np.nan
        with torch.no_grad():
            result[fold[examples.is_whole] == k] = network(torch.from_numpy(features)).numpy()
    return result
