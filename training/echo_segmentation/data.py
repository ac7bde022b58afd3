"""CAMUS apical four-chamber stills: reading and the patient-wise split.

Belongs here: what both training and evaluation need; no torch. Not here: tensors (tensors.py).
The split is by a hash of the patient's name, so that it is the same on every machine
and stays the same when patients are added.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

N_FOLDS = 5
HELD_OUT_FOLD = 0


@dataclass(frozen=True)
class Still:
    """One annotated image at native resolution (0.5 mm pixels)."""

    patient: str
    phase: str
    image: np.ndarray  # (h, w) uint8
    mask: np.ndarray  # (h, w) uint8, labels 0 to 3
    pixel_spacing_mm: float


def fold_of(patient: str) -> int:
    """Return the cross-validation fold, 0 to 4, of a patient."""
    return int(hashlib.sha256(patient.encode()).hexdigest(), 16) % N_FOLDS


def read_still(path: Path) -> Still:
    """Read one ``patientNNNN_{ED,ES}.npz``."""
    patient, phase = path.stem.rsplit("_", 1)
    with np.load(path) as stored:
        return Still(patient, phase, stored["image"], stored["mask"], float(stored["pixel_spacing_mm"]))


def read_stills(folder: Path, *, held_out: bool) -> list[Still]:
    """Read either the held-out fifth of the patients or the four fifths to train on."""
    paths = sorted(folder.glob("patient*_E[DS].npz"))
    if not paths:
        raise FileNotFoundError(f"no patient*_ED.npz or patient*_ES.npz in {folder}")
    chosen = [p for p in paths if (fold_of(p.stem.rsplit("_", 1)[0]) == HELD_OUT_FOLD) == held_out]
    return [read_still(path) for path in chosen]
