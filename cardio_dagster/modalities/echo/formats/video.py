"""AVI and MP4 clips by way of FFmpeg (PyAV).

Belongs here: container video to grey frames. Such files carry no pixel spacing, so volumes
are out of reach; the ejection fraction, a ratio, is not. Not here: DICOM, NPZ.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.calibration import FRAME_RATE_HZ_MAX, FRAME_RATE_HZ_MIN
from cardio_dagster.modalities.echo.clip import EchoClip, Spacing, Timing
from cardio_dagster.modalities.echo.formats.limits import (
    FRAMES_MAX,
    allocate_frames,
    check_file_size,
    check_memory,
    check_shape,
    thinning,
)
from cardio_dagster.outcome import Problem

NO_SPACING = "a video file carries no pixel spacing"
_GROWTH = 64  # frames to make room for at a time; containers often lie about their length


def read_video(
    path: Path, options: Options, *, container: str, every_frame: bool = False
) -> tuple[EchoClip, tuple[Problem, ...]]:
    """Read the first video stream of an AVI or MP4 file, no more of it than is analysed.

    A clip of more than 30 Hz is thinned and the reading stops after FRAMES_MAX frames kept, unless
    `every_frame` is asked for.

    Raises StudyError: E_HARD_004 and E_HARD_002 over the limits, E_FORMAT_002 where there is no video
    stream, E_CORRUPT_001 where it cannot be opened or a frame does not decode.
    """
    import av

    check_file_size(path, options)
    try:
        with av.open(str(path)) as opened:
            if not opened.streams.video:
                raise StudyError("E_FORMAT_002", "the file has no video stream", allowed="AVI or MP4 with video")
            stream = opened.streams.video[0]
            stream.thread_count = options.threads
            timing = _timing(float(stream.average_rate) if stream.average_rate else None)
            step = 1 if every_frame else thinning(timing.frame_rate_hz)
            check_shape(1, stream.height, stream.width)
            frames, seen = _collect(opened.decode(stream), options, step, None if every_frame else FRAMES_MAX)
            declared = stream.frames
    except av.FFmpegError as error:
        raise StudyError("E_CORRUPT_001", "the video cannot be opened", seen=type(error).__name__) from error
    problems = [problem("E_VALID_004", NO_SPACING, cure="Send the DICOM file to get volumes.")]
    is_whole = not every_frame and len(frames) == FRAMES_MAX  # the rest was not read on purpose
    if seen < declared and not is_whole:
        message = "the video holds fewer frames than it declares"
        problems.append(problem("E_QUALITY_002", message, seen=f"{seen} of {declared}"))
    if seen < 2:
        timing = Timing(None, None, "a single frame has no frame rate")
    _, height, width = frames.shape
    total = max(seen, declared) if is_whole else seen
    spacing = Spacing(None, None, NO_SPACING)
    return EchoClip(container, frames, height, width, 0, 0, spacing, timing, step, total), tuple(problems)


def _timing(rate: float | None) -> Timing:
    if rate is None or not FRAME_RATE_HZ_MIN <= rate <= FRAME_RATE_HZ_MAX:
        return Timing(None, None, "the container's frame rate is absent or implausible")
    return Timing(rate, "average rate of the container", None)


def _collect(decoded: Iterator[Any], options: Options, step: int, most: int | None) -> tuple[np.ndarray, int]:
    """Return every `step`-th frame, `most` at most, and how many were decoded for them."""
    import av

    frames: np.ndarray | None = None
    count = seen = 0
    try:
        for frame in decoded:
            seen += 1
            if (seen - 1) % step:
                continue
            check_shape(1, frame.height, frame.width)
            grey = frame.to_ndarray(format="gray")
            if frames is None or count == len(frames):
                frames = _grown(frames, count, grey.shape, options)
            frames[count] = grey
            count += 1
            if count == most:
                break
    except (av.FFmpegError, ValueError) as error:
        where = f"frame {seen + 1}: {type(error).__name__}"
        raise StudyError("E_CORRUPT_001", "the video ends early or is damaged", seen=where) from error
    if frames is None:
        raise StudyError("E_CORRUPT_001", "the video has no frame that decodes", seen="0 frames")
    return frames[:count], seen


def _grown(frames: np.ndarray | None, count: int, shape: tuple[int, int], options: Options) -> np.ndarray:
    if frames is None:
        return allocate_frames(_GROWTH, *shape, options)
    check_memory(count + _GROWTH, *shape, options)
    frames.resize((count + _GROWTH, *shape), refcheck=False)  # in place: large blocks are moved, not copied
    return frames
