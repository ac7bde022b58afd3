"""Limits that every reader holds itself to before it allocates memory.

Belongs here: size of file, size of the decoded clip, plausible frames. Not here: any format.
"""

from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options

SIDE_MIN, SIDE_MAX = 32, 8192  # pixels of a frame


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


def allocate_frames(frames: int, height: int, width: int, options: Options) -> np.ndarray:
    """Return an empty (frames, height, width) uint8 array.

    Raises StudyError E_VALID_002 for an impossible shape and E_HARD_002 where the decoded clip
    would not fit in half of `memory_limit_mb` (the other half is for working on it).
    """
    check_shape(frames, height, width)
    needed_mb = frames * height * width / 1e6
    if options.memory_limit_mb is not None and needed_mb > options.memory_limit_mb / 2:
        raise StudyError(
            "E_HARD_002",
            "the decoded echo clip is too large",
            seen=f"{frames} frames of {width} x {height}, {needed_mb:.0f} MB",
            allowed=f"{options.memory_limit_mb / 2:.0f} MB, half of the memory limit",
        )
    return np.empty((frames, height, width), np.uint8)


def check_shape(frames: int, height: int, width: int) -> None:
    """Raise StudyError E_VALID_002 unless there is a frame and its sides are plausible."""
    if frames < 1 or min(height, width) < SIDE_MIN or max(height, width) > SIDE_MAX:
        raise StudyError(
            "E_VALID_002",
            "the shape of the echo clip is not plausible",
            seen=f"{frames} frames of {width} x {height} pixels",
            allowed=f"1 frame or more, sides of {SIDE_MIN} to {SIDE_MAX} pixels",
        )
