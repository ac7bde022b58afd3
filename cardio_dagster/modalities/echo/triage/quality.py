"""Is the picture good enough to measure: verdicts on sector, brightness, sharpness and time.

Belongs here: gates judged from the pixels of a clip. Not here: gates that need the contours
(placement.py), which view it is (view.py).

Thresholds: chosen on the training part of CAMUS (Leclerc et al., IEEE TMI 2019, 10.1109/TMI.2019.2900516), 774
images of all qualities, so that 95 to 99 % pass, and copies of them with changed gain, blur, shadow and crop fail; the
black gate is set by the public dim cine of pydicom-data, which a reader can still measure.
"""

import math

import numpy as np
from PIL import Image
from scipy import ndimage

from cardio_dagster.modalities.echo.clip import EchoClip
from cardio_dagster.modalities.echo.sector.fan import fit_fan
from cardio_dagster.outcome import Gate, Verdict

FRAMES_GATE = Gate("echo_frames", "1", "Enough frames to see a contraction", "1", minimum=10)
RATE_GATE = Gate("echo_frame_rate", "1", "Frame rate that catches end-systole", "Hz", minimum=20)
SECTOR_GATE = Gate("echo_sector", "2", "Share of the fan that lies in the image", "1", minimum=0.90)
LIT_GATE = Gate(
    "echo_lit", "1", "Share of the sector with echoes in any frame, less shadow and drop-out", "1", minimum=0.90
)
CONTRAST_GATE = Gate(
    "echo_contrast", "2", "Tissue less cavity: 90th less 10th percentile of smoothed grey", "1", minimum=44
)
BLACK_GATE = Gate("echo_black", "1", "Gain too low: share of the sector that is black in a frame", "1", maximum=0.55)
WHITE_GATE = Gate(
    "echo_white", "1", "Gain too high: share of the sector that is saturated in a frame", "1", maximum=0.10
)
SHARPNESS_GATE = Gate(
    "echo_sharpness", "1", "Median of |Laplacian| over the mean grey of the sector", "1", minimum=0.05
)
IMAGE_GATES = (SECTOR_GATE, LIT_GATE, CONTRAST_GATE, BLACK_GATE, WHITE_GATE, SHARPNESS_GATE)
GATES = (FRAMES_GATE, RATE_GATE, *IMAGE_GATES)

_SIDE = 192  # pixels of the longer side: what the network can see, so that the scale of the file does not count
_SMOOTHING_PX = 7  # levels speckle, keeps cavities
_FRAMES = 8  # judged of a clip
_LIT_GREY, _BLACK_GREY, _WHITE_GREY = 6, 8, 250
_BOX_FILLED = 0.92


def judge_clip(clip: EchoClip, *, frames_chosen: int) -> tuple[Verdict, ...]:
    """Return the verdict of every gate on a clip of which `frames_chosen` frames are analysed.

    The frame rate is that of the file, and is not judged on a still. Brightness, contrast and
    sharpness are medians over eight frames, shadow is judged from all, both at 192 pixels a side.
    """
    verdicts = [FRAMES_GATE.judge(float(frames_chosen))]
    if clip.frames_in_file > 1:
        verdicts.append(RATE_GATE.judge(clip.timing.frame_rate_hz))
    return (*verdicts, *judge_images(clip.frames, clip.visible))


def judge_images(frames: np.ndarray, visible: np.ndarray) -> tuple[Verdict, ...]:
    """Return the verdicts of IMAGE_GATES on frames (n, h, w) uint8, cropped to their sector `visible` (h, w) bool."""
    sampled = frames[np.linspace(0, len(frames) - 1, min(len(frames), _FRAMES)).astype(int)]
    small = np.stack([_shrunk(frame) for frame in sampled]).astype(np.float32)
    sector = _shrunk(visible.view(np.uint8) * 255) >= _WHITE_GREY
    if not sector.any():
        return tuple(gate.judge(None) for gate in IMAGE_GATES)
    smooth = np.stack([_smoothed(frame, sector) for frame in small])
    brightest = _smoothed(_shrunk(frames.max(axis=0)).astype(np.float32), sector)
    low, high = np.percentile(smooth[:, sector], (10, 90), axis=1)
    values = (
        sector_share(visible),
        float(np.mean(brightest[sector] > _LIT_GREY)),
        float(np.median(high - low)),
        float(np.median(np.mean(small[:, sector] < _BLACK_GREY, axis=1))),
        float(np.median(np.mean(small[:, sector] >= _WHITE_GREY, axis=1))),
        float(np.median([_sharpness(frame, sector) for frame in small])),
    )
    return tuple(gate.judge(round(value, 4)) for gate, value in zip(IMAGE_GATES, values, strict=True))


def sector_share(visible: np.ndarray) -> float:
    """Return which share of the fan through the visible pixels (h, w) bool lies in the image, 0 to 1.

    The fan's edges are drawn beyond the image where this cuts them. One for a rectangle and where no
    fan fits: nothing tells what is missing there.
    """
    fan = None if visible.mean() >= _BOX_FILLED else fit_fan(visible)
    if fan is None:
        return 1.0
    area = (fan.far**2 - fan.near**2) * (fan.left + fan.right) / 2
    return float(min(ndimage.binary_fill_holes(visible).sum() / area, 1.0))


def quality(verdicts: tuple[Verdict, ...]) -> float:
    """Return the share of the gates that passed, from 0 to 1."""
    return math.fsum(v.passed for v in verdicts) / len(verdicts)


def _shrunk(image: np.ndarray) -> np.ndarray:
    scale = _SIDE / max(image.shape)
    size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _smoothed(frame: np.ndarray, sector: np.ndarray) -> np.ndarray:
    """Return the mean of what lies in the sector around each pixel."""
    weight = ndimage.uniform_filter(sector.astype(np.float32), _SMOOTHING_PX)
    return np.asarray(ndimage.uniform_filter(frame * sector, _SMOOTHING_PX) / np.maximum(weight, 1e-6))


def _sharpness(frame: np.ndarray, sector: np.ndarray) -> float:
    detail = np.abs(ndimage.laplace(frame))[ndimage.binary_erosion(sector)]
    return float(np.median(detail) / max(frame[sector].mean(), 1.0)) if detail.size else 0.0
