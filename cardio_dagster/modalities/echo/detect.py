"""DETECTION in an echo clip: ventricle, myocardium and atrium on every prepared frame.

Belongs here: running the network and cleaning what it says. Not here: preparing (preparation.py)
or measuring (analysis.py).
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from cardio_dagster.errors import problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import PreparedClip, Segmentation
from cardio_dagster.modalities.echo.preprocess import MODEL
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Gate, Problem, Step

VENTRICLE, MYOCARDIUM, ATRIUM = 1, 2, 3
AREA_SHARE_MIN = 0.01  # of the square: a smaller "ventricle" is none
CONFIDENCE_GATE = Gate("echo_confidence", "1", "Median confidence along the ventricle's boundary", "1", minimum=0.78)
FOUND_GATE = Gate("echo_ventricle", "1", "Share of the frames on which a ventricle was found", "1", minimum=0.8)
GATES = (FOUND_GATE, CONFIDENCE_GATE)
_WITHIN_FRAME = ndimage.generate_binary_structure(3, 1) & np.array([False, True, False])[:, None, None]
_BAND = 2  # network pixels on either side of the boundary


def detect(prepared: PreparedClip, options: Options) -> Step[Segmentation]:
    """Label every frame with the network, `options.batch_size` frames at a time.

    Each structure keeps its largest connected part, with holes filled. The confidence of a frame is
    the mean probability of the winning class in a band of two pixels either side of the ventricle's
    boundary; without a ventricle it is 0. Below the gate the step carries E_DETECT_002 and
    `trusted` is false; where too few frames show a ventricle there is no data, only E_DETECT_001.

    MemoryError, ModelLoadError and ModelHashError pass through.
    """
    use_models(options)
    probabilities = _infer(prepared.images, options)
    labels = clean(most_probable(probabilities))
    ventricle = labels == VENTRICLE
    found = FOUND_GATE.judge(float(np.mean(ventricle.mean(axis=(1, 2)) >= AREA_SHARE_MIN)))
    if not found.passed:
        seen = f"on {found.value:.0%} of the frames"
        nothing = problem("E_DETECT_001", "no left ventricle found", seen=seen, allowed=f"{found.minimum:.0%} or more")
        return Step(None, (nothing,), (found,))
    confidence = boundary_confidence(probabilities, ventricle)
    trust = CONFIDENCE_GATE.judge(round(float(np.median(confidence)), 4))
    sha256 = catalogue.fingerprint(MODEL)
    data = Segmentation(labels, probabilities, confidence, trust.value or 0.0, trust.passed, MODEL, sha256)
    return Step(data, () if trust.passed else (_distrust(trust.value),), (found, trust))


def use_models(options: Options) -> str:
    """Take the models of the site's catalogue where the options name one; return the hash of the one in use."""
    catalogue.use_catalogue(Path(options.model_catalogue) if options.model_catalogue else None)
    return catalogue.fingerprint(MODEL)


def most_probable(probabilities: np.ndarray) -> np.ndarray:
    """Return (n, size, size) uint8 labels from (n, 3, size, size) uint8 structure probabilities."""
    return _winners(probabilities)[0]


def clean(labels: np.ndarray) -> np.ndarray:
    """Keep the largest part of each structure on each frame; fill the holes of the chambers."""
    cleaned = np.zeros_like(labels)
    for structure in (ATRIUM, MYOCARDIUM, VENTRICLE):
        part = _largest_parts(labels == structure)
        cleaned[part if structure == MYOCARDIUM else _without_holes(part)] = structure
    return cleaned


def boundary_confidence(probabilities: np.ndarray, ventricle: np.ndarray) -> np.ndarray:
    """Return (n,) float32: the mean winning probability around the ventricle's boundary, 0 without one."""
    wide = ndimage.binary_dilation(ventricle, _WITHIN_FRAME, iterations=_BAND)
    band = wide & ~ndimage.binary_erosion(ventricle, _WITHIN_FRAME, iterations=_BAND)
    winning = _winners(probabilities)[1]
    frames = np.nonzero(band)[0]
    sums = np.bincount(frames, weights=winning[band], minlength=len(band))
    counts = np.bincount(frames, minlength=len(band))
    return np.asarray(sums / np.maximum(counts, 1) / 255, np.float32)


def _winners(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the most probable class (n, h, w) uint8 and its probability times 255; ties go to the lower class."""
    best = 255 - probabilities.sum(axis=1, dtype=np.int16)
    labels = np.zeros(best.shape, np.uint8)
    for structure in (VENTRICLE, MYOCARDIUM, ATRIUM):
        better = probabilities[:, structure - 1] > best
        labels[better] = structure
        best = np.maximum(best, probabilities[:, structure - 1])
    return labels, best


def _infer(images: np.ndarray, options: Options) -> np.ndarray:
    """Return (n, 3, size, size) uint8 structure probabilities, `options.threads` batches at once.

    Batches in parallel on a session of one thread each cost a quarter less processor time than one
    batch on a session of several threads, which wait for each other after every layer.
    """
    model = catalogue.entry(MODEL)
    session = catalogue.load_session(MODEL, threads=1)
    batches = [images[start : start + options.batch_size] for start in range(0, len(images), options.batch_size)]
    with ThreadPoolExecutor(options.threads, thread_name_prefix="echo-network") as pool:
        return np.concatenate(list(pool.map(lambda batch: _run(session, model, batch), batches)))


def _run(session: Any, model: catalogue.ModelEntry, images: np.ndarray) -> np.ndarray:
    feed = {model.input_name: images[:, None].astype(np.float32) / 255}
    try:
        probability = session.run([model.output_name], feed)[0]
    except RuntimeError as error:
        if "allocate" in str(error) or "bad_alloc" in str(error):  # onnxruntime has no type of its own for it
            raise MemoryError(f"the network needs more memory for a batch of {len(images)}") from error
        raise
    return np.asarray(np.floor(probability[:, 1:] * 255), np.uint8)  # floor: the sum stays within 255


def _largest_parts(mask: np.ndarray) -> np.ndarray:
    """Keep the largest connected part of each frame of (n, h, w)."""
    parts, count = ndimage.label(mask, structure=_WITHIN_FRAME)
    if count == 0:
        return mask
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    largest = sizes[parts].reshape(len(mask), -1).argmax(axis=1)
    winners = parts.reshape(len(mask), -1)[np.arange(len(mask)), largest]
    return np.asarray((parts == winners[:, None, None]) & mask)


def _without_holes(mask: np.ndarray) -> np.ndarray:
    """Fill, on each frame of (n, h, w), the background that does not reach the frame's edge."""
    gaps, count = ndimage.label(~mask, structure=_WITHIN_FRAME)
    open_gaps = np.zeros(count + 1, bool)
    for edge in (gaps[:, 0], gaps[:, -1], gaps[:, :, 0], gaps[:, :, -1]):
        open_gaps[edge.ravel()] = True
    open_gaps[0] = False
    return np.asarray(~open_gaps[gaps])


def _distrust(confidence: float | None) -> Problem:
    return problem(
        "E_DETECT_002",
        "the contours are uncertain, functional analysis is skipped",
        seen=f"confidence {confidence}",
        allowed=f"{CONFIDENCE_GATE.minimum} or more",
    )
