"""ATNA: DICOM audit messages (PS3.15 A.5.1, the successor of RFC 3881), one for each record, in one XML file.

Belongs here: how a record reads as an AuditMessage. Not here: what it means (meanings.py, things.py).

The schema gives every coded value `csd-code`, `codeSystemName` and `originalText`; details are base64. The wrapper
`AuditMessages` is ours, because one message is one document in the standard: a receiver takes its children one by one.
"""

import base64
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from cardio_dagster.audit.export import roles
from cardio_dagster.audit.export.facts import facts
from cardio_dagster.audit.export.meanings import DCM, OWN, Code, action, meaning, outcome
from cardio_dagster.audit.export.things import Thing, things
from cardio_dagster.audit.export.told import Told
from cardio_dagster.reporting.fhir.encoding import pruned

_APPLICATION = Code("110150", DCM, "Application")
_RECORD = Code("ledger-record-sha256", OWN, "SHA-256 of the ledger record")
_HEADER_FACTS = ("seq", "clock_at", "key", "content_sha256", "previous_hash")


def to_atna(items: Iterable[Told], ledger_id: str) -> Iterator[bytes]:
    """Yield the bytes of an XML document with one AuditMessage a line; the same records give the same bytes.

    EventDateTime is the record's `at` (UTC). `ledger_id` is the AuditSourceID.
    """
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<AuditMessages>\n'
    for item in items:
        yield ET.tostring(audit_message(item, ledger_id), encoding="utf-8") + b"\n"
    yield b"</AuditMessages>\n"


def audit_message(item: Told, ledger_id: str) -> ET.Element:
    """Return one record as an AuditMessage."""
    message = ET.Element("AuditMessage")
    _event(message, item)
    _participant(message, item)
    source = ET.SubElement(message, "AuditSourceIdentification", AuditSourceID=ledger_id)
    ET.SubElement(source, "AuditSourceTypeCode", {"csd-code": roles.APPLICATION_SERVER})
    _record_object(message, item)
    for thing, stage in roles.staged(things(item.record, item.content)):
        _object(message, thing, stage)
    return message


def _coded(parent: ET.Element, name: str, code: Code) -> None:
    given = {"csd-code": code.code, "codeSystemName": code.scheme, "originalText": code.meaning}
    ET.SubElement(parent, name, given)


def _event(message: ET.Element, item: Told) -> None:
    told, (code, why) = meaning(item.record.kind), outcome(item)
    given = {"EventActionCode": action(item), "EventDateTime": item.record.at, "EventOutcomeIndicator": code}
    event = ET.SubElement(message, "EventIdentification", given)
    _coded(event, "EventID", told.event)
    for each in told.types:
        _coded(event, "EventTypeCode", each)
    if why:
        ET.SubElement(event, "EventOutcomeDescription").text = pruned(why)


def _participant(message: ET.Element, item: Told) -> None:
    record = item.record
    given = {"UserID": record.actor, "UserName": roles.login(record.actor), "UserIsRequestor": "true"}
    participant = ET.SubElement(message, "ActiveParticipant", {name: _clean(text) for name, text in given.items()})
    if record.role:
        _coded(participant, "RoleIDCode", Code(_clean(record.role), OWN, _clean(record.role)))
    elif not roles.is_person(record.actor):
        _coded(participant, "RoleIDCode", _APPLICATION)


def _record_object(message: ET.Element, item: Told) -> None:
    record = item.record
    header = [(name, str(getattr(record, name))) for name in _HEADER_FACTS if getattr(record, name) is not None]
    place = _place(message, record.hash, roles.SECURITY_RESOURCE)
    _coded(place, "ParticipantObjectIDTypeCode", _RECORD)
    ET.SubElement(place, "ParticipantObjectName").text = f"ledger record {record.seq}"
    for name, text in (*header, *facts(item.content)):
        _detail(place, name, text)


def _object(message: ET.Element, thing: Thing, stage: str) -> None:
    place = _place(message, thing.id, roles.role(thing))
    place.set("ParticipantObjectDataLifeCycle", stage)
    _coded(place, "ParticipantObjectIDTypeCode", Code(thing.sort.value, OWN, thing.sort.value.replace("-", " ")))
    ET.SubElement(place, "ParticipantObjectName").text = _clean(thing.id)
    if thing.sha256:
        _detail(place, "sha256", thing.sha256)


def _place(message: ET.Element, object_id: str, role: str) -> ET.Element:
    given = {
        "ParticipantObjectID": _clean(object_id),
        "ParticipantObjectTypeCode": roles.SYSTEM_OBJECT,
        "ParticipantObjectTypeCodeRole": role,
    }
    return ET.SubElement(message, "ParticipantObjectIdentification", given)


def _detail(place: ET.Element, name: str, text: str) -> None:
    value = base64.b64encode(text.encode()).decode()
    ET.SubElement(place, "ParticipantObjectDetail", {"type": name, "value": value})


def _clean(text: str) -> str:
    """Return a text without characters that XML cannot carry, `unknown` where nothing is left."""
    kept: str | None = pruned(text)
    return kept or "unknown"
