"""Comparing two reports byte by byte, and saying where they first differ.

Belongs here: finding the place for a person. Not here: making either report.
"""

import hashlib
from itertools import zip_longest
from typing import Any

import msgspec

from cardio_dagster.audit.replay.parts import Difference

_SHOWN = 60  # characters of a value that are told
_UNRECORDED = "no hash in the record of the closing"
_TEXT = (".html", ".csv", ".svg", ".txt")


def compare(
    stood: dict[str, bytes], rebuilt: dict[str, bytes], recorded: dict[str, str] | None
) -> tuple[Difference, ...]:
    """Return the first difference of each file, by name; none where all bytes agree.

    `recorded` are the hashes of the closing: a file that stands must have its own, and every recorded one must
    stand. None: the closing is in no record, and only the bytes are compared.
    """
    names = sorted({*stood, *rebuilt, *(recorded or {})})
    found = (_of_file(name, stood.get(name), rebuilt.get(name), recorded) for name in names)
    return tuple(difference for difference in found if difference is not None)


def _of_file(
    name: str, stood: bytes | None, rebuilt: bytes | None, recorded: dict[str, str] | None
) -> Difference | None:
    if stood is None or rebuilt is None:
        there = "a file", "no such file"
        return Difference(name, "the whole file", there[stood is None], there[rebuilt is None])
    if stood != rebuilt:
        return _difference(name, stood, rebuilt, recorded)
    if recorded is not None and (told := recorded.get(name)) != (found := hashlib.sha256(stood).hexdigest()):
        return Difference(name, "its hash in the ledger", told or _UNRECORDED, found)
    return None


def _difference(name: str, stood: bytes, rebuilt: bytes, recorded: dict[str, str] | None) -> Difference:
    place = _in_json(stood, rebuilt) if name.endswith(".json") else None
    if place is None:
        place = _in_text(stood, rebuilt) if name.endswith(_TEXT) else _in_bytes(stood, rebuilt)
    where, one, other = place
    if recorded and recorded.get(name) == hashlib.sha256(rebuilt).hexdigest():
        where += " (what was rebuilt has the recorded hash: the file was changed after its closing)"
    return Difference(name, where, one, other)


def _in_json(stood: bytes, rebuilt: bytes) -> tuple[str, str, str] | None:
    """Return path and both values; None where one is no JSON or only the spelling differs."""
    try:
        return _walk(msgspec.json.decode(stood), msgspec.json.decode(rebuilt), "$")
    except msgspec.DecodeError:
        return None


def _walk(one: Any, other: Any, path: str) -> tuple[str, str, str] | None:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        pairs = ((f"{path}.{key}", one.get(key, _ABSENT), other.get(key, _ABSENT)) for key in keys)
    elif isinstance(one, list) and isinstance(other, list):
        both = zip_longest(one, other, fillvalue=_ABSENT)
        pairs = ((f"{path}[{n}]", a, b) for n, (a, b) in enumerate(both))
    else:
        return None if one == other and type(one) is type(other) else (path, _told(one), _told(other))
    return next((found for place, a, b in pairs if (found := _walk(a, b, place))), None)


class _Absent:
    """Stands for a value that is not there, which null is."""


_ABSENT = _Absent()


def _told(value: Any) -> str:
    return "nothing" if value is _ABSENT else _short(msgspec.json.encode(value).decode())


def _in_text(stood: bytes, rebuilt: bytes) -> tuple[str, str, str]:
    lines = zip_longest(stood.split(b"\n"), rebuilt.split(b"\n"), fillvalue=b"")
    number, one, other = next((n, a, b) for n, (a, b) in enumerate(lines, start=1) if a != b)
    column = _first(one, other)
    start = max(0, column - _SHOWN // 3)
    shown = [_short(line[start:].decode("utf-8", "replace")) for line in (one, other)]
    return f"line {number}, byte {column + 1}", shown[0], shown[1]


def _in_bytes(stood: bytes, rebuilt: bytes) -> tuple[str, str, str]:
    place = _first(stood, rebuilt)
    sizes = "" if len(stood) == len(rebuilt) else f", of {len(stood)} and {len(rebuilt)} bytes"
    return f"byte {place + 1}{sizes}", stood[place : place + 8].hex(), rebuilt[place : place + 8].hex()


def _first(one: bytes, other: bytes) -> int:
    """Return the place of the first byte that differs, from 0; the length of the shorter where it begins the other."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 4]} ..."
