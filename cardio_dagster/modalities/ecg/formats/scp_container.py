"""The container of SCP-ECG files: its sections and their checksums.

Belongs here: where sections lie and whether they are whole. Not here: what they say (scp_*.py).
EN 1064 / ISO 11073-91064, clauses 5.2 and 5.3.
"""

import binascii
import struct
from pathlib import Path

from cardio_dagster.errors import StudyError

MAGIC = b"SCPECG"
_MAGIC_AT = 16
_HEADER_BYTES = 16
_MAX_BYTES = 64_000_000  # 64 leads of 65535 bytes, and as much again for every other section
_MAX_POINTERS = 512


def is_scp(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of an SCP-ECG file.

    Files before protocol 1.3 lack the magic; there the header of section 0 must lie at byte 6.
    """
    if len(head) < 32:
        return False
    section, length, version = struct.unpack_from("<HIB", head, 8)
    plain = section == 0 and length >= 120 and (length - _HEADER_BYTES) % 10 == 0 and version in range(10, 40)
    return plain and (head[_MAGIC_AT : _MAGIC_AT + 6] == MAGIC or head[_MAGIC_AT : _MAGIC_AT + 6] == bytes(6))


def read_sections(path: Path) -> dict[int, bytes]:
    """Return the sections of a file by number, without their headers.

    A checksum of 0 counts as not given. Raises StudyError: E_HARD_004 above 64 MB, E_CORRUPT_001 where the file is no SCP-ECG, is
    shorter than it says, or a section lies outside of it or has a wrong checksum.
    """
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise StudyError("E_HARD_004", "the SCP-ECG file is too large", allowed=f"{_MAX_BYTES / 1e6:g} MB")
    if not is_scp(data[:32]):
        raise StudyError("E_CORRUPT_001", "the file has no pointer section of SCP-ECG")
    checksum, size = struct.unpack_from("<HI", data)
    if size > len(data):
        raise StudyError("E_CORRUPT_001", "the SCP-ECG file ends early", seen=f"{len(data)} bytes", allowed=f"{size}")
    _check(checksum, data[2:size], "file")
    (length,) = struct.unpack_from("<I", data, 10)
    sections = {}
    for i in range(min(_MAX_POINTERS, (min(length, size) - _HEADER_BYTES) // 10)):
        at = 6 + _HEADER_BYTES + 10 * i
        if at + 10 > size:
            break
        number, n_bytes, index = struct.unpack_from("<HII", data, at)
        if number and n_bytes > _HEADER_BYTES:
            sections[number] = _section(data[:size], number, n_bytes, index - 1)
    return sections


def _section(data: bytes, number: int, n_bytes: int, start: int) -> bytes:
    """Return the content of one section; `start` counts from 0."""
    name = f"section {number}" if number < 12 else "section of the maker"  # a number of the file's own may say anything
    if start < 0 or start + n_bytes > len(data):
        raise StudyError("E_CORRUPT_001", f"{name} of the SCP-ECG file lies outside of it")
    checksum, inside, length = struct.unpack_from("<HHI", data, start)
    if inside != number or length > n_bytes:
        raise StudyError("E_CORRUPT_001", f"the header of {name} of the SCP-ECG file does not fit its pointer")
    _check(checksum, data[start + 2 : start + length], name)
    return data[start + _HEADER_BYTES : start + length]


def _check(checksum: int, data: bytes, name: str) -> None:
    """Refuse a wrong CRC-CCITT (initial value 0xFFFF)."""
    if checksum not in {0, binascii.crc_hqx(data, 0xFFFF)}:
        raise StudyError("E_CORRUPT_001", f"the checksum of the {name} of SCP-ECG is wrong")
