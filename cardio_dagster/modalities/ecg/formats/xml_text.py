"""Text of an XML element to a number, a list of numbers or bytes, and nothing that only looks like one.

Belongs here: what every XML format needs. Not here: parsing XML (xml.py), or any format.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import numpy as np

from cardio_dagster.errors import StudyError

_PIECE = 1 << 20
_MOST = 1e15
_NUMBER = re.compile(r"[+-]?(?:\d{1,17}\.?\d{0,17}|\.\d{1,17})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_NUMBERS = re.compile(r"[\d\s.eE+-]*", re.ASCII)


def text_of(element: Element | None, path: str) -> str:
    """Return the stripped text of the first element at the path, "" where there is none."""
    return "" if element is None else (element.findtext(path) or "").strip()


def number(text: str | None) -> float | None:
    """Return a plain decimal number, None for anything else (empty, "nan", "1_0", other digits)."""
    match = _NUMBER.fullmatch((text or "").strip())
    return float(match[0]) if match else None


def whole(text: str | None) -> int | None:
    """Return a whole number, None for anything else."""
    value = number(text)
    return int(value) if value is not None and value.is_integer() and abs(value) < 2**53 else None


def numbers(text: str, *, where: str, separator: str = " ") -> np.ndarray:
    """Return the numbers of a list as float64; made in pieces, because a Python text costs 20 times a digit.

    Raises StudyError: E_CORRUPT_001 for anything that is no plain number, or beyond 1e15, which float32 may not hold in mV.
    """
    if separator != " ":
        text = text.replace(separator, " ")
    try:
        parts = [np.array(piece.split(), dtype=np.float64) for piece in _pieces(text)]
    except ValueError as error:
        raise _no_number(where) from error
    values = np.concatenate(parts) if parts else np.empty(0)
    if not (np.abs(values) <= _MOST).all():
        raise _no_number(where)
    return values


def _pieces(text: str) -> Iterator[str]:
    """Yield the text cut at white space; raises ValueError for a character that no number has."""
    start = 0
    while start < len(text):
        stop = min(start + _PIECE, len(text))
        while stop < len(text) and not text[stop].isspace():
            stop += 1
        if not _NUMBERS.fullmatch(text, start, stop):
            raise ValueError("not a number")
        yield text[start:stop]
        start = stop


def _no_number(where: str) -> StudyError:
    return StudyError("E_CORRUPT_001", f"a sample is no number in {where}", allowed=f"decimal numbers up to {_MOST:g}")


def bytes_of(text: str, *, where: str) -> bytes:
    """Return what Base64 text says, white space allowed.

    Raises StudyError: E_CORRUPT_001 for any other character or a wrong length.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise StudyError(
            "E_CORRUPT_001", f"the Base64 text is damaged in {where}", seen=f"{len(text)} characters"
        ) from error
