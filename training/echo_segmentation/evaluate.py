"""Measure the shipped model on the held-out fifth of the patients, through the package's own door.

Usage: python -m training.echo_segmentation.evaluate DATA [--limit N]

Each still goes through the verbs of the echo branch as an NPZ file would; masks are compared with
the experts' at native resolution. Volumes of both come from the same method of discs, the experts'
at native resolution; the ejection fraction pairs a patient's two stills.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import binary_erosion, distance_transform_edt

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.document import describe_with_masks
from cardio_dagster.modalities.echo.segmentation.plausible import ATRIUM, MYOCARDIUM, VENTRICLE
from cardio_dagster.modalities.echo.volumes.discs import annulus_middle, stack_discs
from cardio_dagster.models import catalogue
from training.echo_segmentation.data import Still, read_stills
from training.echo_segmentation.tensors import relight
from training.echo_segmentation.train import SEED

BAD_DICE = 0.85


@dataclass(frozen=True)
class Result:
    """One still: Dice of ventricle, myocardium and atrium, contour distance, confidence, both volumes (NaN without)."""

    patient: str
    phase: str
    dice: tuple[float, float, float]
    contour_mm: float
    confidence: float
    is_trusted: bool
    volume_ml: float
    expert_volume_ml: float


def measure_still(still: Still, folder: Path) -> Result:
    """Run the branch on one still and compare it with the expert's mask."""
    path = folder / "still.npz"
    np.savez(path, image=still.image, pixel_spacing_mm=still.pixel_spacing_mm)
    document, masks = describe_with_masks(path, Options())
    mask = np.zeros_like(still.mask) if masks is None else masks[0]
    return Result(
        still.patient,
        still.phase,
        (dice(mask, still.mask, VENTRICLE), dice(mask, still.mask, MYOCARDIUM), dice(mask, still.mask, ATRIUM)),
        contour_distance_mm(mask == VENTRICLE, still.mask == VENTRICLE, still.pixel_spacing_mm),
        document.confidence or 0.0,
        all(v.passed for v in document.verdicts if v.gate == "echo_confidence"),
        volume_ml(mask, still.pixel_spacing_mm),
        volume_ml(still.mask, still.pixel_spacing_mm),
    )


def volume_ml(mask: np.ndarray, mm: float) -> float:
    """Return the disc volume of the ventricle of a label map at native resolution; NaN without one."""
    ventricle = mask == VENTRICLE
    if not ventricle.any():
        return np.nan
    chamber = stack_discs(np.where(ventricle, 1.0, -1.0), ventricle, annulus_middle(ventricle, mask == ATRIUM))
    return np.nan if chamber is None else chamber.volume * mm**3 / 1000


def dice(a: np.ndarray, b: np.ndarray, label: int) -> float:
    """Return the Dice overlap of one label of two maps."""
    x, y = a == label, b == label
    return float(2 * (x & y).sum() / max(x.sum() + y.sum(), 1))


def contour_distance_mm(a: np.ndarray, b: np.ndarray, mm: float) -> float:
    """Return the mean distance between two contours, there and back; NaN without one of them."""
    if not (a.any() and b.any()):
        return np.nan
    edge_a, edge_b = (m & ~binary_erosion(m) for m in (a, b))
    there, back = distance_transform_edt(~edge_b)[edge_a], distance_transform_edt(~edge_a)[edge_b]
    return float(mm * (there.mean() + back.mean()) / 2)


def ejection_fractions(results: Sequence[Result]) -> np.ndarray:
    """Return (patients, 2): the ejection fraction in percent from our contours and from the experts'."""
    patients: dict[str, dict[str, Result]] = {}
    for result in results:
        patients.setdefault(result.patient, {})[result.phase] = result
    pairs = [(p["ED"], p["ES"]) for p in patients.values() if {"ED", "ES"} <= set(p)]
    both = [
        (100 * (1 - es.volume_ml / ed.volume_ml), 100 * (1 - es.expert_volume_ml / ed.expert_volume_ml))
        for ed, es in pairs
    ]
    return np.array(both)


def figures(results: Sequence[Result]) -> dict[str, float]:
    """Return what `make bench-echo` promises, by name."""
    scores = {phase: np.array([r.dice for r in results if r.phase == phase]) for phase in ("ED", "ES")}
    everything = np.concatenate(list(scores.values()))
    fractions = ejection_fractions(results)
    error = fractions[:, 0] - fractions[:, 1]
    return {
        "LV Dice ED": scores["ED"][:, 0].mean(),
        "LV Dice ES": scores["ES"][:, 0].mean(),
        "myocardium Dice": everything[:, 1].mean(),
        "left atrium Dice": everything[:, 2].mean(),
        "LV contour distance mm": float(np.nanmean([r.contour_mm for r in results])),
        "EF mean absolute error": np.abs(error).mean(),
        "EF bias": error.mean(),
        "EF correlation": np.corrcoef(fractions.T)[0, 1],
        **confidence_figures(results),
        "refused by the shipped threshold": float(np.mean([not r.is_trusted for r in results])),
    }


def confidence_figures(results: Sequence[Result]) -> dict[str, float]:
    """Return how well the confidence sorts bad contours of the ventricle from good ones."""
    lv, confidence = (np.array(v) for v in zip(*[(r.dice[0], r.confidence) for r in results], strict=True))
    bad = lv < BAD_DICE
    threshold = np.quantile(confidence[~bad], 0.05)
    return {
        "contours": float(len(lv)),
        "contours with Dice under 0.85": float(bad.sum()),
        "of them refused, keeping 95 % of the good": (confidence[bad] < threshold).mean() if bad.any() else np.nan,
        "confidence, correlation with Dice": np.corrcoef(confidence, lv)[0, 1],
        "confidence, mean absolute error": np.abs(confidence - lv).mean(),
    }


def spoil(stills: Sequence[Still], copies: int) -> list[Still]:
    """Return `copies` spoilt copies of each still: gain, shadow, haze and noise, each put on twice."""
    rng = torch.Generator().manual_seed(SEED)
    spoilt = []
    for still in list(stills) * copies:
        image = torch.from_numpy(still.image)[None, None].float() / 255
        bad = relight(relight(image, rng), rng)[0, 0]
        spoilt.append(replace(still, image=(bad * 255).to(torch.uint8).numpy()))
    return spoilt


def measure(stills: Sequence[Still]) -> list[Result]:
    """Measure every still."""
    with tempfile.TemporaryDirectory() as folder:
        return [measure_still(still, Path(folder)) for still in stills]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with patientNNNN_{ED,ES}.npz")
    parser.add_argument("--limit", type=int, help="measure only the first N stills")
    arguments = parser.parse_args()
    stills = read_stills(arguments.data, held_out=True)[: arguments.limit]
    print(f"model {catalogue.fingerprint('echo_segmentation')[:12]}, {len(stills)} held-out stills")
    results = measure(stills)
    for name, value in figures(results).items():
        print(f"{name:45s} {value:.4f}")
    for r in sorted(results, key=lambda r: r.dice[0])[:5]:
        print(f"  worst: LV Dice {r.dice[0]:.3f} at confidence {r.confidence:.3f} ({r.phase})")


if __name__ == "__main__":
    main()
