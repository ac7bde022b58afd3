"""Whose ECG is this? The patient's number of each format that has a place for one.

Belongs here: where it lies. Not here: what it is compared with (intake/patient.py). WFDB, CSV and Parquet
have no such place, and the name of a record is none.
"""

import struct
from collections.abc import Callable
from pathlib import Path

from cardio_dagster.modalities.identity import StatedId, dicom_ids, text_of

_PATHS = {  # from the root of the document
    "muse": "PatientDemographics/PatientID",
    "sierra": "patient/generalpatientdata/patientid",
    "cardiosoft": "PatientInfo/PID",
}
_SCP_PATIENT_ID, _SCP_END, _SCP_MAX_TAGS = 2, 255, 512
_ISHNE_ID = slice(108, 128)  # behind magic, checksum, block of counts (28) and two names of 40
_EDF_PATIENT, _EDF_KIND = slice(8, 88), slice(192, 197)


def patient_ids(path: Path, format: str) -> tuple[StatedId, ...]:
    """Return the identifiers that an ECG states, with their issuer in DICOM and aECG; often none.

    Raises what the parsers raise for damaged bytes.
    """
    read = _READERS.get(format)
    return tuple(stated for stated in read(path, format) if stated.number) if read else ()


def _dicom(path: Path, _: str) -> tuple[StatedId, ...]:
    return dicom_ids(path)


def _xml(path: Path, format: str) -> tuple[StatedId, ...]:
    from cardio_dagster.modalities.ecg.formats.xml import read_xml
    from cardio_dagster.modalities.ecg.formats.xml_text import text_of as text_at

    return (StatedId(text_at(read_xml(path), _PATHS[format])),)


def _aecg(path: Path, _: str) -> tuple[StatedId, ...]:
    """Read the subject's id: an instance identifier of HL7 V3, whose root is the issuer's OID.

    A root without an extension is left out: writers put one constant there for everybody.
    """
    from cardio_dagster.modalities.ecg.formats.xml import read_xml

    ids = (found for subject in read_xml(path).iter("trialSubject") for found in subject.findall("id"))
    stated = ((found.get("extension", "").strip(), found.get("root", "").strip()) for found in ids)
    return tuple(StatedId(number, f"urn:oid:{root}" if root else "") for number, root in stated)


def _scp(path: Path, format: str) -> tuple[StatedId, ...]:
    """Read tag 2 of section 1 (EN 1064, clause 5.4)."""
    from cardio_dagster.modalities.ecg.formats.scp_container import read_sections

    section, at = read_sections(path).get(1, b""), 0
    for _ in range(_SCP_MAX_TAGS):
        if at + 3 > len(section) or section[at] == _SCP_END:
            break
        tag, size = struct.unpack_from("<BH", section, at)
        if tag == _SCP_PATIENT_ID:
            return (StatedId(text_of(section[at + 3 : at + 3 + size].partition(b"\0")[0])),)
        at += 3 + size
    return ()


def _edf(path: Path, _: str) -> tuple[StatedId, ...]:
    """Read the first word of the patient's field in EDF+ and BDF+ ("X" for unknown).

    In plain EDF the field is free text, whose first word may be "male": it would make many people one.
    """
    fixed = _head(path, 256)
    is_plus = fixed[_EDF_KIND].rstrip() in {b"EDF+C", b"EDF+D", b"BDF+C", b"BDF+D"}
    word = text_of(fixed[_EDF_PATIENT]).partition(" ")[0] if is_plus else ""
    return (StatedId("" if word == "X" else word),)


def _ishne(path: Path, _: str) -> tuple[StatedId, ...]:
    return (StatedId(text_of(_head(path, _ISHNE_ID.stop)[_ISHNE_ID].partition(b"\0")[0])),)


def _head(path: Path, n_bytes: int) -> bytes:
    with path.open("rb") as file:
        return file.read(n_bytes)


_READERS: dict[str, Callable[[Path, str], tuple[StatedId, ...]]] = {
    "dicom": _dicom,
    **dict.fromkeys(_PATHS, _xml),
    "aecg": _aecg,
    "scp": _scp,
    "edf": _edf,
    "ishne": _ishne,
}
