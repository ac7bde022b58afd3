"""Compressed pixel data: the items of the file, and the bytes of each kept frame.

Belongs here: the sequence of fragments (DICOM PS3.5 annex A.4), checked before any of them is read.
Not here: what is in a fragment (codecs.py, film.py).
"""

import struct
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from cardio_dagster.modalities.echo.formats.dicom.native import PIXEL_DATA
from cardio_dagster.modalities.echo.formats.limits import BoundedFile

_ITEM, _END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
_EXPLICIT = (b"OB", b"OW", b"UN")  # value representations; the standard allows no implicit one here, files have it


def compressed_frames(file: BoundedFile, header: Dataset, frames: int, kept: range) -> Iterator[bytes]:
    """Yield the bytes of the kept frames; `file` stands at the pixel data element.

    Raises ValueError where the items are damaged or there are fewer frames than said.
    """
    start = skip_element_head(file)
    fragments(file)
    file.seek(start)
    wanted, last = set(kept), kept[-1]
    offsets = _extended_offsets(header)
    for index, content in enumerate(generate_frames(file, number_of_frames=frames, extended_offsets=offsets)):
        if index in wanted:
            yield content
        if index == last:
            return
    raise ValueError("fewer frames than the header says")


def skip_element_head(file: BoundedFile) -> int:
    """Move to the first item of the pixel data and return its place; ValueError where there are no pixel data."""
    head = file.read(8)  # tag, then length, or value representation and two bytes before the length
    if len(head) < 8 or struct.unpack_from("<HH", head) != PIXEL_DATA:
        raise ValueError("no pixel data element after the header")
    if head[4:6] in _EXPLICIT:
        file.seek(4, 1)
    return file.tell()


def fragments(file: BoundedFile) -> list[tuple[int, int]]:
    """Return place and length of the fragments, the offset table left out; `file` stands at the first item.

    Raises ValueError where an item is none or ends outside the file; the last one may do so, because
    a truncated file still has the frames before. The list ends with the file if its end mark is missing.
    """
    found = []
    while len(head := file.read(8)) == 8:
        group, element, length = struct.unpack("<HHL", head)
        if (group, element) == _END:
            break
        if (group, element) != _ITEM:
            raise ValueError("pixel data hold something else than items")
        found.append((file.tell(), min(length, file.size - file.tell())))
        file.seek(length, 1)
    if not found:
        raise ValueError("pixel data without items")
    return found[1:]


def _extended_offsets(header: Dataset) -> tuple[bytes, bytes] | None:
    offsets, lengths = (header.get(name) for name in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"))
    return (offsets, lengths) if offsets and lengths else None
