"""The last step of every reader: find the sector, blacken all else, crop, and fill an EchoClip.

Belongs here: what happens to decoded frames whatever their format, so that no pixel beside the
sector (burned-in names, dates, hospital) leaves any reader. Not here: decoding, or how the sector
is found (sector/find.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.modalities.echo.clip import EchoClip, RWaves, Spacing, Timing
from cardio_dagster.modalities.echo.sector.colour import mode_of
from cardio_dagster.modalities.echo.sector.find import POINTS_DOWN, Sector, find_sector
from cardio_dagster.outcome import Problem


@dataclass(frozen=True, slots=True)
class RawFrames:
    """Kept frames of a file as a reader decoded them, text and marks still in them.

    `frames` (n, h, w) uint8 show the rectangle (`top`, `left`, `height`, `width`) of the file's
    frame of `full_height` x `full_width`, in block means of `reduction`; h = ceil(height / reduction).
    All of these count square pixels; `stored_shape` is (rows, columns) of the file's frame where its own are
    not square, else None.
    `colour` (h, w) uint8 is the largest max(R, G, B) - min(R, G, B) per pixel over some frames, None
    for a grey file. `frame_indices` (n,) int32 are the frames of the file (from 0) at a constant step.
    """

    frames: np.ndarray
    colour: np.ndarray | None
    frame_indices: np.ndarray
    frames_in_file: int
    full_height: int
    full_width: int
    top: int
    left: int
    height: int
    width: int
    reduction: int
    stored_shape: tuple[int, int] | None = None


def assemble(
    raw: RawFrames,
    *,
    format: str,
    spacing: Spacing,
    timing: Timing,
    r_waves: RWaves,
    mode: str = "unknown",
    device: dict[str, str] | None = None,
) -> tuple[EchoClip, tuple[Problem, ...]]:
    """Return the clip cropped to its sector, every pixel outside of it 0, and what must be said of it.

    Coloured flow in the pixels makes the mode "colour_doppler" whatever `mode` the file states. A sector of unknown kind
    and one that points down give an E_QUALITY_002. `timing` is that of the file, not of the kept frames.

    Raises StudyError E_QUALITY_001 where no pixel belongs to a sector, and what find_sector raises.
    """
    sector = find_sector(raw.frames, raw.colour)
    visible = sector.visible
    if not visible.any():
        raise StudyError("E_QUALITY_001", "the image shows no ultrasound sector", seen=sector.reason)
    box = np.s_[sector.top : sector.top + sector.height, sector.left : sector.left + sector.width]
    top, left, height, width = _in_file(sector, raw)
    clip = EchoClip(
        format=format,
        frames=raw.frames[:, *box] * visible[box],  # 0 or 1: all but the sector goes black
        visible=np.ascontiguousarray(visible[box]),
        frame_indices=raw.frame_indices,
        frames_in_file=raw.frames_in_file,
        full_height=raw.full_height,
        full_width=raw.full_width,
        top=top,
        left=left,
        height=height,
        width=width,
        reduction=raw.reduction,
        spacing=spacing,
        timing=timing,
        r_waves=r_waves,
        mode=mode if mode == "colour_doppler" else mode_of(raw.colour, raw.frames, visible),
        device=dict(device or {}),
        stored_shape=raw.stored_shape,
        text_suspected=sector.text_suspected,
    )
    return clip, _note(sector)


def no_r_waves(reason: str) -> RWaves:
    """Return the RWaves of a file without an ECG: no times, no source, and the reason."""
    return RWaves(np.empty(0, np.float64), None, reason)


def _in_file(sector: Sector, raw: RawFrames) -> tuple[int, int, int, int]:
    """Return the sector's box in file pixels; its last block may be cut by the border of the rectangle."""
    k = raw.reduction
    height = min(sector.height * k, raw.height - sector.top * k)
    width = min(sector.width * k, raw.width - sector.left * k)
    return raw.top + sector.top * k, raw.left + sector.left * k, height, width


def _note(sector: Sector) -> tuple[Problem, ...]:
    if sector.reason == POINTS_DOWN:
        cure = "Send the clip with the transducer at the top."
        return (problem("E_QUALITY_002", POINTS_DOWN, cure=cure),)
    if sector.kind != "unknown":
        return ()
    return (problem("E_QUALITY_002", "the shape of the ultrasound sector was not recognised", seen=sector.reason),)
