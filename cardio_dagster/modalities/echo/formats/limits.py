"""Limits that every reader holds itself to before it allocates memory.

Belongs here: size of file, size of the decoded clip, plausible frames, which frames are kept. Not
here: any format.
"""

import io
import os
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options

SIDE_MIN, SIDE_MAX = 32, 8192  # pixels of a frame
FRAMES_MAX = 256  # analysed of a clip: eight seconds at 32 Hz, several beats
PIXELS_MAX = 1_000_000_000  # to decode of one file: 256 frames of 2560 x 1440; keeps a hostile file short
RATE_ENOUGH_HZ = 30.0  # faster clips are thinned to no less than this (ASE 2015: at least 30 frames a second)


def check_file_size(path: Path, options: Options) -> int:
    """Return the size of the file in bytes; raises StudyError E_HARD_004 above `max_file_mb`."""
    size = path.stat().st_size
    if size > options.max_file_mb * 1e6:
        raise StudyError(
            "E_HARD_004",
            "the echo file is too large",
            seen=f"{size / 1e6:.0f} MB",
            allowed=f"{options.max_file_mb:.0f} MB",
        )
    return size


class BoundedFile(io.BufferedReader):
    """A file that never reads, and so never allocates, past its own end, whatever length a header claims."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.path, self.size = path, path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes, all that is left where it is negative or None."""
        left = max(self.size - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))


def allocate_frames(frames: int, height: int, width: int, options: Options) -> np.ndarray:
    """Return an empty (frames, height, width) uint8 array.

    Raises StudyError E_VALID_002 for an impossible shape and E_HARD_002 where the decoded clip
    would not fit in half of the memory limit (the other half is for working on it).
    """
    check_shape(frames, height, width)
    check_memory(frames, height, width, options)
    return np.empty((frames, height, width), np.uint8)


def check_memory(frames: int, height: int, width: int, options: Options) -> None:
    """Raise StudyError E_HARD_002 where so many frames exceed half of the memory limit."""
    needed_mb, allowed_mb = frames * height * width / 1e6, memory_limit_mb(options) / 2
    if needed_mb > allowed_mb:
        raise StudyError(
            "E_HARD_002",
            "the decoded echo clip is too large",
            seen=f"{frames} frames of {width} x {height}, {needed_mb:.0f} MB",
            allowed=f"{allowed_mb:.0f} MB, half of the memory limit",
        )


def memory_limit_mb(options: Options) -> float:
    """Return the limit of the options; where they set none, half of the machine's physical memory."""
    if options.memory_limit_mb is not None:
        return options.memory_limit_mb
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2e6


def thinning(frame_rate_hz: float | None) -> int:
    """Return k, so that every k-th frame of a clip still comes at RATE_ENOUGH_HZ or more; 1 without a rate."""
    return 1 if frame_rate_hz is None else max(int(frame_rate_hz / RATE_ENOUGH_HZ), 1)


def kept_frames(frames: int, frame_rate_hz: float | None, *, every_frame: bool = False) -> range:
    """Return which frames of a file (from 0) are kept: every k-th (see `thinning`), the first FRAMES_MAX of these.

    All of them with `every_frame`; always at a constant step.
    """
    if every_frame:
        return range(frames)
    return range(0, frames, thinning(frame_rate_hz))[:FRAMES_MAX]


def check_work(frames: int, height: int, width: int) -> None:
    """Raise StudyError E_HARD_004 where more than PIXELS_MAX pixels would have to be decoded."""
    if frames * height * width > PIXELS_MAX:
        raise StudyError(
            "E_HARD_004",
            "the echo clip has too many pixels",
            seen=f"{frames} frames of {width} x {height}",
            allowed=f"{PIXELS_MAX / 1e6:.0f} million pixels",
            cure="Send a shorter or smaller clip.",
        )


def check_shape(frames: int, height: int, width: int) -> None:
    """Raise StudyError E_VALID_002 unless there is a frame and its sides are plausible."""
    if frames < 1 or min(height, width) < SIDE_MIN or max(height, width) > SIDE_MAX:
        raise StudyError(
            "E_VALID_002",
            "the shape of the echo clip is not plausible",
            seen=f"{frames} frames of {width} x {height} pixels",
            allowed=f"1 frame or more, sides of {SIDE_MIN} to {SIDE_MAX} pixels",
        )
