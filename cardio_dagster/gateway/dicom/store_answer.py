"""Store answer: what a STOW-RS request is told of its instances (PS3.18 10.5.3 and annex I).

Belongs here: the Store Instances Response Module as JSON and XML, and its status. Not here: storing (gateway/stow.py).
"""

import json
from dataclasses import dataclass
from xml.etree import ElementTree

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

JSON, XML = "application/dicom+json", "application/dicom+xml"
# Failure Reason, PS3.18 table I.2-2
OUT_OF_RESOURCES, MISMATCH, NOT_UNDERSTOOD = 0xA700, 0xA900, 0xC000
SYNTAX_NOT_SUPPORTED, CLASS_NOT_SUPPORTED = 0xC122, 0x0122
_RETRIEVE_URL, _REASON, _CLASS, _INSTANCE = 0x00081190, 0x00081197, 0x00081150, 0x00081155
_FAILED, _REFERENCED, _OTHER_FAILURES = 0x00081198, 0x00081199, 0x0008119A
_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one instance: `reason` None where it was stored; the UIDs are None where they could not be read."""

    sop_class: str | None
    sop_uid: str | None
    reason: int | None


def status_of(fates: list[Fate]) -> int:
    """Return 200 where all were stored, 202 where some were, 409 where none was (PS3.18 table 10.5.3-1)."""
    stored = sum(fate.reason is None for fate in fates)
    if stored == len(fates):
        return 200
    return 202 if stored else 409


def as_json(fates: list[Fate]) -> bytes:
    """Return the module in the DICOM JSON model (PS3.18 F)."""
    return json.dumps(_module(fates).to_json_dict()).encode()


def as_xml(fates: list[Fate]) -> bytes:
    """Return the module in the Native DICOM model (PS3.19 A.1)."""
    root = ElementTree.Element("NativeDicomModel", {"xmlns": _NAMESPACE})
    _write(_module(fates), root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _module(fates: list[Fate]) -> Dataset:
    module = Dataset()
    _add(module, _RETRIEVE_URL, "UR", None)  # nothing can be fetched by WADO-RS here: empty, not absent
    named = [fate for fate in fates if fate.sop_uid is not None]
    failed = [_item(fate) for fate in named if fate.reason is not None]
    stored = [_item(fate) for fate in named if fate.reason is None]
    unnamed = [_item(fate) for fate in fates if fate.sop_uid is None]
    for tag, items in ((_FAILED, failed), (_REFERENCED, stored), (_OTHER_FAILURES, unnamed)):
        if items:
            module.add(DataElement(tag, "SQ", Sequence(items)))
    return module


def _item(fate: Fate) -> Dataset:
    item = Dataset()
    if fate.sop_uid is not None:
        _add(item, _CLASS, "UI", fate.sop_class)
        _add(item, _INSTANCE, "UI", fate.sop_uid)
    if fate.reason is None:
        _add(item, _RETRIEVE_URL, "UR", None)
    else:
        _add(item, _REASON, "US", fate.reason)
    return item


def _add(dataset: Dataset, tag: int, vr: str, value: str | int | None) -> None:
    # a UID with a leading zero is common; pydicom's warning would quote it
    dataset.add(DataElement(tag, vr, value, validation_mode=config.IGNORE))


def _write(dataset: Dataset, parent: ElementTree.Element) -> None:
    for element in dataset:
        told = {"tag": f"{int(element.tag):08X}", "vr": str(element.VR), "keyword": element.keyword}
        node = ElementTree.SubElement(parent, "DicomAttribute", told)
        if element.VR == "SQ":
            for number, item in enumerate(element.value, start=1):
                _write(item, ElementTree.SubElement(node, "Item", {"number": str(number)}))
        elif not element.is_empty:
            ElementTree.SubElement(node, "Value", {"number": "1"}).text = str(element.value)
