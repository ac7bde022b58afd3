"""The view of a clip, told from its pixels: the apical four-chamber one, another, or unknown.

Belongs here: a small network over a few frames, and the limits between its answers. Not here:
the quality of the picture (quality.py), or what a label or a burned-in text says of the view: neither is read.
"""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import ViewVerdict
from cardio_dagster.models import catalogue

MODEL = "echo_view"
FRAMES_USED = 8  # spread over the clip, so that one frame with the lungs before the heart does not decide
FOUR_CHAMBER_MIN, OTHER_MAX = 0.6, 0.1  # probability of the four-chamber view; between the two it is unknown
HEART_MIN, NO_HEART_MAX = 0.8, 0.2  # probability of a heart in any view
_BLACK = 8  # grey; a picture that is nowhere brighter shows nothing


def judge_view(images: np.ndarray, options: Options) -> ViewVerdict:
    """Tell which view the pixels of `images` (n, side, side) uint8 show.

    At most FRAMES_USED letter-boxed frames, spread over the clip, go through the network `echo_view`;
    its class probabilities are averaged. The view is "A4C" where that of the apical four-chamber view
    is FOUR_CHAMBER_MIN or more, "other" at OTHER_MAX or less, and "unknown" in between, with a reason.
    `is_cardiac` is None where the probability of a heart lies between NO_HEART_MAX and HEART_MIN. Without
    frames, or where all are black, nothing is known: "unknown", `probability` None.

    No real picture of another view was at hand to learn from or to measure on: that a two-chamber,
    a parasternal or a subcostal view is refused rests on simulated ones (see echo_view.md).

    MemoryError, ModelLoadError and ModelHashError (E_HARD_003) pass through.
    """
    if not len(images) or images.max() <= _BLACK:
        return ViewVerdict("unknown", None, None, "the frames show no echoes")
    catalogue.use_catalogue(Path(options.model_catalogue) if options.model_catalogue else None)
    four_chamber, other, _ = (float(p) for p in _probabilities(_spread(images)).mean(axis=0))
    view = _name(four_chamber)
    cardiac = True if view == "A4C" else _is_cardiac(four_chamber + other)
    return ViewVerdict(view, cardiac, round(four_chamber, 4), _doubt(four_chamber) if view == "unknown" else None)


def _spread(images: np.ndarray) -> np.ndarray:
    """Return at most FRAMES_USED of the images, equally spaced from the first to the last."""
    chosen = np.linspace(0, len(images) - 1, min(len(images), FRAMES_USED)).round().astype(int)
    return np.asarray(images[chosen])


def _probabilities(images: np.ndarray) -> np.ndarray:
    """Return (n, 3) float32: four-chamber view, another view of the heart, not a heart."""
    model = catalogue.entry(MODEL)
    size = (model.input_size, model.input_size)
    small = np.stack([np.asarray(Image.fromarray(i).resize(size, Image.Resampling.BILINEAR)) for i in images])
    feed = {model.input_name: small[:, None].astype(np.float32) / 255}
    session: Any = catalogue.load_session(MODEL, threads=1)
    return np.asarray(session.run([model.output_name], feed)[0], np.float32)


def _name(four_chamber: float) -> str:
    if four_chamber >= FOUR_CHAMBER_MIN:
        return "A4C"
    return "other" if four_chamber <= OTHER_MAX else "unknown"


def _is_cardiac(heart: float) -> bool | None:
    if heart >= HEART_MIN:
        return True
    return False if heart <= NO_HEART_MAX else None


def _doubt(four_chamber: float) -> str:
    return (
        f"the probability of an apical four-chamber view is {four_chamber:.2f}; "
        f"it takes {FOUR_CHAMBER_MIN} to call it one and {OTHER_MAX} to call it another"
    )
