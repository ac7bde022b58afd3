"""Damage to ECG files: that of any file, in any encoding of text, and checksums that nevertheless hold.

Belongs here: what only ECG formats need. Not here: damage to any bytes (modalities/damage.py), running anything on it.
"""

import binascii
import random
import struct

from cardio_dagster_tests.modalities.damage import KINDS, SMALL, harm, number

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def damage(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes cut off, flipped, overwritten, doubled, removed or with a number changed, once to four times.

    Every other time the damage gets past the outer shell: only numbers of a text or single bits change, and checksums are made
    right again.
    """
    if chance.random() < 0.5:
        for _ in range(chance.randint(1, 4)):
            content = harm(content, chance, KINDS)
        return content
    if content.startswith(_UTF_16):
        return damage(content.decode("utf-16", "replace").encode(), chance).decode("utf-8", "replace").encode("utf-16")
    is_text = b"\x00" not in content[:4096]
    for _ in range(chance.randint(1, 4)):
        content = number(content, chance) if is_text else harm(content, chance, SMALL)
    return with_checksums(content)


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
