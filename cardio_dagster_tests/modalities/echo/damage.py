"""Damage to echo files: that of any file, and the fields that readers trust, inside their containers.

Belongs here: which damage fits which format; NIfTI, NPZ, AVI and MP4. Not here: DICOM (damage_dicom.py), damage to any
bytes (modalities/damage.py), running anything on it.
"""

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping

from cardio_dagster_tests.modalities.damage import KINDS, SMALL, Kind, harm
from cardio_dagster_tests.modalities.echo.damage_dicom import DICOM_KINDS

WHOLE = (0, 1, 2, 3, 7, 16, 255, 256, 8192, 65535, 2**31 - 1, 2**31, 2**32 - 1)
REAL = (0.0, -0.5, 1e-320, 1e-6, 0.5, 1e6, 1e38, float("nan"), float("inf"), float("-inf"))
_BOXES = (
    b"ftyp moov mvhd trak tkhd mdia mdhd stbl stsd stts stsc stsz stco mdat mp4v avc1 avcC esds elst "
    b"avih strh strf idx1 movi 00dc"
).split()
_NIFTI_DIM = tuple((40 + 2 * i, "h") for i in range(8))
_NIFTI_PIXDIM = tuple((76 + 4 * i, "f") for i in range(8))
_NIFTI_FIELDS = (
    (0, "i"), *_NIFTI_DIM, (70, "h"), (72, "h"), *_NIFTI_PIXDIM, (108, "f"), (112, "f"), (116, "f"), (123, "b"), (344, "i"),
)  # fmt: skip


def damage(content: bytes, chance: random.Random) -> bytes:
    """Return the bytes after one to three kinds of damage; two times in three those of its own format."""
    kinds = KINDS if chance.random() < 0.33 else kinds_of(content)
    for _ in range(chance.randint(1, 3)):
        content = harm(content, chance, kinds)
    return content


def kinds_of(content: bytes) -> Mapping[Kind, int]:
    """Return the kinds of damage that know the format of these bytes, with their weights."""
    if content[128:132] == b"DICM":
        return DICOM_KINDS
    if content[:4] == b"RIFF" or content[4:8] == b"ftyp":
        return {_box: 4, _box_moved: 1, **SMALL}
    if content.startswith(b"PK"):
        return {_member: 4, _member_renamed: 1}
    if content.startswith(b"\x1f\x8b"):
        return {_unzipped: 4, **SMALL}
    return {_nifti_field: 4, **SMALL}


def _box(content: bytes, chance: random.Random) -> bytes:
    """Return the video with a number before or after the name of one of its boxes or chunks replaced."""
    names = [name for name in _BOXES if name in content]
    at = _found(content, chance.choice(names), chance) if names else 0
    step = chance.choice((-4, 4, 4 + 4 * chance.randrange(24)))
    order = chance.choice("<>")
    value = chance.choice(WHOLE)
    return _replaced(content, max(at + step, 0), struct.pack(f"{order}I", value))


def _box_moved(content: bytes, chance: random.Random) -> bytes:
    """Return the video with one name of a box or chunk overwritten by another."""
    names = [name for name in _BOXES if name in content]
    return (
        _replaced(content, _found(content, chance.choice(names), chance), chance.choice(_BOXES)) if names else content
    )


def _found(content: bytes, word: bytes, chance: random.Random) -> int:
    """Return one place of the word, counted from the start or the end."""
    return content.find(word) if chance.random() < 0.5 else content.rfind(word)


def _nifti_field(content: bytes, chance: random.Random) -> bytes:
    at, kind = chance.choice(_NIFTI_FIELDS)
    value = chance.choice(REAL) if kind == "f" else chance.choice((-1, 0, 1, 2, 3, 4, 5, 8, 16, 64, 120))
    if kind == "h" and chance.random() < 0.5:
        value = chance.choice((-32768, 255, 512, 8192, 32767))
    return _replaced(content, at, struct.pack(f"<{kind}", value))


def _unzipped(content: bytes, chance: random.Random) -> bytes:
    """Return the gzip file with damage inside of it, and a sound outside."""
    try:
        inside = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return harm(content, chance, KINDS)
    return gzip.compress(harm(inside, chance, {_nifti_field: 3, **KINDS}), mtime=0, compresslevel=1)


def _member(content: bytes, chance: random.Random) -> bytes:
    """Return the archive with one member damaged, its checksum right."""
    return _repacked(content, chance, renamed=False)


def _member_renamed(content: bytes, chance: random.Random) -> bytes:
    """Return the archive with the content of one member under the name of another."""
    return _repacked(content, chance, renamed=True)


def _repacked(content: bytes, chance: random.Random, *, renamed: bool) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # damaged before
        return harm(content, chance, KINDS)
    name = chance.choice(sorted(members)) if members else "image.npy"
    harmed = members[chance.choice(sorted(members))] if renamed and members else _array(members.get(name, b""), chance)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for other, values in {**members, name: harmed}.items():
            archive.writestr(zipfile.ZipInfo(other), values)
    return target.getvalue()


def _array(content: bytes, chance: random.Random) -> bytes:
    """Return an .npy file with its header's text or its values changed."""
    head, values = content[:128], content[128:]
    if chance.random() < 0.5 and values:
        return head + struct.pack("<d", chance.choice(REAL))[: len(values)] + values[8:]
    return harm(head, chance, KINDS) + values


def _replaced(content: bytes, at: int, word: bytes) -> bytes:
    return content[:at] + word + content[at + len(word) :]
