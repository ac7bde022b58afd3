"""Damage to files: bytes lost, flipped, doubled or changed, and checksums that nevertheless hold.

Belongs here: bytes to bytes. Not here: running anything on them.
"""

import binascii
import random
import struct
from collections.abc import Callable, Mapping

_NUMBERS = (b"0", b"-1", b"1", b"65536", b"2147483648", b"99999999999", b"1e308", b"1e-320", b"NaN", b"inf", b"0.5")
_BYTES = (b"\x00", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\x7f", b"<a>", b'"', b"")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_WORDS = (*_NUMBERS, *_BYTES)
Kind = Callable[[bytes, random.Random], bytes]


def damage(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes cut off, flipped, overwritten, doubled, removed or with a number changed, once to four times.

    Every other time the damage gets past the outer shell: only numbers of a text or single bits change, and checksums are made
    right again.
    """
    if chance.random() < 0.5:
        for _ in range(chance.randint(1, 4)):
            content = _harm(content, chance, _KINDS)
        return content
    if content.startswith(_UTF_16):
        return damage(content.decode("utf-16", "replace").encode(), chance).decode("utf-8", "replace").encode("utf-16")
    is_text = b"\x00" not in content[:4096]
    for _ in range(chance.randint(1, 4)):
        content = _number(content, chance) if is_text else _harm(content, chance, _SMALL)
    return with_checksums(content)


def _harm(content: bytes, chance: random.Random, kinds: Mapping[Kind, int]) -> bytes:
    (kind,) = chance.choices(tuple(kinds), tuple(kinds.values()))
    return kind(content, chance)


def _place(content: bytes, chance: random.Random) -> int:
    """Return a position; headers are hit as often as samples."""
    length = max(len(content), 1)
    return chance.randrange(length) if chance.random() < 0.5 else chance.randrange(min(length, 2048))


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: _place(content, chance)]


def _flip(content: bytes, chance: random.Random) -> bytes:
    out = bytearray(content)
    for _ in range(chance.choice((1, 8, 64)) if out else 0):
        out[_place(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(out)


def _bit(content: bytes, chance: random.Random) -> bytes:
    out = bytearray(content)
    if out:
        out[_place(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(out)


def _overwrite(content: bytes, chance: random.Random) -> bytes:
    at, word = _place(content, chance), chance.choice(_WORDS)
    return content[:at] + word + content[at + len(word) :]


def _double(content: bytes, chance: random.Random) -> bytes:
    at = _place(content, chance)
    end = at + chance.choice((1, 16, 512, 65536))
    return content[:end] + content[at:end] + content[end:]


def _remove(content: bytes, chance: random.Random) -> bytes:
    at = _place(content, chance)
    return content[:at] + content[at + chance.choice((1, 16, 512, 65536)) :]


def _number(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes with the first digit after a place, and those that follow it, replaced."""
    at = _place(content, chance)
    while at < len(content) and not content[at : at + 1].isdigit():
        at += 1
    end = at
    while end < len(content) and content[end : end + 1].isdigit():
        end += 1
    return content[:at] + chance.choice(_NUMBERS) + content[end:]


def with_checksums(content: bytes) -> bytes:
    """Return an ISHNE or SCP-ECG file with the checksums that its bytes call for; any other content as it is."""
    if content.startswith(b"ISHNE1.0") and len(content) >= 522:
        (text_bytes,) = struct.unpack_from("<i", content, 10)
        return content[:8] + _crc(content[10 : 522 + min(max(text_bytes, 0), len(content))]) + content[10:]
    return _scp_checksums(content) if content[16:22] == b"SCPECG" else content


def _scp_checksums(content: bytes) -> bytes:
    """Return the file with the checksums of each section that its pointers name, then that of the whole."""
    out = bytearray(content)
    for at in range(22, min(22 + 12 * 10, len(content) - 10), 10):
        _, size, place = struct.unpack_from("<HII", content, at)
        if size >= 16 and 7 <= place <= len(content) - size + 1:
            out[place - 1 : place + 1] = _crc(bytes(out[place + 1 : place - 1 + size]))
    return _crc(bytes(out[2:])) + bytes(out[2:])


def _crc(content: bytes) -> bytes:
    return struct.pack("<H", binascii.crc_hqx(content, 0xFFFF))


_KINDS: dict[Kind, int] = {
    _cut: 1,
    _flip: 4,
    _overwrite: 3,
    _double: 2,
    _remove: 2,
    _number: 6,
}  # with their weights
_SMALL: dict[Kind, int] = {_bit: 3, _number: 2}
