"""PREPROCESSING of an echo clip: frames chosen, sector cropped, quality judged.

Belongs here: everything between the decoded clip and the network. Not here: decoding
(reading.py) or the network (detection.py).
"""

from dataclasses import replace

import numpy as np
from PIL import Image
from scipy import ndimage

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip, Letterbox, PreparedClip
from cardio_dagster.modalities.echo.segmentation.letterbox import to_square
from cardio_dagster.modalities.echo.formats.limits import FRAMES_MAX, thinning
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Gate, Problem, Severity, Step, Verdict

MODEL = "echo_segmentation"
PICTURE_SIDE = 256  # pixels of the longer side of a picture for the report
_ECHO_GREY = 8  # darker is background, allowing for JPEG noise
_SAMPLED_FRAMES = 16
_PIECE_SHARE = 0.02  # of the size of the largest piece: smaller ones are text, marks and rulers
_PIECE_MOTION = 0.2  # of its change over time: what stands still in a clip is a menu or a grey scale

FRAMES_GATE = Gate("echo_frames", "1", "Enough frames to see a contraction", "1", minimum=10)
RATE_GATE = Gate("echo_frame_rate", "1", "Frame rate that catches end-systole", "Hz", minimum=20)
SECTOR_GATE = Gate("echo_sector", "1", "Share of the cropped image that shows echoes", "1", minimum=0.15)
CONTRAST_GATE = Gate(
    "echo_contrast", "1", "Spread of grey levels in the sector, 95th less 5th percentile", "1", minimum=20
)
GATES = (FRAMES_GATE, RATE_GATE, SECTOR_GATE, CONTRAST_GATE)


def preprocess(clip: EchoClip, options: Options) -> Step[PreparedClip]:
    """Choose frames, crop to the sector and letter-box them for the network.

    A clip faster than 30 Hz is thinned, and of a long one the first FRAMES_MAX chosen frames are
    used; a Problem of severity INFO says so.

    Raises StudyError E_QUALITY_001 where the image is blank.
    """
    return prepare(clip, choose_frames(clip))


def prepare(clip: EchoClip, chosen: np.ndarray) -> Step[PreparedClip]:
    """Prepare the frames whose indices are `chosen` (n,), equally spaced; see `preprocess`."""
    visible = _visible(clip.frames)
    box = _letterbox(clip, visible)
    crops = clip.frames[:, box.top - clip.top :, box.left - clip.left :][:, : box.height, : box.width]
    verdicts = _judge(clip, visible, crops, len(chosen))
    step = clip.step * (int(chosen[1] - chosen[0]) if len(chosen) > 1 else 1)
    rate = clip.timing.frame_rate_hz
    prepared = PreparedClip(
        format=clip.format,
        images=np.stack([to_square(crops[i], box) for i in chosen]),
        pictures=np.stack([_picture(crops[i]) for i in chosen]),
        frame_indices=(chosen * clip.step).astype(np.int32),
        frames_in_file=clip.frames_in_file,
        letterbox=box,
        spacing=clip.spacing,
        timing=replace(clip.timing, frame_rate_hz=None if rate is None else rate / step),
        quality=_quality(verdicts),
    )
    return Step(prepared, _note_selection(len(chosen), clip.frames_in_file), verdicts)


def choose_frames(clip: EchoClip) -> np.ndarray:
    """Return the indices (n,) of the frames to analyse: every k-th, at 30 Hz or more, FRAMES_MAX at most."""
    rate = clip.timing.frame_rate_hz
    step = thinning(None if rate is None else rate / clip.step)
    return np.arange(0, len(clip.frames), step)[:FRAMES_MAX]


def _note_selection(chosen: int, total: int) -> tuple[Problem, ...]:
    if chosen == total:
        return ()
    message = "a part of the frames was analysed"
    return (problem("E_QUALITY_002", message, seen=f"{chosen} of {total}", severity=Severity.INFO),)


def _visible(frames: np.ndarray) -> np.ndarray:
    """Return (h, w) bool: where there are echoes in any of some frames, without text and marks."""
    sampled = frames[np.linspace(0, len(frames) - 1, min(len(frames), _SAMPLED_FRAMES)).astype(int)]
    bright = sampled.max(axis=0) > _ECHO_GREY
    pieces, count = ndimage.label(ndimage.binary_opening(bright, iterations=2))
    if count == 0:
        raise StudyError("E_QUALITY_001", "the image is blank", seen=f"no area brighter than grey {_ECHO_GREY} of 255")
    sizes = np.bincount(pieces.ravel())[1:]
    motion = ndimage.mean(np.ptp(sampled, axis=0), pieces, np.arange(1, count + 1))
    largest = sizes.argmax()
    kept = (sizes >= _PIECE_SHARE * sizes[largest]) & (motion >= _PIECE_MOTION * motion[largest])
    return np.isin(pieces, np.flatnonzero(kept) + 1)


def _letterbox(clip: EchoClip, visible: np.ndarray) -> Letterbox:
    rows, columns = ndimage.find_objects(visible.astype(np.uint8))[0]
    return Letterbox(
        clip.full_height,
        clip.full_width,
        clip.top + rows.start,
        clip.left + columns.start,
        rows.stop - rows.start,
        columns.stop - columns.start,
        catalogue.entry(MODEL).input_size,
    )


def _judge(clip: EchoClip, visible: np.ndarray, crops: np.ndarray, chosen: int) -> tuple[Verdict, ...]:
    middle = clip.frames[len(clip.frames) // 2]
    low, high = np.percentile(middle[visible], (5, 95))
    verdicts = [FRAMES_GATE.judge(float(chosen))]
    if len(clip.frames) > 1:
        verdicts.append(RATE_GATE.judge(clip.timing.frame_rate_hz))
    share = float(visible.sum() / crops[0].size)
    return (*verdicts, SECTOR_GATE.judge(round(share, 4)), CONTRAST_GATE.judge(float(high - low)))


def _quality(verdicts: tuple[Verdict, ...]) -> float:
    """Return the share of the image gates that passed, from 0 to 1."""
    return sum(v.passed for v in verdicts) / len(verdicts)


def _picture(crop: np.ndarray) -> np.ndarray:
    image = Image.fromarray(crop)
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BILINEAR)
    return np.asarray(image)
