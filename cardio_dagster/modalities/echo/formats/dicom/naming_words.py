"""Words that may name the patient: read from the header to be compared with, never to be shown.

Belongs here: collecting them, and finding them or a date in a text. Not here: the elements that are shown
(formats/device.py). What is read here is compared and dropped.
"""

import re
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from cardio_dagster.modalities.echo.formats.limits import BoundedFile

_NAMING: list[Any] = [
    "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName",
    "AccessionNumber", "PatientBirthDate", "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName",
]  # fmt: skip
_LETTERS_MIN = 2  # one letter names no one
_PART_MIN = 4  # of a shorter word only whole words count: "Lee" is no part of "sleeve"
_WORD = re.compile(r"[^\W_]+")
_DATE = re.compile(
    r"(?<!\d)(?:(?:18|19|20)\d\d[-./ ]?(?:0[1-9]|1[0-2])[-./ ]?(?:0[1-9]|[12]\d|3[01])"
    r"|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2}))(?!\d)"
)


def naming_words(file: BoundedFile) -> frozenset[str]:
    """Return the words, in lower case, of the elements that name patient and people; the file is left where it was.

    Empty where the header cannot be read: then nothing else of it is.
    """
    place = file.tell()
    try:
        file.seek(0)
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=_NAMING)
        return frozenset(word for name in _NAMING for word in _words(_text(header, name)))
    except Exception:  # as in `read_header`, which refuses such a file
        return frozenset()
    finally:
        file.seek(place)


def may_name(text: str, words: frozenset[str]) -> bool:
    """Return whether a text holds one of the words, or something like a date."""
    if _DATE.search(text):
        return True
    found, lower = set(_words(text)), text.lower()
    return not found.isdisjoint(words) or any(len(word) >= _PART_MIN and word in lower for word in words)


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if len(word) >= _LETTERS_MIN]


def _text(header: Dataset, name: str) -> str:
    try:
        value = header.get(name)
        return " ".join(map(str, value)) if isinstance(value, MultiValue) else str(value or "")
    except Exception:  # pydicom converts when asked, and fails in many ways
        return ""
