"""Recognising and reading a metadata document by its content.

Belongs here: sniff and the choice of reader. Not here: the readers (read_*.py) and the
checks (check.py). A file is clinical if it is a FHIR Bundle of clinical resources, a JSON
object with clinical fields, or a table of them; an ECG table, a manifest without clinical
values and any other text are not.
"""

import csv
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Sniffed
from cardio_dagster.modalities.clinical.collect import MAX_VALUES, is_clinical
from cardio_dagster.modalities.clinical.naming import field_key
from cardio_dagster.modalities.clinical.read_csv import layout_of, read_csv, table_of
from cardio_dagster.modalities.clinical.read_fhir import read_fhir
from cardio_dagster.modalities.clinical.read_json import clinical_keys, read_json
from cardio_dagster.modalities.clinical.record import Document

MAX_DOCUMENT_MB = 4.0  # a metadata document is kilobytes; a Bundle of a long life some megabytes
_HEAD_BYTES = 65536
_KEY = re.compile(rb'"([A-Za-z_]{1,40})"\s*:')
_HEAD_OF_BUNDLE = re.compile(rb'"resourceType"\s*:\s*"Bundle"')
_WAVEFORM_KEYS = frozenset({"signal", "signals", "samples", "leads", "waveform", "waveforms", "frames"})
_CLINICAL_RESOURCES = frozenset({"Patient", "Observation", "Condition", "MedicationStatement", "MedicationRequest"})


def sniff(path: Path) -> Sniffed | None:
    """Return the format of a metadata document, or None; never raises."""
    try:
        return _sniff(path)
    except (OSError, ValueError, msgspec.DecodeError, RecursionError, csv.Error, StudyError):
        return None


def _sniff(path: Path) -> Sniffed | None:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if b"\0" in head:
        return None
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        if path.stat().st_size > MAX_DOCUMENT_MB * 1e6:
            return _sniff_head(head)
        try:
            return _sniff_json(_object(path.read_bytes()))
        except StudyError as error:
            return _sniff_head(head) if error.problem.code == "E_HARD_004" else None
    lines = _decode(head).splitlines()[: -1 if len(head) == _HEAD_BYTES else None]
    return Sniffed("csv") if lines and layout_of(table_of("\n".join(lines))) else None


def _sniff_head(head: bytes) -> Sniffed | None:
    """Judge a document that is too large to be read by its beginning, so that `read` can say so."""
    if _HEAD_OF_BUNDLE.search(head):
        return Sniffed("fhir-r4")
    keys = {match[1].decode() for match in _KEY.finditer(head)}
    if _has_waveform(keys):
        return None
    return Sniffed("json") if sum(is_clinical(key) for key in keys) >= 2 else None


def _has_waveform(keys: Iterable[str]) -> bool:
    return any(field_key(key) in _WAVEFORM_KEYS for key in islice(keys, MAX_VALUES))


def _sniff_json(content: dict[str, Any]) -> Sniffed | None:
    if content.get("resourceType") == "Bundle":
        entries = content.get("entry")
        types = {
            str(e["resource"].get("resourceType"))
            for e in entries or ()
            if isinstance(e, dict) and isinstance(e.get("resource"), dict)
        }
        return Sniffed("fhir-r4") if types & _CLINICAL_RESOURCES else None
    if _has_waveform(content):
        return None  # a recording with the patient's age beside it
    known = clinical_keys(content)
    named = any(field_key(key) in ("patient", "clinical", "metadata") for key in islice(content, MAX_VALUES))
    return Sniffed("json") if len(known) >= (1 if named else 2) else None


def read(path: Path, *, max_mb: float) -> Document:
    """Return the document with its entries.

    Raises StudyError E_HARD_004 (too large, too many values), E_INTAKE_006 (cannot be read), E_CORRUPT_001 (not
    JSON, CSV or text), E_FORMAT_001 (no clinical content), E_FORMAT_002 (several patients).
    """
    data = _bytes(path, max_mb=min(max_mb, MAX_DOCUMENT_MB))
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{":
        return _read_table(data)
    content = _object(data)
    if content.get("resourceType") == "Bundle":
        return read_fhir(content)
    document = read_json(content)
    if not document.entries:
        raise StudyError(
            "E_FORMAT_001", "the JSON object holds no clinical field", allowed="fields such as age_years, sex, sbp_mmhg"
        )
    return document


def _bytes(path: Path, *, max_mb: float) -> bytes:
    try:
        size_mb = path.stat().st_size / 1e6
        if size_mb > max_mb:
            raise StudyError(
                "E_HARD_004", "the metadata document is too large", seen=f"{size_mb:.1f} MB", allowed=f"{max_mb:g} MB"
            )
        return path.read_bytes()
    except OSError as error:
        raise StudyError("E_INTAKE_006", "the metadata document cannot be read", seen=type(error).__name__) from None


def _object(data: bytes) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise StudyError(
            "E_CORRUPT_001", "the metadata document is not valid JSON", seen=reason, allowed="JSON in UTF-8"
        ) from None
    if not isinstance(content, dict):
        raise StudyError(
            "E_FORMAT_001",
            "the metadata document is not a JSON object",
            seen=type(content).__name__,
            allowed="an object",
        )
    return content


def _read_table(data: bytes) -> Document:
    try:
        return read_csv(table_of(_decode(data)))
    except csv.Error as error:
        raise StudyError("E_CORRUPT_001", "the table is damaged", seen=str(error), allowed="CSV") from None


def _decode(data: bytes) -> str:
    """Return the text; spreadsheets of Western Europe still write Windows-1252."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
