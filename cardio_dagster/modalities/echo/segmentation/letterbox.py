"""The network's square and the way back: letter-boxing of frames, masks at native resolution.

Belongs here: resampling between file pixels, the network's image and its answer grid. Not here:
what is in them. Training letter-boxes the same way (training/echo_segmentation/tensors.py).
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from cardio_dagster.modalities.echo.clip import Letterbox, Segmentation

PROBABILITY_STEP = 1 / 255  # of the stored probabilities; half of it stands for zero in a logarithm


def to_square(crop: np.ndarray, box: Letterbox, side: int) -> np.ndarray:
    """Pad a uint8 picture of the crop to its square and resize it to (side, side), bilinear with antialiasing.

    `crop` may be reduced: it shows the letter-box's `height` x `width` file pixels at any scale.
    """
    scale = crop.shape[0] / box.height if box.height >= box.width else crop.shape[1] / box.width
    canvas = np.zeros((max(crop.shape),) * 2, np.uint8)
    top, left = (min(round(pad * scale), len(canvas) - n) for pad, n in zip(_padding(box), crop.shape, strict=True))
    canvas[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
    return np.asarray(Image.fromarray(canvas).resize((side, side), Image.Resampling.BILINEAR))


def _padding(box: Letterbox) -> tuple[int, int]:
    return box.pad_top, box.pad_left


def native_labels(found: Segmentation, box: Letterbox) -> Iterator[np.ndarray]:
    """Yield one uint8 label map per frame, in the shape that the file stores, 0 outside the crop.

    The logarithms of the class probabilities, which vary more evenly across a boundary than the
    probabilities do, are interpolated before the most probable class is taken.
    """
    for labels, probabilities in zip(found.labels, found.probabilities, strict=True):
        full = np.zeros((box.full_height, box.full_width), np.uint8)
        full[box.top : box.top + box.height, box.left : box.left + box.width] = _crop_labels(labels, probabilities, box)
        yield full if box.stored_shape is None else _stored(full, box.stored_shape)


def _stored(labels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return labels of square pixels at the centres of the stored ones."""
    return np.asarray(Image.fromarray(labels).resize(shape[::-1], Image.Resampling.NEAREST))


def _crop_labels(labels: np.ndarray, probabilities: np.ndarray, box: Letterbox) -> np.ndarray:
    rows = slice(box.pad_top, box.pad_top + box.height)
    columns = slice(box.pad_left, box.pad_left + box.width)
    enlarged = [
        np.asarray(Image.fromarray(score).resize((box.side, box.side), Image.Resampling.BICUBIC))[rows, columns]
        for score in log_scores(labels, probabilities)
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


def log_scores(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithms of `clean_scores`, (4, size, size) float32; zero counts as half a step."""
    return np.asarray(np.log(np.maximum(clean_scores(labels, probabilities), PROBABILITY_STEP / 2)))
