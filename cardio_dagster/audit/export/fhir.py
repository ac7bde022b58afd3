"""FHIR: a Bundle of R4 AuditEvent resources, one for each record.

Belongs here: how a record reads in FHIR. Not here: what it means (meanings.py, things.py).
Source: hl7.org/fhir/R4/auditevent.html; its value sets for type, role and life cycle are those of DICOM's audit trail.
"""

from collections.abc import Iterable, Iterator
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from cardio_dagster.audit.export import roles
from cardio_dagster.audit.export.facts import facts
from cardio_dagster.audit.export.meanings import DCM, Code, action, meaning, outcome
from cardio_dagster.audit.export.things import Thing, things
from cardio_dagster.audit.export.told import Told
from cardio_dagster.reporting.fhir.encoding import pruned
from cardio_dagster.reporting.fhir.vocabulary import PROJECT, SECURITY, Node, coding, concept

_NAMESPACE = uuid5(NAMESPACE_URL, PROJECT)
_HL7 = "http://terminology.hl7.org/CodeSystem"
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_OBJECT, _ROLE, _LIFE = f"{_HL7}/audit-entity-type", f"{_HL7}/object-role", f"{_HL7}/dicom-audit-lifecycle"
_SOURCE, _HUMAN = f"{_HL7}/security-source-type", f"{_HL7}/extra-security-role-type"
_HEADER_FACTS = ("seq", "clock_at", "key", "content_sha256", "previous_hash")


def to_fhir(items: Iterable[Told], ledger_id: str) -> Iterator[bytes]:
    """Yield the bytes of a FHIR R4 Bundle (`collection`), one AuditEvent a line; the same records give the same bytes.

    Ids are uuid5 of the record's hash, `recorded` is the record's `at`; the bundle itself has no time. A record
    whose content was purged has no outcome code, and says where the proof stands. `ledger_id` names the source.
    """
    head = {"resourceType": "Bundle", "meta": {"security": [_pseudonymised()]}, "type": "collection"}
    yield msgspec.json.encode(head)[:-1]
    separator = b',"entry":[\n'
    for item in items:
        resource = audit_event(item, ledger_id)
        yield separator + msgspec.json.encode({"fullUrl": UUID(resource["id"]).urn, "resource": resource})
        separator = b",\n"
    yield b"\n]}\n" if separator == b",\n" else b"}\n"


def audit_event(item: Told, ledger_id: str) -> Node:
    """Return one record as an AuditEvent."""
    record, told = item.record, meaning(item.record.kind)
    code, why = outcome(item)
    node = {
        "resourceType": "AuditEvent",
        "id": str(uuid5(_NAMESPACE, record.hash)),
        "meta": {"security": [_pseudonymised()]},
        "type": _coding(told.event),
        "subtype": [_coding(each) for each in told.types],
        "action": action(item),
        "recorded": record.at,
        "outcome": None if item.proof else code,
        "outcomeDesc": why,
        "agent": [_agent(item)],
        "source": _source(ledger_id),
        "entity": [
            _record_entity(item),
            *(_entity(t, stage) for t, stage in roles.staged(things(record, item.content))),
        ],
    }
    kept: Node = pruned(node)
    return kept


def _pseudonymised() -> Node:
    return coding(SECURITY, "PSEUDED", "pseudonymized")


def _coding(code: Code) -> Node:
    return coding(_DICOM if code.scheme == DCM else f"{PROJECT}/audit-event", code.code, code.meaning)


def _agent(item: Told) -> Node:
    record = item.record
    human = roles.is_person(record.actor)
    kind = coding(_HUMAN, "humanuser", "human user") if human else coding(_DICOM, "110150", "Application")
    return {
        "type": concept(kind),
        "role": [concept(text=record.role)] if record.role else None,
        "who": {"identifier": {"system": f"{PROJECT}/actor", "value": record.actor}},
        "name": roles.login(record.actor),
        "requestor": True,
    }


def _source(ledger_id: str) -> Node:
    observer = {"identifier": {"system": f"{PROJECT}/ledger", "value": ledger_id}, "display": "cardio_dagster"}
    return {"observer": observer, "type": [coding(_SOURCE, roles.APPLICATION_SERVER, "Application Server")]}


def _record_entity(item: Told) -> Node:
    record = item.record
    header = [(name, getattr(record, name)) for name in _HEADER_FACTS if getattr(record, name) is not None]
    return {
        "what": {"identifier": {"system": f"{PROJECT}/ledger-record-sha256", "value": record.hash}},
        "type": coding(_OBJECT, roles.SYSTEM_OBJECT),
        "role": coding(_ROLE, roles.SECURITY_RESOURCE),
        "name": f"ledger record {record.seq}",
        "detail": [{"type": name, "valueString": str(text)} for name, text in (*header, *facts(item.content))],
    }


def _entity(thing: Thing, stage: str) -> Node:
    digest = [{"type": "sha256", "valueString": thing.sha256}] if thing.sha256 else []
    return {
        "what": {"identifier": {"system": f"{PROJECT}/{thing.sort.value}", "value": thing.id}},
        "type": coding(_OBJECT, roles.SYSTEM_OBJECT),
        "role": coding(_ROLE, roles.role(thing)),
        "lifecycle": coding(_LIFE, stage),
        "detail": digest,
    }
