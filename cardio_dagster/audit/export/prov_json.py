"""PROV: the ledger as W3C PROV-JSON, a bundle for each record.

Belongs here: entities, activities, agents and their relations. Not here: what an event used and made (things.py).

A bundle is PROV's named set of statements with a provenance of its own, which is what a ledger record is; it also lets
the export stream. Ids are the same in every bundle, so that flattening the document (`prov.flattened()`) links
files, stages, reports and people into one graph.
Source: www.w3.org/TR/prov-dm, www.w3.org/submissions/prov-json.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from cardio_dagster.audit.export import roles
from cardio_dagster.audit.export.facts import facts
from cardio_dagster.audit.export.meanings import outcome, own_code
from cardio_dagster.audit.export.things import Sort, Thing, Things, things
from cardio_dagster.audit.export.told import Told
from cardio_dagster.reporting.fhir.vocabulary import PROJECT

Node = dict[str, Any]
# what a thing is made out of; models, configurations and runs are used by the event, the thing does not consist of them
_SOURCES = {Sort.FILE, Sort.DROP, Sort.STUDY, Sort.STAGE_RESULT, Sort.REPORT}
_ROOT = PROJECT.removesuffix("/fhir")
PREFIXES = {
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "cardio": f"{_ROOT}/prov/",
    "record": f"{_ROOT}/prov/record/",
    "actor": f"{_ROOT}/prov/actor/",
}


def to_prov(items: Iterable[Told], ledger_id: str) -> Iterator[bytes]:
    """Yield the bytes of a PROV-JSON document, one bundle a line; the same records give the same bytes.

    `ledger_id` stands with each record, so that exports of two sites can be told apart.
    """
    yield b'{"prefix":' + msgspec.json.encode(PREFIXES)
    separator = b',"bundle":{\n'
    for item in items:
        name = msgspec.json.encode(f"record:{item.record.seq}-bundle")
        yield separator + name + b":" + msgspec.json.encode(bundle(item, ledger_id))
        separator = b",\n"
    yield b"\n}}\n" if separator == b",\n" else b"}\n"


def bundle(item: Told, ledger_id: str) -> Node:
    """Return one record as a set of PROV statements."""
    found = things(item.record, item.content)
    activity, entity, agent = _activity_id(item), _record_id(item), _agent_id(item)
    return {
        "prefix": PREFIXES,
        "entity": {
            entity: _record(item, ledger_id),
            **{_id(thing): _thing(thing) for thing in (*found.used, *found.made, *found.destroyed)},
        },
        "activity": {activity: _activity(item)},
        "agent": {agent: _agent(item)},
        **_relations(item, found, activity, entity, agent),
    }


def _relations(item: Told, found: Things, activity: str, entity: str, agent: str) -> Node:
    used = [{"prov:activity": activity, "prov:entity": _id(t)} for t in found.used]
    made = [{"prov:entity": _id(t), "prov:activity": activity} for t in found.made]
    gone = [{"prov:entity": _id(t), "prov:activity": activity} for t in found.destroyed]
    owed = [{"prov:entity": _id(t), "prov:agent": agent} for t in found.made]
    pairs = [(m, u) for m in found.made for u in found.used if u.sort in _SOURCES and m != u]
    derived = [{"prov:generatedEntity": _id(m), "prov:usedEntity": _id(u), "prov:activity": activity} for m, u in pairs]
    relations = {
        "used": used,
        "wasGeneratedBy": [{"prov:entity": entity, "prov:activity": activity}, *made],
        "wasInvalidatedBy": gone,
        "wasAssociatedWith": [{"prov:activity": activity, "prov:agent": agent}],
        "wasAttributedTo": [{"prov:entity": entity, "prov:agent": agent}, *owed],
        "wasDerivedFrom": derived,
    }
    seq = item.record.seq
    return {name: {f"_:{name}{seq}-{n}": r for n, r in enumerate(rows)} for name, rows in relations.items() if rows}


def _local(text: str) -> str:
    return quote(text, safe="/.-_~")


def _id(thing: Thing) -> str:
    return f"cardio:{thing.sort.value}/{_local(thing.id)}"


def _activity_id(item: Told) -> str:
    return f"cardio:event/{item.record.seq}"


def _record_id(item: Told) -> str:
    return f"record:{item.record.seq}"


def _agent_id(item: Told) -> str:
    return f"actor:{_local(item.record.actor)}"


def _qualified(name: str) -> Node:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}


def _record(item: Told, ledger_id: str) -> Node:
    r = item.record
    optional = {"cardio:key": r.key, "cardio:purged": str(item.proof) if item.proof else None}
    return {
        "prov:type": _qualified("cardio:ledger-record"),
        "cardio:ledger": ledger_id,
        "cardio:sha256": r.hash,
        "cardio:previous-sha256": r.previous_hash,
        "cardio:content-sha256": r.content_sha256,
        "cardio:clock-at": r.clock_at,
        **{name: text for name, text in optional.items() if text is not None},
        **{f"cardio:content.{name}": text for name, text in facts(item.content)},
    }


def _activity(item: Told) -> Node:
    kind, (code, why) = own_code(item.record.kind), outcome(item)
    told = {"cardio:outcome-code": None if item.proof else code, "cardio:outcome": why}
    return {
        "prov:type": _qualified(f"cardio:{kind.code}"),
        "prov:label": kind.meaning,
        "prov:startTime": item.record.at,
        "prov:endTime": item.record.at,
        **{name: text for name, text in told.items() if text is not None},
    }


def _agent(item: Told) -> Node:
    kind = "prov:Person" if roles.is_person(item.record.actor) else "prov:SoftwareAgent"
    role = {"cardio:role": item.record.role} if item.record.role else {}
    return {"prov:type": _qualified(kind), "prov:label": item.record.actor, **role}


def _thing(thing: Thing) -> Node:
    digest = {"cardio:sha256": thing.sha256} if thing.sha256 else {}
    return {"prov:type": _qualified(f"cardio:{thing.sort.value}"), **digest}
