"""PREPROCESSING of an echo clip: frames chosen, letter-boxed for the network, view and quality judged.

Belongs here: everything between the decoded clip and the network. Not here: decoding and cropping
(formats/), what makes a picture good (triage/quality.py) or a view (triage/view.py), the network (detect.py).
"""

from dataclasses import replace

import numpy as np
from PIL import Image

from cardio_dagster.errors import problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip, Letterbox, PreparedClip, Timing, ViewVerdict
from cardio_dagster.modalities.echo.formats.limits import FRAMES_MAX, thinning
from cardio_dagster.modalities.echo.segmentation.letterbox import to_square
from cardio_dagster.modalities.echo.triage import quality
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Problem, Severity, Step

MODEL = "echo_segmentation"
PICTURE_SIDE = 384  # pixels of the longer side of a picture for the report
GATES = quality.GATES


def preprocess(clip: EchoClip, options: Options) -> Step[PreparedClip]:
    """Choose frames, letter-box them for the network, and judge view and quality.

    A clip faster than 30 Hz is thinned, and of a long one the first FRAMES_MAX chosen frames are
    used; a Problem of severity INFO says so.

    MemoryError, ModelLoadError and ModelHashError of the view's model pass through.
    """
    return prepare(clip, choose_frames(clip), options)


def prepare(clip: EchoClip, chosen: np.ndarray, options: Options) -> Step[PreparedClip]:
    """Prepare the frames of the clip whose places (n,), equally spaced, are `chosen`; see `preprocess`."""
    model = catalogue.entry(MODEL)
    box = Letterbox(
        clip.full_height, clip.full_width, clip.top, clip.left, clip.height, clip.width,
        model.answer_size, clip.stored_shape,
    )  # fmt: skip
    images = np.stack([to_square(clip.frames[i], box, model.input_size) for i in chosen])
    verdicts = quality.judge_clip(clip, frames_chosen=len(chosen))
    indices = clip.frame_indices[chosen]
    prepared = PreparedClip(
        format=clip.format,
        images=images,
        pictures=_pictures(clip, chosen),
        sector=to_square(clip.visible.view(np.uint8) * 255, box, box.size) >= 128,
        frame_indices=indices,
        frames_in_file=clip.frames_in_file,
        letterbox=box,
        spacing=clip.spacing,
        timing=_timing_of(clip, indices),
        r_waves=clip.r_waves,
        mode=clip.mode,
        device=clip.device,
        view=_view(images, options),
        quality=quality.quality(verdicts),
        withheld=clip.text_suspected,
    )
    return Step(prepared, (*_note_selection(len(chosen), clip.frames_in_file), *_note_withheld(clip)), verdicts)


def choose_frames(clip: EchoClip) -> np.ndarray:
    """Return the places (n,) in the clip of the frames to analyse: every k-th, at 30 Hz or more, FRAMES_MAX at most."""
    rate = clip.timing.frame_rate_hz
    step = thinning(None if rate is None else rate / _step(clip.frame_indices))
    return np.arange(0, len(clip.frames), step)[:FRAMES_MAX]


def _step(indices: np.ndarray) -> int:
    return int(indices[1] - indices[0]) if len(indices) > 1 else 1


def _timing_of(clip: EchoClip, indices: np.ndarray) -> Timing:
    rate = clip.timing.frame_rate_hz
    return replace(clip.timing, frame_rate_hz=None if rate is None else rate / _step(indices))


def _view(images: np.ndarray, options: Options) -> ViewVerdict:
    from cardio_dagster.modalities.echo.triage.view import judge_view

    return judge_view(images, options)


def _note_selection(chosen: int, total: int) -> tuple[Problem, ...]:
    if chosen == total:
        return ()
    message = "a part of the frames was analysed"
    return (problem("E_QUALITY_002", message, seen=f"{chosen} of {total}", severity=Severity.INFO),)


def _note_withheld(clip: EchoClip) -> tuple[Problem, ...]:
    if clip.text_suspected is None:
        return ()
    message = f"the pictures are withheld: {clip.text_suspected}"
    return (problem("E_QUALITY_002", message, cure="Export the clip without text on the image to see its pictures."),)


def _pictures(clip: EchoClip, chosen: np.ndarray) -> np.ndarray:
    """Return the pictures for the report; black ones where a name may stand in them."""
    pictures = np.stack([_picture(clip.frames[i]) for i in chosen])
    return pictures if clip.text_suspected is None else np.zeros_like(pictures)


def _picture(crop: np.ndarray) -> np.ndarray:
    image = Image.fromarray(crop)
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image)
