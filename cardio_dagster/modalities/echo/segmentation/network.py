"""The segmentation network on prepared frames: batches, threads, several looks at a still.

Belongs here: running the model of the catalogue. Not here: what its answer is worth
(confidence.py) or which answer is possible in a heart (plausible.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from cardio_dagster.deadline import in_threads
from cardio_dagster.modalities.branch import Options
from cardio_dagster.models import catalogue

MODEL = "echo_segmentation"
LOOKS = ((0.0, 1.0), (-7.0, 0.94), (7.0, 0.94), (0.0, 1.1), (0.0, 0.88))  # degrees, scale


@dataclass(frozen=True, slots=True)
class Network:
    """The loaded model: images (n, side, side) uint8 to probabilities (n, 4, size, size) float32."""

    session: Any
    entry: catalogue.ModelEntry
    options: Options

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Run the model, `options.threads` batches of `options.batch_size` at once.

        Batches in parallel on a session of one thread each cost a quarter less processor time than
        one batch on a session of several threads, which wait for each other after every layer.
        MemoryError where onnxruntime cannot allocate.
        """
        size = self.options.batch_size
        batches = [images[start : start + size] for start in range(0, len(images), size)]
        return np.concatenate(list(in_threads(self._run, batches, threads=self.options.threads)))

    def _run(self, images: np.ndarray) -> np.ndarray:
        feed = {self.entry.input_name: images[:, None].astype(np.float32) / 255}
        try:
            return np.asarray(self.session.run([self.entry.output_name], feed)[0])
        except RuntimeError as error:
            if "allocate" in str(error) or "bad_alloc" in str(error):  # onnxruntime has no type of its own for it
                raise MemoryError(f"the network needs more memory for a batch of {len(images)}") from error
            raise


def load(options: Options) -> Network:
    """Return the catalogued model; ModelLoadError and ModelHashError pass through."""
    return Network(catalogue.load_session(MODEL, threads=1), catalogue.entry(MODEL), options)


def look_several_times(network: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Return the probabilities of every look, (looks, n, 4, size, size), each turned back to the first one's place.

    A still has no neighbours in time that would steady its contours; turned and scaled copies of it
    take their place. Only the first look shows the image as it is.
    """
    seen = np.concatenate([_turn(images[:, None], degrees, scale)[:, 0] for degrees, scale in LOOKS])
    flat = network(seen)
    answers = flat.reshape(len(LOOKS), len(images), *flat.shape[1:])
    back = [_turn(a, -degrees, 1 / scale) for a, (degrees, scale) in zip(answers, LOOKS, strict=True)]
    return np.stack(back)


def _turn(stack: np.ndarray, degrees: float, scale: float) -> np.ndarray:
    """Turn and scale (n, c, h, w) about the centre; what comes from outside is zero."""
    if degrees == 0 and scale == 1:
        return stack
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    centre = (np.array(stack.shape[-2:]) - 1) / 2
    turned = np.empty_like(stack)
    for index in np.ndindex(stack.shape[:2]):
        turned[index] = ndimage.affine_transform(stack[index], matrix, centre - matrix @ centre, order=1)
    return turned
