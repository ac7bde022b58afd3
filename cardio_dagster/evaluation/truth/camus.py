"""CAMUS four-chamber stills: our contours against the experts'.

Belongs here: the held-out patients and the comparison of masks at native resolution. Not here: segmentation
(modalities/echo/). Volumes of both sides come from the same method of discs, so that only the contours differ.

Leclerc et al. 2019, doi:10.1109/TMI.2019.2900516. Held out is the fifth of the patients, by a hash of the name, that no step
of the training saw (training/echo_segmentation/data.py has the same rule).
"""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.evaluation.observed import Observed, Sums
from cardio_dagster.evaluation.truth.choose import band, chosen
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.document import describe_with_masks
from cardio_dagster.modalities.echo.segmentation.plausible import ATRIUM, MYOCARDIUM, VENTRICLE
from cardio_dagster.modalities.echo.volumes.discs import annulus_middle, stack_discs

FOLDS, HELD_OUT = 5, 0
PHASES = ("ED", "ES")


@dataclass(frozen=True, slots=True)
class _Still:
    """One still: our labels and the experts' (h, w), the expected Dice, and whether the gates trust it."""

    mask: np.ndarray
    expert: np.ndarray
    mm: float
    confidence: float
    is_trusted: bool


def patients(folder: Path, most: int | None = None) -> tuple[str, ...]:
    """Return the held-out patients of which both stills are there, at most `most` of them."""
    found = (path.stem.removesuffix("_ED") for path in folder.glob("patient*_ED.npz"))
    whole = (name for name in found if (folder / f"{name}_ES.npz").is_file())
    return chosen((name for name in whole if _fold(name) == HELD_OUT), most)


def _fold(patient: str) -> int:
    return int(hashlib.sha256(patient.encode()).hexdigest(), 16) % FOLDS


def observe(folder: Path, options: Options, most: int | None = None) -> Iterator[Observed]:
    """Yield what each patient's two stills say; MachineError where the machine fails."""
    for patient in patients(folder, most):
        yield observed(patient, {phase: _look(folder / f"{patient}_{phase}.npz", options) for phase in PHASES})


def _look(path: Path, options: Options) -> _Still:
    """Run the branch on a still as it would come in, without its mask."""
    with np.load(path) as stored, tempfile.TemporaryDirectory() as folder:
        image, expert, mm = stored["image"], stored["mask"], float(stored["pixel_spacing_mm"])
        np.savez(Path(folder) / "still.npz", image=image, pixel_spacing_mm=mm)
        document, masks = describe_with_masks(Path(folder) / "still.npz", options)
    mask = np.zeros_like(expert) if masks is None else masks[0]
    trusted = masks is not None and all(v.passed for v in document.verdicts if v.gate == "echo_confidence")
    return _Still(mask, expert, mm, document.confidence or 0.0, trusted)


def observed(patient: str, stills: dict[str, _Still]) -> Observed:
    """Return the sums of one patient: Dice of each still, and the error of the ejection fraction between them."""
    ed, es = stills["ED"], stills["ES"]
    ours, theirs = (_fraction_pct(ed, es, of) for of in ("mask", "expert"))
    sums: dict[str, Sums] = {
        "camus_lv_dice_ed": (dice(ed.mask, ed.expert, VENTRICLE), 1.0),
        "camus_lv_dice_es": (dice(es.mask, es.expert, VENTRICLE), 1.0),
        "camus_myocardium_dice": (sum(dice(s.mask, s.expert, MYOCARDIUM) for s in (ed, es)), 2.0),
        "camus_atrium_dice": (sum(dice(s.mask, s.expert, ATRIUM) for s in (ed, es)), 2.0),
        "camus_refused_pct": (100.0 * sum(not s.is_trusted for s in (ed, es)), 2.0),
    }
    if ours is not None and theirs is not None:
        sums |= {"camus_lvef_mae_pct": (abs(ours - theirs), 1.0), "camus_lvef_bias_pct": (ours - theirs, 1.0)}
    groups = {
        "expert ejection fraction": band(theirs, (40.0, 55.0), "%"),
        "frame area": band(float(ed.expert.size) * ed.mm**2 / 100, (150.0, 250.0), "cm²"),
    }
    return Observed("camus", patient, sums, groups, min(ed.confidence, es.confidence))


def dice(ours: np.ndarray, theirs: np.ndarray, label: int) -> float:
    """Return the Dice overlap of one label of two maps; 0 where neither has it, as an answer is expected."""
    a, b = ours == label, theirs == label
    return float(2 * (a & b).sum() / max(int(a.sum() + b.sum()), 1))


def _fraction_pct(ed: _Still, es: _Still, side: str) -> float | None:
    volumes = [_volume_ml(getattr(still, side), still.mm) for still in (ed, es)]
    if volumes[0] is None or volumes[1] is None or volumes[0] <= 0:
        return None
    return 100 * (1 - volumes[1] / volumes[0])


def _volume_ml(mask: np.ndarray, mm: float) -> float | None:
    ventricle = mask == VENTRICLE
    if not ventricle.any():
        return None
    chamber = stack_discs(np.where(ventricle, 1.0, -1.0), ventricle, annulus_middle(ventricle, mask == ATRIUM))
    return None if chamber is None else chamber.volume * mm**3 / 1000
