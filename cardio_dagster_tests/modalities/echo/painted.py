"""Painted hearts of known size, and "networks" that read the paint: no trained model is needed."""

from pathlib import Path
from typing import Any

import numpy as np

from cardio_dagster.models.catalogue import ModelEntry

TISSUE, CAVITY, ATRIUM = 80, 240, 0  # grey levels
INPUT_SIZE, ANSWER_SIZE, VIEW_SIZE = 192, 96, 64


def _entry(name: str, *, sha256: str, inputs: str, classes: tuple[str, ...], **sizes: int) -> tuple[ModelEntry, Path]:
    return ModelEntry(f"{name}.onnx", "", sha256, "0", "", "painted", inputs, "answer", classes, **sizes), Path()


ENTRIES = {  # what the catalogue says of the painted models
    "echo_segmentation": _entry(
        "echo_segmentation", sha256="a" * 64, inputs="image", classes=("background", "ventricle", "wall", "atrium"),
        input_size=INPUT_SIZE, output_size=ANSWER_SIZE,
    ),
    "echo_confidence": _entry("echo_confidence", sha256="c" * 64, inputs="features", classes=("dice",)),
    "echo_view": _entry("echo_view", sha256="d" * 64, inputs="image", classes=("A4C", "other", "none"),
                        input_size=VIEW_SIZE),
}  # fmt: skip


class PaintReader:
    """Stands in for the ONNX sessions of the branch, each by its name.

    The segmentation takes what is brighter than tissue for ventricle and what is darker for atrium, on a
    grid of half the side; the expected Dice is the soft Dice of the ventricle; `view` are the view's
    three probabilities. `batches` are the sizes of the segmentation's batches, `looks` the number of
    images it saw.
    """

    def __init__(self, confidence: float = 1.0, largest_batch: int | None = None) -> None:
        self.confidence, self.largest_batch = confidence, largest_batch
        self.view = (0.97, 0.02, 0.01)
        self.batches: list[int] = []

    @property
    def looks(self) -> int:
        return sum(self.batches)

    def session(self, name: str, *, threads: int) -> "Session":
        return Session({"echo_segmentation": self.read, "echo_confidence": self.judge, "echo_view": self.see}[name])

    def read(self, images: np.ndarray) -> np.ndarray:
        assert images.shape[1:] == (1, INPUT_SIZE, INPUT_SIZE)
        self.batches.append(len(images))
        if self.largest_batch is not None and len(images) > self.largest_batch:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 1")
        grey = images.reshape(-1, ANSWER_SIZE, 2, ANSWER_SIZE, 2).mean(axis=(2, 4)) * 255
        ventricle = np.clip((grey - TISSUE) / (CAVITY - TISSUE), 0, 1)
        atrium = np.clip((TISSUE - grey) / (TISSUE - ATRIUM), 0, 1)
        sharp = np.stack([1 - ventricle - atrium, ventricle, np.zeros_like(grey), atrium], axis=1)
        return self.confidence * sharp + (1 - self.confidence) / 4

    def judge(self, features: np.ndarray, images: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        assert features.shape[1:] == (12,)
        assert images.shape == (len(features), 1, INPUT_SIZE, INPUT_SIZE)
        assert probabilities.shape == (len(features), 4, ANSWER_SIZE, ANSWER_SIZE)
        return features[:, 1:2]

    def see(self, images: np.ndarray) -> np.ndarray:
        assert images.shape[1:] == (1, VIEW_SIZE, VIEW_SIZE)
        return np.tile(self.view, (len(images), 1))


class Session:
    """One model's session, as far as the branch uses it."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def run(self, outputs: list[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert outputs == ["answer"]
        assert all(
            v.dtype == (np.uint8 if name == "image" and len(feed) > 1 else np.float32) for name, v in feed.items()
        )
        return [self.answer(*feed.values()).astype(np.float32)]


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
