"""Whose document is this? The patient's number in JSON, CSV and FHIR.

Belongs here: where it stands. Not here: the readers of values (read_*.py), which drop it, or what it is
compared with (intake/patient.py).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from cardio_dagster.modalities.clinical.naming import field_key
from cardio_dagster.modalities.clinical.read_csv import layout_of, table_of
from cardio_dagster.modalities.identity import StatedId, text_of

PATIENT_ID_KEYS = ("patient_id", "patient_mrn", "mrn", "medical_record_number")
_LONG_COLUMNS = (
    ("name", "variable", "parameter", "field", "item", "test", "measurement"),
    ("value", "result"),
)  # as in read_csv.py
_MAX_BYTES = 4_000_000  # a longer document is refused by its reader
_MAX_DEPTH = 16
_NO_LONGER = ("old", "temp")  # FHIR R4 IdentifierUse
_MEDICAL_RECORD = "MR"  # HL7 v2 table 0203


def patient_ids(path: Path, format: str) -> tuple[StatedId, ...]:
    """Return the identifiers that a metadata document states; of FHIR the medical record's numbers go first.

    A document of several patients states none here: its reader refuses it. Raises what the parsers raise.
    """
    if path.stat().st_size > _MAX_BYTES:
        return ()
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    found: Iterable[StatedId]
    if format == "csv":
        found = _of_table(table_of(text_of(data)))
    else:
        content = msgspec.json.decode(data)
        found = _of_fhir(content) if format == "fhir-r4" else _of_json(content)
    return tuple(dict.fromkeys(stated for stated in found if stated.number))


def _of_json(node: Any, *, inside: str = "", depth: int = 0) -> Iterator[StatedId]:
    """Walk all objects: the fields may stand at any place; a plain `id` counts in an object called `patient`."""
    if isinstance(node, list):
        for item in node if depth < _MAX_DEPTH else ():
            yield from _of_json(item, inside=inside, depth=depth + 1)
    if not isinstance(node, dict) or depth >= _MAX_DEPTH:
        return
    for name, value in node.items():
        key = field_key(name)
        if key in PATIENT_ID_KEYS or (key == "id" and inside == "patient"):
            yield StatedId(_scalar(value))
        else:
            yield from _of_json(value, inside=key, depth=depth + 1)


def _of_table(table: list[list[str]]) -> Iterator[StatedId]:
    layout = layout_of(table)
    if layout == "wide" and len(table) == 2:
        rows = list(zip(table[0], table[1], strict=False))
    elif layout == "long":
        header = [field_key(cell) for cell in table[0]]
        name, value = (next(i for i, key in enumerate(header) if key in names) for names in _LONG_COLUMNS)
        rows = [(row[name], row[value]) for row in table[1:] if len(row) > max(name, value)]
    else:
        rows = []
    yield from (StatedId(cell.strip()) for label, cell in rows if field_key(label) in PATIENT_ID_KEYS)


def _of_fhir(bundle: dict[str, Any]) -> list[StatedId]:
    """Read Patient.identifier (FHIR R4): value and system, those typed MR first, no old or temporary ones."""
    resources = [e.get("resource") for e in bundle.get("entry") or () if isinstance(e, dict)]
    patients = [r for r in resources if isinstance(r, dict) and r.get("resourceType") == "Patient"]
    if len(patients) != 1:
        return []
    found = [i for i in patients[0].get("identifier") or () if isinstance(i, dict) and i.get("use") not in _NO_LONGER]
    found.sort(key=lambda identifier: not _is_medical_record(identifier))
    return [StatedId(_scalar(i.get("value")), _scalar(i.get("system"))) for i in found]


def _is_medical_record(identifier: dict[str, Any]) -> bool:
    kind = identifier.get("type")
    codings = kind.get("coding") if isinstance(kind, dict) else None
    return any(isinstance(c, dict) and c.get("code") == _MEDICAL_RECORD for c in codings or ())


def _scalar(value: object) -> str:
    """Return text or a whole number as text, "" for anything else."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value).strip() if is_number or isinstance(value, str) else ""
