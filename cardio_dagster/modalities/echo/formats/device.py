"""What the header says of the machine and its settings, from a list of allowed elements.

Belongs here: the list, and plain text of bounded length. Not here: anything of the patient, the
institution, the operator, or a serial number (DICOM PS3.15 Table E.1-1 removes these).
"""

from collections.abc import Callable

from pydicom.dataset import Dataset

from cardio_dagster.errors import problem
from cardio_dagster.modalities.echo.formats.elements import number, several
from cardio_dagster.outcome import Problem, Severity

DEVICE_ELEMENTS = (
    "Manufacturer",
    "ManufacturerModelName",
    "TransducerType",
    "TransducerData",
    "TransducerFrequency",
    "ProcessingFunction",
    "MechanicalIndex",
    "BoneThermalIndex",
    "CranialThermalIndex",
    "SoftTissueThermalIndex",
    "DepthOfScanField",
    "HeartRate",
)
_TEXTS = (*DEVICE_ELEMENTS[:4], "ProcessingFunction")  # the others hold numbers
_LENGTH_MAX = 64  # characters of one value, as the longest LO of DICOM


def device_of(header: Dataset) -> dict[str, str]:
    """Return keyword and text of the allowed elements that the header holds.

    Values are cut to 64 characters, several values joined by "; "; unreadable ones and zeros are left out.
    """
    found = {}
    for name in DEVICE_ELEMENTS:
        text = _text(header, name)
        if text and number(text) != 0:  # devices write a heart rate of 0 where they measured none
            found[name] = text
    return found


def without_names(
    device: dict[str, str], may_name: Callable[[str], bool]
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Return the device without values that may name a person, and an INFO with the keywords of those left out."""
    kept = {name: text for name, text in device.items() if name not in _TEXTS or not may_name(text)}
    if len(kept) == len(device):
        return kept, ()
    message = "values of the device were left out, they may name a person"
    seen = ", ".join(name for name in device if name not in kept)
    cure = "Correct these elements where the clip was recorded."
    return kept, (problem("E_QUALITY_002", message, seen=seen, cure=cure, severity=Severity.INFO),)


def _text(header: Dataset, name: str) -> str:
    try:
        value = header.get(name)
    except Exception:  # pydicom converts when asked, and fails in many ways; the element is not needed
        return ""
    text = "; ".join(str(v).strip() for v in several(value) if str(v).strip())
    return "".join(c for c in text if c.isprintable())[:_LENGTH_MAX]
