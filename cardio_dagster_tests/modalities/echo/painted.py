"""Painted hearts of known size, and a "network" that reads the paint: no trained model is needed."""

from typing import Any

import numpy as np

TISSUE, CAVITY, ATRIUM = 80, 240, 0  # grey levels


class PaintReader:
    """Stands in for an ONNX session: brighter than tissue is ventricle, darker is atrium."""

    def __init__(self, confidence: float = 1.0, largest_batch: int | None = None) -> None:
        self.confidence, self.largest_batch = confidence, largest_batch
        self.batches: list[int] = []

    def run(self, _outputs: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        (images,) = feed.values()
        self.batches.append(len(images))
        if self.largest_batch is not None and len(images) > self.largest_batch:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1")
        grey = images[:, 0] * 255
        ventricle = np.clip((grey - TISSUE) / (CAVITY - TISSUE), 0, 1)
        atrium = np.clip((TISSUE - grey) / (TISSUE - ATRIUM), 0, 1)
        background = 1 - ventricle - atrium
        sharp = np.stack([background, np.zeros_like(grey), ventricle, atrium], axis=1)[:, [0, 2, 1, 3]]
        return [(self.confidence * sharp + (1 - self.confidence) / 4).astype(np.float32)]


def ellipse(shape: tuple[int, int], centre: tuple[float, float], semi: tuple[float, float]) -> np.ndarray:
    """(h, w) coverage from 0 to 1 of each pixel, 4 x 4 samples a pixel; centre and semi-axes as (row, column)."""
    height, width = shape
    rows = (np.arange(4 * height) + 0.5) / 4 - 0.5
    columns = (np.arange(4 * width) + 0.5) / 4 - 0.5
    r, c = (rows[:, None] - centre[0]) / semi[0], (columns[None] - centre[1]) / semi[1]
    return (r**2 + c**2 <= 1).reshape(height, 4, width, 4).mean(axis=(1, 3))


def paint_heart(
    *, semi_long: float, semi_short: float, with_atrium: bool = True, shape: tuple[int, int] = (256, 256)
) -> np.ndarray:
    """A frame with a prolate ventricle whose lower end stays at row 150, and an atrium that touches it."""
    image = np.full(shape, float(TISSUE))
    ventricle = ellipse(shape, (150 - semi_long, 128), (semi_long, semi_short))
    if with_atrium:
        atrium = ellipse(shape, (180, 128), (30, 28))
        image += (ATRIUM - image) * atrium
    image += (CAVITY - image) * ventricle
    return np.round(image).astype(np.uint8)


def beating_heart(*, frames: int = 60, period: int = 30, deep: float = 0.2, **paint: Any) -> np.ndarray:
    """Frames whose semi-axes shrink by the share `deep` and back, once every `period`, from end-diastole on."""
    scale = 1 - deep / 2 * (1 - np.cos(2 * np.pi * np.arange(frames) / period))
    return np.stack([paint_heart(semi_long=60 * s, semi_short=30 * s, **paint) for s in scale])
