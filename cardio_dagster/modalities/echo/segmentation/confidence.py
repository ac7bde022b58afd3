"""How good a frame's contours are likely to be: the frame, the network's answer and numbers of it to an expected Dice.

Belongs here: the numbers, and the small catalogued model that turns them, with the frame and the
answer themselves, into the Dice of the ventricle that is to be expected. Not here: the threshold
(gates.py), or how that model was made (training/echo_segmentation/calibrate.py).
"""

import numpy as np
from scipy import ndimage

from cardio_dagster.modalities.echo.segmentation.plausible import ATRIUM, MYOCARDIUM, VENTRICLE
from cardio_dagster.models import catalogue

MODEL = "echo_confidence"
FEATURES = (
    "winning probability along the boundary of the ventricle",
    "soft Dice of the ventricle",
    "soft Dice of the myocardium",
    "soft Dice of the atrium",
    "share of the ventricle that cleaning took away",
    "compactness of the ventricle",
    "area of the ventricle as a share of the square",
    "myocardium as a share of the ventricle",
    "share of the ventricle's boundary that neither myocardium nor atrium lines",
    "share of the ventricle's boundary at the sector's edge",
    "least agreement with another look",
    "mean agreement with the other looks",
)
_WITHIN_FRAME = ndimage.generate_binary_structure(3, 1) & np.array([False, True, False])[:, None, None]
_BATCH = 64  # frames of the model at once: its memory does not grow with the clip
_BAND = 2  # pixels of the answer grid on either side of the boundary


def expected_dice(features: np.ndarray, images: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return (n,) float32 in [0, 1]; ModelLoadError and ModelHashError pass.

    `features` (n, len(FEATURES)) float32, `images` (n, side, side) uint8 as the segmentation network saw
    them, `probabilities` (n, 4, h, w) float32 as it answered: the model sees both at a quarter and at half
    their size, and learns from them which shapes and which pictures go wrong. No ventricle, no Dice: 0.
    """
    model = catalogue.entry(MODEL)
    session = catalogue.load_session(MODEL, threads=1)
    parts = (slice(start, start + _BATCH) for start in range(0, len(features), _BATCH))
    answers = [
        session.run(
            [model.output_name],
            {model.input_name: features[p], "image": images[p, None], "class_probability": probabilities[p]},
        )[0]
        for p in parts
    ]
    dice = np.clip(np.concatenate(answers).ravel(), 0, 1)
    return np.asarray(np.where(features.any(1), dice, 0), np.float32)


def describe(
    probabilities: np.ndarray, raw: np.ndarray, labels: np.ndarray, sector: np.ndarray, agreement: np.ndarray
) -> np.ndarray:
    """Return (n, len(FEATURES)) float32.

    `probabilities` (n, 4, h, w), `raw` and cleaned `labels` (n, h, w), `sector` (h, w) bool,
    `agreement` (n, 2): least and mean Dice of the ventricle with that of other looks. A frame
    without a ventricle is all zeros.
    """
    ventricle = labels == VENTRICLE
    area = ventricle.sum((1, 2))
    rim = ventricle & ~ndimage.binary_erosion(ventricle, _WITHIN_FRAME)
    length = np.maximum(rim.sum((1, 2)), 1)
    numbers = (
        _along_boundary(probabilities.max(1), ventricle),
        *(soft_dice(probabilities[:, k], labels == k) for k in (VENTRICLE, MYOCARDIUM, ATRIUM)),
        1 - area / np.maximum((raw == VENTRICLE).sum((1, 2)), 1),
        4 * np.pi * area / length**2,
        area / ventricle[0].size,
        (labels == MYOCARDIUM).sum((1, 2)) / np.maximum(area, 1),
        _share(rim, ~_wide(np.isin(labels, (MYOCARDIUM, ATRIUM))), length),
        _share(rim, _wide(np.broadcast_to(~sector, labels.shape)), length),
        *agreement.T,
    )
    return np.where(area[:, None] > 0, np.stack(numbers, axis=1), 0).astype(np.float32)


def soft_dice(probability: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return (n,): the Dice that a mask (n, h, w) can expect if every pixel's probability (n, h, w) is true; 0 if empty."""
    both = (probability * mask).sum((1, 2))
    return np.asarray(2 * both / np.maximum(probability.sum((1, 2)) + mask.sum((1, 2)), 1e-6))


def agreement_of(masks: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return (n, 2): least and mean Dice of masks (looks, n, h, w) with the reference (n, h, w); 0 where both are empty."""
    both = (masks & reference).sum((2, 3))
    each = 2 * both / np.maximum(masks.sum((2, 3)) + reference.sum((1, 2)), 1)
    return np.stack([each.min(0), each.mean(0)], axis=1)


def _along_boundary(winning: np.ndarray, ventricle: np.ndarray) -> np.ndarray:
    wide = ndimage.binary_dilation(ventricle, _WITHIN_FRAME, iterations=_BAND)
    band = wide & ~ndimage.binary_erosion(ventricle, _WITHIN_FRAME, iterations=_BAND)
    return np.asarray((winning * band).sum((1, 2)) / np.maximum(band.sum((1, 2)), 1))


def _wide(mask: np.ndarray) -> np.ndarray:
    return np.asarray(ndimage.binary_dilation(mask, _WITHIN_FRAME, iterations=_BAND))


def _share(rim: np.ndarray, where: np.ndarray, length: np.ndarray) -> np.ndarray:
    return np.asarray((rim & where).sum((1, 2)) / length)
