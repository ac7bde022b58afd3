"""StatedId: the number under which a file files its patient, and how the headers of DICOM give it.

Belongs here: the type, and DICOM, which two modalities share. Not here: the other formats (the
`identity.py` of each modality), judging or hashing identifiers (intake/patient.py). What is read here
goes to intake and nowhere else: no verb, measurement, message or log ever sees it.
"""

import zlib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

_DEFLATED = "1.2.840.10008.1.2.1.99"
_HEAD_BYTES = 1 << 18  # what comes before the patient's number is some hundred bytes; a hostile header is endless
_META_AT = 132  # preamble and DICM
_ISSUER_TAG = 0x00100021  # Issuer of Patient ID, the last of what is read


@dataclass(frozen=True, slots=True)
class StatedId:
    """An identifier as a file spells it; `issuer` is who gave it ("" where the file does not say).

    The text never shows in a representation, so that no log or traceback can repeat it.
    """

    number: str = field(repr=False)
    issuer: str = field(default="", repr=False)


def dicom_ids(path: Path) -> tuple[StatedId, ...]:
    """Return Patient ID (0010,0020) with Issuer of Patient ID (0010,0021) of a DICOM file, or nothing.

    Reads up to that tag only, never samples or pixels (PS3.3 C.7.1.1). Other Patient IDs are not taken: they
    hold numbers of former and of other systems. Raises what pydicom raises for damaged bytes.
    """
    from cardio_dagster.modalities.ecg.formats.quiet import quiet_pydicom

    with quiet_pydicom():
        dataset = _header(path)
        number, issuer = (_text(dataset, name) for name in ("PatientID", "IssuerOfPatientID"))
    return (StatedId(number, issuer),) if number else ()


def _header(path: Path) -> Any:
    from pydicom.filereader import read_dataset, read_file_meta_info, read_partial

    meta = read_file_meta_info(path)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if meta.get("TransferSyntaxUID") != _DEFLATED:
        return read_partial(BytesIO(head), stop_when=_is_behind)
    start = _META_AT + 12 + int(meta.FileMetaInformationGroupLength)  # behind the group length and its group
    plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(head[start:], _HEAD_BYTES)  # no more than asked for
    return read_dataset(BytesIO(plain), is_implicit_VR=False, is_little_endian=True, stop_when=_is_behind)


def _is_behind(tag: Any, vr: str | None, length: int) -> bool:
    return int(tag) > _ISSUER_TAG


def _text(dataset: Any, keyword: str) -> str:
    """Return a text without pydicom's conversion, whose warnings quote what they meet."""
    if keyword not in dataset:
        return ""
    value = dataset.get_item(keyword).value
    return text_of(value) if isinstance(value, bytes) else str(value or "").strip(" \0")


def text_of(value: bytes) -> str:
    """Return the text of a field of fixed width: UTF-8, else ISO 8859-1, without padding."""
    try:
        return value.decode().strip(" \0")
    except UnicodeDecodeError:
        return value.decode("latin-1").strip(" \0")
