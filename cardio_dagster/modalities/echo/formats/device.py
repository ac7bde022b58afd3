"""What the header says of the machine and its settings, from a list of allowed elements.

Belongs here: the list, and plain text of bounded length. Not here: anything of the patient, the
institution, the operator, or a serial number (DICOM PS3.15 Table E.1-1 removes these).
"""

from pydicom.dataset import Dataset

from cardio_dagster.modalities.echo.formats.elements import number, several

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


def _text(header: Dataset, name: str) -> str:
    try:
        value = header.get(name)
    except Exception:  # pydicom converts when asked, and fails in many ways; the element is not needed
        return ""
    text = "; ".join(str(v).strip() for v in several(value) if str(v).strip())
    return "".join(c for c in text if c.isprintable())[:_LENGTH_MAX]
