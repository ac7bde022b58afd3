"""DETECTION in an echo clip: ventricle, myocardium and atrium on every prepared frame.

Belongs here: the order of looking, cleaning and judging. Not here: preparing (preprocess.py),
the steps themselves (segmentation/) or measuring (analyse.py).
"""

from pathlib import Path

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import PreparedClip, Segmentation
from cardio_dagster.modalities.echo.gates import AREA_SHARE_MIN, CONFIDENCE_GATE, FOUND_GATE
from cardio_dagster.modalities.echo.segmentation import confidence, network, plausible
from cardio_dagster.modalities.echo.segmentation.plausible import VENTRICLE
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Problem, Step

MODELS = (network.MODEL, confidence.MODEL, "echo_view")
SAMPLED = (
    6  # frames of a clip that are looked at several times; a clip of no more is, frame by frame, nothing but stills
)


def detect(prepared: PreparedClip, options: Options) -> Step[Segmentation]:
    """Label every frame with the network and say how far to trust each.

    A still is looked at several times (segmentation/network.py) and the mean taken; the frames of a
    clip steady each other, and how well several looks agree is sampled on a few of them. The confidence of a frame is the Dice that is to be expected of its
    ventricle; without one it is 0. Below the gate the step carries E_DETECT_002 and `trusted` is
    false; where too few frames show a ventricle there is no data, only E_DETECT_001.

    MemoryError, ModelLoadError and ModelHashError pass through.
    """
    use_models(options)
    probabilities, agreement = _look(prepared.images, options)
    raw = probabilities.argmax(1).astype(np.uint8)
    labels = plausible.clean(raw)
    ventricle = labels == VENTRICLE
    found = FOUND_GATE.judge(float(np.mean(ventricle.mean(axis=(1, 2)) >= AREA_SHARE_MIN)))
    if not found.passed:
        seen = f"on {found.value:.0%} of the frames"
        nothing = problem("E_DETECT_001", "no left ventricle found", seen=seen, allowed=f"{found.minimum:.0%} or more")
        return Step(None, (nothing,), (found,))
    features = confidence.describe(probabilities, raw, labels, prepared.sector, agreement)
    expected = confidence.expected_dice(features, prepared.images, probabilities)
    trust = CONFIDENCE_GATE.judge(round(float(np.median(expected)), 4))
    stored = np.asarray(np.floor(probabilities[:, 1:] * 255), np.uint8)  # floor: the sum stays within 255
    sha256 = catalogue.fingerprint(network.MODEL)
    data = Segmentation(labels, stored, expected, trust.value or 0.0, trust.passed, network.MODEL, sha256)
    return Step(data, () if trust.passed else (_distrust(trust.value),), (found, trust))


def use_models(options: Options) -> str:
    """Take the models of the site's catalogue where the options name one; return the hashes of those in use."""
    catalogue.use_catalogue(Path(options.model_catalogue) if options.model_catalogue else None)
    return " ".join(catalogue.fingerprint(name) for name in MODELS)


def _look(images: np.ndarray, options: Options) -> tuple[np.ndarray, np.ndarray]:
    """Return the probabilities (n, 4, h, w) to use, and how well several looks agree (n, 2)."""
    run = network.load(options)
    chosen = np.unique(np.linspace(0, len(images) - 1, SAMPLED).round().astype(int))
    looks = network.look_several_times(run, images[chosen])
    agreement = _agreement(looks)
    if len(images) == len(chosen):
        return looks.mean(0), agreement
    between = [np.interp(np.arange(len(images)), chosen, column) for column in agreement.T]
    return plausible.steady(run(images)), np.stack(between, axis=1)


def _agreement(looks: np.ndarray) -> np.ndarray:
    """Return the agreement (n, 2) of the ventricles of the looks (looks, n, 4, h, w) with that of their mean."""
    return confidence.agreement_of(looks.argmax(2) == VENTRICLE, looks.mean(0).argmax(1) == VENTRICLE)


def _distrust(confidence: float | None) -> Problem:
    return problem(
        "E_DETECT_002",
        "the contours are uncertain, functional analysis is skipped",
        seen=f"expected Dice {confidence}",
        allowed=f"{CONFIDENCE_GATE.minimum} or more",
    )
