"""The network's square and the way back: letter-boxing of frames, masks at native resolution.

Belongs here: resampling between file pixels and network pixels. Not here: what is in them.
Training letter-boxes the same way (training/echo_segmentation/data.py).
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from cardio_dagster.modalities.echo.clip import Letterbox, Segmentation


def to_square(crop: np.ndarray, box: Letterbox) -> np.ndarray:
    """Pad a (height, width) uint8 crop to its square and resize it to (size, size), bilinear with antialiasing."""
    canvas = np.zeros((box.side, box.side), np.uint8)
    canvas[box.pad_top : box.pad_top + box.height, box.pad_left : box.pad_left + box.width] = crop
    return np.asarray(Image.fromarray(canvas).resize((box.size, box.size), Image.Resampling.BILINEAR))


def native_labels(found: Segmentation, box: Letterbox) -> Iterator[np.ndarray]:
    """Yield one (full_height, full_width) uint8 label map per frame, 0 outside the crop.

    Class probabilities, set to zero outside the cleaned structures, are interpolated
    bilinearly before the most probable class is taken, so that contours are smooth.
    """
    for labels, probabilities in zip(found.labels, found.probabilities, strict=True):
        full = np.zeros((box.full_height, box.full_width), np.uint8)
        full[box.top : box.top + box.height, box.left : box.left + box.width] = _crop_labels(labels, probabilities, box)
        yield full


def _crop_labels(labels: np.ndarray, probabilities: np.ndarray, box: Letterbox) -> np.ndarray:
    scores = clean_scores(labels, probabilities)
    rows = slice(box.pad_top, box.pad_top + box.height)
    columns = slice(box.pad_left, box.pad_left + box.width)
    enlarged = [
        np.asarray(Image.fromarray(score).resize((box.side, box.side), Image.Resampling.BILINEAR))[rows, columns]
        for score in scores
    ]
    return np.asarray(np.argmax(np.stack(enlarged), axis=0), np.uint8)


def clean_scores(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return (4, size, size) float32 scores whose argmax is exactly `labels`.

    They are the probabilities, except where cleaning changed the class (a stray component, a
    filled hole): there the score of the cleaned class is one and that of the others zero.
    """
    structures = probabilities.astype(np.float32) / 255
    scores = np.concatenate([1 - structures.sum(0, keepdims=True), structures])
    changed = scores.argmax(0) != labels
    scores[:, changed] = np.arange(4)[:, None] == labels[changed]
    return scores
