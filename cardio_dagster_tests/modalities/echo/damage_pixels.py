"""Damage to the pixel data of DICOM files: their items, their offset table, the heads of compressed frames.

Belongs here: bytes to bytes, found by their marks so that a file damaged before can be damaged again. Not here: the elements
(damage_dicom.py), damage to any bytes (modalities/damage.py).
"""

import random
import struct

_ITEM, _PIXELS = b"\xfe\xff\x00\xe0", b"\xe0\x7f\x10\x00"
_LENGTHS = (0, 1, 2, 3, 7, 65535, 2**31, 2**32 - 2, 2**32 - 1)
_JPEG2000 = b"\xff\x4f\xff\x51"
_FRAME_HEADS = (
    _JPEG2000, b"\xff\x52\x00", b"\xff\x90\x00", b"\xff\xc0\x00", b"\xff\xc1\x00", b"\xff\xc3\x00", b"\xff\xf7\x00",
    b"\xff\xc4\x00", b"\xff\xda\x00", b"\x00\x00\x01\xb3", b"moov", b"stsz", b"ftyp",
)  # fmt: skip
_HEAD_WORDS = (
    b"\x00", b"\x01", b"\x03", b"\xff", b"\x00\x00", b"\x00\x01", b"\xff\xff", b"\xff\xdc\xff\xdc", b"\x00\x00\x00\x01",
    b"\xff\xff\xff\xf0",
)  # fmt: skip


def fragment(content: bytes, chance: random.Random) -> bytes:
    """Return the file with an item of its pixel data doubled, dropped, moved to the end, cut or with another length."""
    items = _items(content)
    if len(items) < 2:
        return content
    at, length = items[chance.randrange(len(items))]
    item, after = content[at : at + 8 + length], at + 8 + length
    kind = chance.randrange(5)
    if kind == 0:
        return content[:after] + item + content[after:]
    if kind == 1:
        return content[:at] + content[after:]
    if kind == 2:
        last = sum(items[-1]) + 8
        return content[:at] + content[after:last] + item + content[last:]
    if kind == 3:
        kept = chance.randrange(length + 1) // 2 * 2
        return content[:at] + _ITEM + struct.pack("<I", kept) + item[8 : 8 + kept] + content[after:]
    return content[: at + 4] + struct.pack("<I", chance.choice((*_LENGTHS, length + 2, length * 2))) + content[at + 8 :]


def offsets(content: bytes, chance: random.Random) -> bytes:
    """Return the file with its basic offset table replaced: random places, the same place, too many or too few."""
    items = _items(content)
    if not items:
        return content
    at, length = items[0]
    count = chance.choice((1, 2, max(len(items) - 1, 1), 4096))
    table = b"".join(
        struct.pack("<I", chance.choice((0, 8, chance.randrange(len(content)), 2**32 - 1))) for _ in range(count)
    )
    return content[:at] + _ITEM + struct.pack("<I", len(table)) + table + content[at + 8 + length :]


def _items(content: bytes) -> list[tuple[int, int]]:
    """Return place and length of the items of the pixel data, the offset table first."""
    start = content.find(_PIXELS, 132)
    at = content.find(_ITEM, start) if start >= 0 else -1
    items = []
    while at >= 0 and content[at : at + 4] == _ITEM and at + 8 <= len(content):
        length = min(int.from_bytes(content[at + 4 : at + 8], "little"), len(content) - at - 8)
        items.append((at, length))
        at += 8 + length
    return items


def frame_head(content: bytes, chance: random.Random) -> bytes:
    """Return the file with a number in the head of a compressed frame or film replaced."""
    start = max(content.find(_PIXELS, 132), 0)
    heads = [(head, place) for head in _FRAME_HEADS if (place := content.find(head, start)) >= 0]
    if not heads:
        return _run_table(content, start, chance)
    head, at = chance.choice(heads)
    at = content.rfind(head) if chance.random() < 0.3 else at
    word = chance.choice(_HEAD_WORDS)
    at += chance.randrange(2, 50 if head == _JPEG2000 else 20)
    return content[:at] + word + content[at + len(word) :]


def _run_table(content: bytes, start: int, chance: random.Random) -> bytes:
    """Return the file with a number in the head of an RLE frame replaced (PS3.5 annex G)."""
    items = _items(content)
    at = items[-1][0] + 8 + 4 * chance.randrange(5) if items else start + 12
    word = struct.pack("<I", chance.choice((0, 1, 2, 3, 15, 16, 63, 64, 65, 2**31, 2**32 - 1)))
    return content[:at] + word + content[at + 4 :]
