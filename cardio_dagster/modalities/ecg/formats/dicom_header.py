"""What a DICOM ECG says beside its samples: sex, age, time, and the device's own statements.

Belongs here: reading header values that are facts. Not here: anything that names the patient; it is never read.
"""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cardio_dagster.modalities.ecg.formats.device_words import is_device_statement
from cardio_dagster.modalities.ecg.signal import DeviceValue

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_YEARS_PER = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_INTERVALS = re.compile(r"interval|duration", re.IGNORECASE)
_AXES = re.compile(r"axis", re.IGNORECASE)


def sex(dataset: "Dataset") -> str | None:
    """Return "M" or "F" from Patient's Sex (0010,0040), None for anything else."""
    value = str(dataset.get("PatientSex", "")).strip().upper()
    return value if value in {"M", "F"} else None


def age_years(dataset: "Dataset") -> float | None:
    """Return Patient's Age (0010,1010) in years; None where it is absent or not written as DICOM wants it (042Y)."""
    match = re.fullmatch(r"(\d{3})([YMWD])", str(dataset.get("PatientAge", "")).strip())
    return round(int(match[1]) * _YEARS_PER[match[2]], 2) if match else None


def started_at(dataset: "Dataset") -> str | None:
    """Return Acquisition DateTime (0008,002A) as ISO 8601 to the second; None where absent or malformed."""
    text = str(dataset.get("AcquisitionDateTime", ""))[:14]
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").isoformat()  # zone as in the file: none
    except ValueError:
        return None


def device_notes(dataset: "Dataset") -> tuple[tuple[str, ...], tuple[DeviceValue, ...], int]:
    """Return the device's statements and its global measurements from the annotations (0040,B020), and how many were left out.

    What is not made of ECG words may name a patient or a physician and is left out.
    """
    statements: list[str] = []
    values: dict[str, DeviceValue] = {}
    annotations: Any = dataset.get("WaveformAnnotationSequence") or []
    for item in annotations:
        text = str(item.get("UnformattedTextValue") or "").strip()
        if text:
            statements.append(text)
        concept, number = item.get("ConceptNameCodeSequence"), item.get("NumericValue")
        if concept and number is not None:
            value = _device_value(str(concept[0].get("CodeMeaning", "")), number)
            if value is not None:
                values.setdefault(value.name, value)
    safe = tuple(text for text in statements if is_device_statement(text))
    named = tuple(value for value in values.values() if is_device_statement(value.name))
    return safe, named, len(statements) + len(values) - len(safe) - len(named)


def _device_value(name: str, number: Any) -> DeviceValue | None:
    try:
        value = float(number)
    except (TypeError, ValueError):
        return None
    unit = (
        "ms" if _INTERVALS.search(name) else "deg" if _AXES.search(name) else "/min" if "rate" in name.lower() else ""
    )
    return DeviceValue(name[:64], value, unit) if name and value else None
