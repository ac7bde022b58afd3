"""CAMUS apical four-chamber stills: reading and the patient-wise split.

Belongs here: what both training and evaluation need; no torch. Not here: tensors (tensors.py).
The split is by a hash of the patient's name, so that it is the same on every machine
and stays the same when patients are added.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.demo.simulated_echo import simulate_still

N_FOLDS = 5
HELD_OUT_FOLD = 0
FIRST_SEED = 1_000_000  # of the simulated stills; the benchmark's clips start elsewhere


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


def half_of(patient: str) -> int:
    """Return 0 or 1: the half of the training patients, for networks that judge the other half."""
    return int(hashlib.sha256(f"half {patient}".encode()).hexdigest(), 16) % 2


def read_stills(folder: Path, *, held_out: bool, half: int | None = None) -> list[Still]:
    """Read either the held-out fifth of the patients or the four fifths to train on, or one `half` of these."""
    paths = sorted(folder.glob("patient*_E[DS].npz"))
    if not paths:
        raise FileNotFoundError(f"no patient*_ED.npz or patient*_ES.npz in {folder}")
    names = {path: path.stem.rsplit("_", 1)[0] for path in paths}
    chosen = [p for p in paths if (fold_of(names[p]) == HELD_OUT_FOLD) == held_out]
    return [read_still(p) for p in chosen if half is None or half_of(names[p]) == half]


def simulated_stills(count: int) -> list[Still]:
    """Draw `count` simulated stills; their masks are what the simulator knows to be true."""
    drawn = (simulate_still(seed) for seed in range(FIRST_SEED, FIRST_SEED + count))
    return [Still("simulated", "", s.image, s.mask, s.pixel_spacing_mm) for s in drawn]
