"""What a DICOM ECG says beside its samples: sex, age, time, and the device's own statements.

Belongs here: reading header values that are facts. Not here: anything that names the patient; it is never read.
"""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cardio_dagster.modalities.ecg.formats.device_values import DeviceSaid, all_said, device_value
from cardio_dagster.modalities.ecg.formats.device_words import sorted_statements
from cardio_dagster.modalities.ecg.signal import DeviceValue

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_YEARS_PER = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
# Code Value of SCP-ECG (PS3.16 CID 3227, 3229) and of ISO/IEEE 11073-10102 (MDC)
_CODES = {
    "5.10.2.1-3": "rr_ms",
    "5.10.2.1-5": "pp_ms",
    "5.13.5-7": "pr_ms",
    "5.13.5-9": "qrs_ms",
    "5.13.5-11": "qt_ms",
    "5.10.2.5-5": "qtc_ms",
    "5.10.3-11": "p_axis_deg",
    "5.10.3-13": "qrs_axis_deg",
    "5.10.3-15": "t_axis_deg",
    "2:16016": "heart_rate_bpm",
    "2:16020": "atrial_rate_bpm",
    "2:15872": "pr_ms",
    "2:16156": "qrs_ms",
    "2:16160": "qt_ms",
    "2:15876": "qtc_ms",
    "2:16128": "p_axis_deg",
    "2:16132": "qrs_axis_deg",
    "2:16136": "t_axis_deg",
}
_WORDS = {
    **dict.fromkeys(("heart rate", "ventricular heart rate", "ventricular rate"), "heart_rate_bpm"),
    **dict.fromkeys(("atrial heart rate", "atrial rate"), "atrial_rate_bpm"),
    "rr interval": "rr_ms",
    "pp interval": "pp_ms",
    "p duration": "p_duration_ms",
    "pr interval": "pr_ms",
    "qrs duration": "qrs_ms",
    "qt interval": "qt_ms",
    "qtc interval": "qtc_ms",
    "p axis": "p_axis_deg",
    "qrs axis": "qrs_axis_deg",
    "t axis": "t_axis_deg",
}


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


def device_notes(dataset: "Dataset") -> DeviceSaid:
    """Return the device's statements and its global measurements from the annotations (0040,B020).

    What is not made of ECG words may name a patient or a physician and is left out; so is a known measurement without a unit or with an
    impossible value. Measurements that have no common name are no concern here.
    """
    annotations: Any = dataset.get("WaveformAnnotationSequence") or []
    statements, n_texts = sorted_statements(str(item.get("UnformattedTextValue") or "") for item in annotations)
    read = (_measurement(item) for item in annotations if item.get("NumericValue") is not None)
    return all_said(statements, n_texts, (pair for pair in read if pair is not None))


def _measurement(item: "Dataset") -> tuple[str, DeviceValue | None] | None:
    """Return a number and what was read from it, None where it has no common name; codes go before words, which may be translated."""
    concept, units = item.get("ConceptNameCodeSequence"), item.get("MeasurementUnitsCodeSequence")
    code = str(concept[0].get("CodeValue", "")) if concept else ""
    words = str(concept[0].get("CodeMeaning", "")).lower().removesuffix(" global").strip() if concept else ""
    name = _CODES.get(code) or _WORDS.get(words)
    if name is None:
        return None
    value = item.NumericValue
    text = str(value) if not hasattr(value, "__len__") else str(value[0]) if len(value) else ""
    return text, device_value(name, text, unit=str(units[0].get("CodeValue", "")) if units else "")
