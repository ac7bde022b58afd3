"""Experts' marks in WFDB annotation files.

Belongs here: reading one file. Not here: what the symbols mean (ludb.py, rhythms.py).
"""

import warnings
from pathlib import Path

import numpy as np


def read_marks(base: Path, extension: str) -> tuple[np.ndarray, list[str]]:
    """Return times in seconds and symbols of the annotations `base`.`extension`; the rate is that of the header."""
    with warnings.catch_warnings():  # pandas 3 warns while wfdb 4.3 is imported
        warnings.simplefilter("ignore")
        import wfdb
    marks = wfdb.rdann(str(base), extension)
    return np.asarray(marks.sample) / float(wfdb.rdheader(str(base)).fs), list(marks.symbol)
