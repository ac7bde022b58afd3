"""Video inside DICOM: the MPEG-2, MPEG-4 or HEVC stream of the fragments, decoded by PyAV.

Belongs here: the stream as a file, and its frames (DICOM PS3.5 section 8.2.5 to 8.2.10). Not here: video
files (formats/video.py).
"""

import io
from collections.abc import Iterator
from typing import Any

from pydicom.uid import UID, MPEGTransferSyntaxes

from cardio_dagster.modalities.echo.formats.dicom.encapsulated import fragments, skip_element_head
from cardio_dagster.modalities.echo.formats.dicom.grey import Picture
from cardio_dagster.modalities.echo.formats.dicom.header import PixelFormat
from cardio_dagster.modalities.echo.formats.limits import BoundedFile

# only these may be found in the bytes: a playlist would open other files
_CONTAINERS = "mpegvideo,mpeg,mpegts,h264,hevc,mov,mp4,m4a,3gp,3g2,mj2"
_OPEN = {"format_whitelist": _CONTAINERS, "protocol_whitelist": ""}


def is_film(syntax: UID) -> bool:
    """Return whether the pixel data are one video stream."""
    return syntax in MPEGTransferSyntaxes


def film_frames(file: BoundedFile, form: PixelFormat, kept: range, coloured: frozenset[int]) -> Iterator[Picture]:
    """Yield the kept frames, in colour those of `coloured`; `file` stands at the pixel data element.

    Frames between the kept ones are decoded too, because they build on each other, but not converted.

    Raises ValueError for a frame of another size or where the stream ends before the last kept frame,
    and what PyAV raises for a damaged stream.
    """
    import av

    skip_element_head(file)
    with av.open(_Stream(file, fragments(file)), mode="r", options=_OPEN) as opened:
        stream = opened.streams.video[0]
        stream.thread_count = 1
        _require_size(stream.codec_context, form)
        for index, frame in enumerate(opened.decode(stream)):
            if index in kept:
                yield _picture(frame, form, index in coloured)
            if index == kept[-1]:
                return
    raise ValueError("fewer frames than the header says")


def _picture(frame: Any, form: PixelFormat, with_colours: bool) -> Picture:
    _require_size(frame, form)
    colours = frame.to_ndarray(format="rgb24") if with_colours else None
    return Picture(frame.to_ndarray(format="gray"), colours)


def _require_size(claimed: Any, form: PixelFormat) -> None:
    if (claimed.height, claimed.width) != (form.rows, form.columns):
        raise ValueError("the video's own header disagrees with the DICOM header")


class _Stream(io.RawIOBase):
    """The fragments of a file one after the other, as a file that can be read and searched."""

    def __init__(self, file: BoundedFile, parts: list[tuple[int, int]]) -> None:
        self._file, self._parts, self._position = file, parts, 0
        self._size = sum(length for _, length in parts)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._size if size < 0 else size
        content, start = b"", 0
        for place, length in self._parts:
            inside = self._position - start
            if 0 <= inside < length and len(content) < wanted:
                self._file.seek(place + inside)
                part = self._file.read(min(wanted - len(content), length - inside))
                content += part
                self._position += len(part)
            start += length
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = min(max(base + offset, 0), self._size)
        return self._position

    def tell(self) -> int:
        return self._position
