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
from cardio_dagster.modalities.echo.calibration import FRAME_RATE_HZ_MAX, FRAME_RATE_HZ_MIN
from cardio_dagster.modalities.echo.clip import EchoClip, Spacing, Timing
from cardio_dagster.modalities.echo.limits import allocate_frames, check_file_size
from cardio_dagster.outcome import Problem

NO_SPACING = "a video file carries no pixel spacing"
_GROWTH = 64  # frames to make room for at a time; containers often lie about their length


def read_video(path: Path, options: Options, *, container: str) -> tuple[EchoClip, tuple[Problem, ...]]:
    """Read the first video stream of an AVI or MP4 file.

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
            frames = _collect(opened.decode(stream), options)
            rate = float(stream.average_rate) if stream.average_rate else None
            declared = stream.frames
    except av.FFmpegError as error:
        raise StudyError("E_CORRUPT_001", "the video cannot be opened", seen=type(error).__name__) from error
    problems = [problem("E_VALID_004", NO_SPACING, cure="Send the DICOM file to get volumes.")]
    if len(frames) < declared:
        message = "the video holds fewer frames than it declares"
        problems.append(problem("E_QUALITY_002", message, seen=f"{len(frames)} of {declared}"))
    return _clip(frames, container, rate), tuple(problems)


def _clip(frames: np.ndarray, container: str, rate: float | None) -> EchoClip:
    _, height, width = frames.shape
    if len(frames) < 2:
        timing = Timing(None, None, "a single frame has no frame rate")
    elif rate is None or not FRAME_RATE_HZ_MIN <= rate <= FRAME_RATE_HZ_MAX:
        timing = Timing(None, None, "the container's frame rate is absent or implausible")
    else:
        timing = Timing(rate, "average rate of the container", None)
    return EchoClip(container, frames, height, width, 0, 0, Spacing(None, None, NO_SPACING), timing)


def _collect(decoded: Iterator[Any], options: Options) -> np.ndarray:
    import av

    frames: np.ndarray | None = None
    count = 0
    try:
        for frame in decoded:
            grey = frame.to_ndarray(format="gray")
            if frames is None or count == len(frames):
                frames = _grown(frames, count, grey.shape, options)
            frames[count] = grey
            count += 1
    except (av.FFmpegError, ValueError) as error:
        seen = f"frame {count + 1}: {type(error).__name__}"
        raise StudyError("E_CORRUPT_001", "the video ends early or is damaged", seen=seen) from error
    if frames is None:
        raise StudyError("E_CORRUPT_001", "the video has no frame that decodes", seen="0 frames")
    return frames[:count]


def _grown(frames: np.ndarray | None, count: int, shape: tuple[int, int], options: Options) -> np.ndarray:
    larger = allocate_frames(max(_GROWTH, 2 * count), shape[0], shape[1], options)
    if frames is not None:
        larger[:count] = frames
    return larger
