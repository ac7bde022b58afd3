"""Damage to any file: bytes lost, flipped, doubled or changed.

Belongs here: bytes to bytes, whatever their format. Not here: damage that knows a format (ecg/damage.py, echo/damage.py),
running anything on it.
"""

import random
from collections.abc import Callable, Mapping

NUMBERS = (b"0", b"-1", b"1", b"65536", b"2147483648", b"99999999999", b"1e308", b"1e-320", b"NaN", b"inf", b"0.5")
_BYTES = (b"\x00", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\x7f", b"<a>", b'"', b"")
_WORDS = (*NUMBERS, *_BYTES)
Kind = Callable[[bytes, random.Random], bytes]


def harm(content: bytes, chance: random.Random, kinds: Mapping[Kind, int]) -> bytes:
    """Return the bytes after one kind of damage, drawn by its weight."""
    (kind,) = chance.choices(tuple(kinds), tuple(kinds.values()))
    return kind(content, chance)


def place(content: bytes, chance: random.Random) -> int:
    """Return a position; headers are hit as often as samples."""
    length = max(len(content), 1)
    return chance.randrange(length) if chance.random() < 0.5 else chance.randrange(min(length, 2048))


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: place(content, chance)]


def flip(content: bytes, chance: random.Random) -> bytes:
    out = bytearray(content)
    for _ in range(chance.choice((1, 8, 64)) if out else 0):
        out[place(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(out)


def bit(content: bytes, chance: random.Random) -> bytes:
    out = bytearray(content)
    if out:
        out[place(content, chance)] ^= 1 << chance.randrange(8)
    return bytes(out)


def overwrite(content: bytes, chance: random.Random) -> bytes:
    at, word = place(content, chance), chance.choice(_WORDS)
    return content[:at] + word + content[at + len(word) :]


def double(content: bytes, chance: random.Random) -> bytes:
    at = place(content, chance)
    end = at + chance.choice((1, 16, 512, 65536))
    return content[:end] + content[at:end] + content[end:]


def remove(content: bytes, chance: random.Random) -> bytes:
    at = place(content, chance)
    return content[:at] + content[at + chance.choice((1, 16, 512, 65536)) :]


def number(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes with the first digit after a place, and those that follow it, replaced."""
    at = place(content, chance)
    while at < len(content) and not content[at : at + 1].isdigit():
        at += 1
    end = at
    while end < len(content) and content[end : end + 1].isdigit():
        end += 1
    return content[:at] + chance.choice(NUMBERS) + content[end:]


KINDS: dict[Kind, int] = {cut: 1, flip: 4, overwrite: 3, double: 2, remove: 2, number: 6}  # with their weights
SMALL: dict[Kind, int] = {bit: 3, number: 2}
