"""Header: what a received instance says of itself.

Belongs here: the UIDs by which instances are gathered, and how soon the study is wanted. Not here: anything of the patient,
which is never read, or anything that the pipeline measures.
"""

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from cardio_dagster.errors import StudyError
from cardio_dagster.gateway.dicom.classes import SYNTAXES
from cardio_dagster.study import Priority

_HEAD_BYTES = 1 << 20  # a hostile header is endless; what is asked for stands in the first some thousand bytes
_STUDY_PRIORITY = 0x0032000C  # Study Priority ID, retired (PS3.6): HIGH, MED, LOW
_REQUESTED_PRIORITY = 0x00401003  # Requested Procedure Priority (PS3.3 C.4.11): STAT, HIGH, ROUTINE, MEDIUM, LOW
_REQUESTS = 0x00400275  # Request Attributes Sequence, in whose items it stands as well
_CLASS, _INSTANCE, _STUDY = 0x00080016, 0x00080018, 0x0020000D
_TAGS = [_CLASS, _INSTANCE, _STUDY, _STUDY_PRIORITY, _REQUESTS, _REQUESTED_PRIORITY]
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")  # leading zeros in a component are forbidden (PS3.5 9.1) and common
_MAX_UID = 64
_ASKED = {"STAT": Priority.STAT, "HIGH": Priority.URGENT}  # of the others nothing follows


@dataclass(frozen=True, slots=True)
class Instance:
    """The UIDs of one instance, and the priority that it asks for (None: none above routine)."""

    sop_class: str
    sop_uid: str
    study_uid: str
    syntax: str
    asked: Priority | None


def is_uid(text: str) -> bool:
    """Return whether a text has the form of a UID (PS3.5 9.1); such a text is safe as the name of a file."""
    return len(text) <= _MAX_UID and _UID.fullmatch(text) is not None


def read_instance(path: Path) -> Instance:
    """Return what the first MiB of a DICOM file (PS3.10) says of its place.

    Raises StudyError: E_CORRUPT_001 for what is no DICOM file or is damaged there, E_FORMAT_002 for a transfer syntax that is
    not taken, E_VALID_001 where one of the three UIDs is missing or no UID.
    """
    # here, because all modalities come with it: a second of imports, at the start of the gateway
    from cardio_dagster.modalities.ecg.formats.quiet import quiet_pydicom

    try:
        with quiet_pydicom():
            return _read(path)
    except (StudyError, OSError, MemoryError):
        raise
    except Exception as error:  # pydicom raises its own types, and Python's, for damaged bytes
        raise StudyError("E_CORRUPT_001", "the DICOM header is damaged", seen=type(error).__name__) from None


def _read(path: Path) -> Instance:
    from pydicom.filereader import read_file_meta_info, read_partial

    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[128:132] != b"DICM":
        raise StudyError("E_CORRUPT_001", "this is no DICOM file (PS3.10)", allowed="preamble, then DICM")
    syntax = str(read_file_meta_info(path).get("TransferSyntaxUID", ""))
    if syntax not in SYNTAXES:  # before the rest is read: a deflated one would be inflated
        raise StudyError("E_FORMAT_002", "this transfer syntax is not taken")
    found = read_partial(BytesIO(head), stop_when=_is_behind, specific_tags=_TAGS)
    return Instance(_uid(found, _CLASS), _uid(found, _INSTANCE), _uid(found, _STUDY), syntax, _asked(found))


def _is_behind(tag: Any, vr: str | None, length: int) -> bool:
    return int(tag) > _REQUESTED_PRIORITY


def _uid(dataset: Any, tag: int) -> str:
    text = _text(dataset, tag)
    if not is_uid(text):
        raise StudyError("E_VALID_001", "a UID of class, instance or study is missing, or is none")
    return text


def _asked(dataset: Any) -> Priority | None:
    requests = list(dataset[_REQUESTS].value) if _REQUESTS in dataset else []
    told = [_text(item, tag) for item in (dataset, *requests) for tag in (_REQUESTED_PRIORITY, _STUDY_PRIORITY)]
    return soonest(_ASKED.get(text.upper()) for text in told)


def _text(dataset: Any, tag: int) -> str:
    """Return a text without pydicom's conversion, whose warnings quote what they meet."""
    if tag not in dataset:
        return ""
    value = dataset.get_item(tag).value
    return (value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")).strip(" \0")


def soonest(priorities: Any) -> Priority | None:
    """Return the most pressing of some priorities; None where none is told."""
    order = list(Priority)
    return min((found for found in priorities if found is not None), key=order.index, default=None)
