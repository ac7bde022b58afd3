"""AVI and MP4 clips by way of FFmpeg (PyAV).

Belongs here: container video to grey frames. Such files carry no pixel spacing, so volumes
are out of reach; the ejection fraction, a ratio, is not. Not here: DICOM, NPZ, NIfTI.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cardio_dagster import deadline
from cardio_dagster.errors import StudyError, problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip, Spacing, Timing
from cardio_dagster.modalities.echo.formats.assemble import RawFrames, assemble, no_r_waves
from cardio_dagster.modalities.echo.formats.calibration import FRAME_RATE_HZ_MAX, FRAME_RATE_HZ_MIN
from cardio_dagster.modalities.echo.formats.limits import (
    FRAMES_MAX,
    check_file_size,
    check_memory,
    check_shape,
    check_work,
    thinning,
)
from cardio_dagster.modalities.echo.formats.plausible import STILL, Problems
from cardio_dagster.modalities.echo.formats.reduce import COLOUR_FRAMES, block_mean, colour_spread, reduction_for

NO_SPACING = "a video file carries no pixel spacing"
_GROWTH = 64  # frames to make room for at a time; containers often lie about their length
_COLOUR_EVERY = FRAMES_MAX // COLOUR_FRAMES  # kept frames
# only these may be found in the bytes: a playlist would open other files
_OPEN = {"format_whitelist": "avi,mov,mp4,m4a,3gp,3g2,mj2", "protocol_whitelist": "file"}


def read_video(path: Path, options: Options, *, container: str, every_frame: bool = False) -> tuple[EchoClip, Problems]:
    """Read the first video stream of an AVI or MP4 file, no more of it than is analysed.

    A clip of more than 30 Hz is thinned and the reading stops after FRAMES_MAX frames kept, unless
    `every_frame` is asked for. A video that is coloured by flow is mode "colour_doppler".

    Raises StudyError: E_HARD_004 and E_HARD_002 over the limits, E_FORMAT_002 where there is no video
    stream or no decoder for it, E_CORRUPT_001 where it cannot be opened or a frame does not decode, and what `assemble` raises.
    """
    import av

    check_file_size(path, options)
    try:
        with av.open(str(path), options=_OPEN) as opened:
            if not opened.streams.video:
                raise StudyError("E_FORMAT_002", "the file has no video stream", allowed="AVI or MP4 with video")
            stream = opened.streams.video[0]
            if stream.codec_context is None:
                raise StudyError("E_FORMAT_002", "no decoder knows how the video is coded", cure="Send DICOM or H.264.")
            stream.thread_count = options.threads
            timing = _timing(float(stream.average_rate) if stream.average_rate else None)
            check_shape(1, stream.height, stream.width)
            film = _Film(1 if every_frame else thinning(timing.frame_rate_hz), None if every_frame else FRAMES_MAX)
            film.take(opened.decode(stream), options)
            declared = stream.frames
    except av.FFmpegError as error:
        raise StudyError("E_CORRUPT_001", "the video cannot be opened", seen=type(error).__name__) from error
    return _clip(film, timing, container, declared)


class _Film:
    """The kept frames of a video, gathered one by one."""

    def __init__(self, step: int, most: int | None) -> None:
        self.step, self.most = step, most
        self.kept = self.seen = self.height = self.width = 0
        self.frames: np.ndarray | None = None
        self.colour: np.ndarray | None = None

    @property
    def is_full(self) -> bool:
        """Return whether the rest of the video was left unread on purpose."""
        return self.kept == self.most

    def take(self, decoded: Iterator[Any], options: Options) -> None:
        """Decode until the end or until enough is kept; raises StudyError E_CORRUPT_001, E_HARD_002, E_HARD_004."""
        import av

        try:
            for frame in decoded:
                deadline.check()
                self.seen += 1
                check_work(self.seen, frame.height, frame.width)
                if (self.seen - 1) % self.step == 0:
                    self._keep(frame, options)
                if self.is_full:
                    break
        except (av.FFmpegError, ValueError) as error:
            where = f"frame {self.seen + 1}: {type(error).__name__}"
            raise StudyError("E_CORRUPT_001", "the video ends early or is damaged", seen=where) from error

    def raw(self, frames_in_file: int) -> RawFrames:
        """Return what was kept; raises StudyError E_CORRUPT_001 where nothing was."""
        if self.frames is None:
            raise StudyError("E_CORRUPT_001", "the video has no frame that decodes", seen="0 frames")
        indices = np.arange(self.kept, dtype=np.int32) * self.step
        h, w = self.height, self.width
        frames = self.frames[: self.kept]
        return RawFrames(frames, self.colour, indices, frames_in_file, h, w, 0, 0, h, w, reduction_for(h, w))

    def _keep(self, frame: Any, options: Options) -> None:
        if self.frames is None:
            check_shape(1, frame.height, frame.width)
            self.height, self.width = frame.height, frame.width
        if (frame.height, frame.width) != (self.height, self.width):
            raise ValueError("the size of the frames changes")
        reduction = reduction_for(self.height, self.width)
        grey = block_mean(frame.to_ndarray(format="gray"), reduction)
        if self.frames is None or self.kept == len(self.frames):
            self.frames = _grown(self.frames, self.kept, grey.shape, options)
        self.frames[self.kept] = grey
        if self.kept % _COLOUR_EVERY == 0:
            spread = colour_spread(frame.to_ndarray(format="rgb24"), reduction)
            self.colour = spread if self.colour is None else np.maximum(self.colour, spread)
        self.kept += 1


def _clip(film: _Film, timing: Timing, container: str, declared: int) -> tuple[EchoClip, Problems]:
    problems = [problem("E_VALID_004", NO_SPACING, cure="Send the DICOM file to get volumes.")]
    if film.seen < declared and not film.is_full:
        message = "the video holds fewer frames than it declares"
        problems.append(problem("E_QUALITY_002", message, seen=f"{film.seen} of {declared}"))
    if film.seen < 2:
        timing = Timing(None, None, STILL)
    raw = film.raw(max(film.seen, declared) if film.is_full else film.seen)
    spacing = Spacing(None, None, NO_SPACING)
    r_waves = no_r_waves("a video file carries no ECG trace")
    clip, more = assemble(raw, format=container, spacing=spacing, timing=timing, r_waves=r_waves)
    return clip, (*problems, *more)


def _timing(rate: float | None) -> Timing:
    if rate is None or not FRAME_RATE_HZ_MIN <= rate <= FRAME_RATE_HZ_MAX:
        return Timing(None, None, "the container's frame rate is absent or implausible")
    return Timing(rate, "average rate of the container", None)


def _grown(frames: np.ndarray | None, count: int, shape: tuple[int, ...], options: Options) -> np.ndarray:
    height, width = shape
    if frames is None:
        check_memory(_GROWTH, height, width, options)
        return np.empty((_GROWTH, height, width), np.uint8)
    check_memory(count + _GROWTH, height, width, options)
    frames.resize((count + _GROWTH, height, width), refcheck=False)  # in place: large blocks are moved, not copied
    return frames
