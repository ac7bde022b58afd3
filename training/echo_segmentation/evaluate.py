"""Measure the shipped model on the held-out fifth of the patients, through the package's own code.

Usage: python -m training.echo_segmentation.evaluate DATA [--limit N]

Each still goes through the verbs of the echo branch as an NPZ file would; masks are compared
with the experts' at native resolution. Volumes of both come from the same method of discs, the
experts' at native resolution; the ejection fraction pairs a patient's two stills.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo import BRANCH
from cardio_dagster.modalities.echo.detect import ATRIUM, MYOCARDIUM, VENTRICLE
from cardio_dagster.modalities.echo.volumes.discs import annulus_middle, measure_chamber, stack_discs
from cardio_dagster.modalities.echo.segmentation.letterbox import native_labels
from cardio_dagster.models import catalogue
from training.echo_segmentation.data import Still, read_stills


@dataclass(frozen=True)
class Result:
    """One still: Dice per structure, confidence, and the two volumes in ml (NaN without)."""

    patient: str
    phase: str
    dice: tuple[float, float, float]
    confidence: float
    volume_ml: float
    expert_volume_ml: float


def measure_still(still: Still, folder: Path) -> Result:
    """Run the branch on one still and compare it with the expert's mask."""
    path = folder / "still.npz"
    np.savez(path, image=still.image, pixel_spacing_mm=still.pixel_spacing_mm)
    options = Options()
    prepared = BRANCH.preprocess(BRANCH.validate(path, options).data, options).data
    found = BRANCH.detect(prepared, options).data
    expert = expert_volume_ml(still)
    if found is None:
        return Result(still.patient, still.phase, (0.0, 0.0, 0.0), 0.0, np.nan, expert)
    mask = next(native_labels(found, prepared.letterbox))
    scores = tuple(dice(mask == label, still.mask == label) for label in (VENTRICLE, MYOCARDIUM, ATRIUM))
    chamber = measure_chamber(found.labels[0], found.probabilities[0], VENTRICLE, ATRIUM)
    mm = still.pixel_spacing_mm * prepared.letterbox.side / prepared.letterbox.size
    volume = np.nan if chamber is None else chamber.volume * mm**3 / 1000
    return Result(still.patient, still.phase, scores, found.median_confidence, volume, expert)


def expert_volume_ml(still: Still) -> float:
    """Return the disc volume of the expert's ventricle at native resolution."""
    ventricle = still.mask == VENTRICLE
    field = np.where(ventricle, 1.0, -1.0)
    chamber = stack_discs(field, ventricle, annulus_middle(ventricle, still.mask == ATRIUM))
    return np.nan if chamber is None else chamber.volume * still.pixel_spacing_mm**3 / 1000


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Dice overlap of two masks."""
    return float(2 * (a & b).sum() / max(a.sum() + b.sum(), 1))


def report(results: list[Result]) -> None:
    """Print Dice, volumes, ejection fraction and what the confidence is worth."""
    for phase in ("ED", "ES"):
        chosen = np.array([r.dice for r in results if r.phase == phase])
        print(
            f"{phase}: Dice LV {chosen[:, 0].mean():.4f}, myocardium {chosen[:, 1].mean():.4f}, left atrium {chosen[:, 2].mean():.4f} ({len(chosen)} stills)"
        )
    everything = np.array([r.dice for r in results])
    print(
        f"both: Dice LV {everything[:, 0].mean():.4f}, myocardium {everything[:, 1].mean():.4f}, left atrium {everything[:, 2].mean():.4f}"
    )
    _report_agreement("LV volume, ml", np.array([[r.volume_ml, r.expert_volume_ml] for r in results]))
    _report_agreement("EF, points", np.array(_ejection_fractions(results)))
    confidence, lv = np.array([[r.confidence, r.dice[0]] for r in results]).T
    print(
        f"confidence: 1st, 5th, 50th percentile {np.percentile(confidence, (1, 5, 50)).round(3)}; correlation with LV Dice {np.corrcoef(confidence, lv)[0, 1]:.2f}"
    )
    for r in sorted(results, key=lambda r: r.dice[0])[:5]:
        print(f"  worst: LV Dice {r.dice[0]:.3f} at confidence {r.confidence:.3f} ({r.phase})")


def _ejection_fractions(results: list[Result]) -> list[tuple[float, float]]:
    by_patient: dict[str, dict[str, Result]] = {}
    for result in results:
        by_patient.setdefault(result.patient, {})[result.phase] = result
    pairs = [p for p in by_patient.values() if {"ED", "ES"} <= set(p)]
    return [
        (
            100 * (1 - p["ES"].volume_ml / p["ED"].volume_ml),
            100 * (1 - p["ES"].expert_volume_ml / p["ED"].expert_volume_ml),
        )
        for p in pairs
    ]


def _report_agreement(name: str, pairs: np.ndarray) -> None:
    known = pairs[np.isfinite(pairs).all(axis=1)]
    error = known[:, 0] - known[:, 1]
    print(
        f"{name}: mean absolute error {np.abs(error).mean():.2f}, bias {error.mean():.2f}, "
        f"correlation {np.corrcoef(known.T)[0, 1]:.3f} ({len(known)} of {len(pairs)})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with patientNNNN_{ED,ES}.npz")
    parser.add_argument("--limit", type=int, help="measure only the first N stills")
    arguments = parser.parse_args()
    stills = read_stills(arguments.data, held_out=True)[: arguments.limit]
    print(
        f"model {catalogue.fingerprint('echo_segmentation')[:12]}, {len(stills)} held-out stills of {len({s.patient for s in stills})} patients"
    )
    with tempfile.TemporaryDirectory() as folder:
        report([measure_still(still, Path(folder)) for still in stills])


if __name__ == "__main__":
    main()
