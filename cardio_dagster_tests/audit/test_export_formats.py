"""Exports: every kind in every format, valid by readers that are not ours, the same bytes, no identity."""

import base64
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cardio_dagster.audit.export import FORMATS, Selection, export
from cardio_dagster.audit.export.facts import facts
from cardio_dagster.audit.export.meanings import DCM, meaning
from cardio_dagster.audit.export.write import ledger_id
from cardio_dagster.audit_contents import HoldMoved
from cardio_dagster.audit_record import ActorKind, Kind
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import purge_contents
from cardio_dagster_tests.audit.ledgers import AUDITOR, OTHER, STUDY, contents, entries, full_ledger, sha

EACH = pytest.mark.parametrize("format_name", FORMATS)
# (code, meaning) of PS3.16 CID 400 and 401, from the FHIR rendering of DICOM's terminology by B. van der Haak
CODES = {
    "110100": "Application Activity", "110101": "Audit Log Used", "110103": "DICOM Instances Accessed",
    "110105": "DICOM Study Deleted", "110107": "Import", "110113": "Security Alert", "110120": "Application Start", "110121": "Application Stop",
    "110131": "Software Configuration", "110134": "Audit Recording Started",
    "110135": "Object Security Attributes Changed",
}  # fmt: skip


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """Return a ledger with every kind of record, a study whose contents were purged among them."""
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'cardio.db'}")
    create_tables(engine)
    made = full_ledger(engine)
    made.append(*entries(OTHER)[2:5])
    seqs = [r.seq for r in made.records(study_id=OTHER)]
    purge_contents(made, seqs, {"reports/r1/report.json": sha("1")}, "2026-01-01", AUDITOR, study_id=OTHER)
    return made


def written(ledger, format_name, **chosen):
    return b"".join(export(ledger, format_name, Selection(**chosen)))


def lines(ledger, **chosen):
    return [json.loads(line) for line in written(ledger, "jsonl", **chosen).splitlines()]


def events(ledger, **chosen):
    return [entry["resource"] for entry in json.loads(written(ledger, "fhir", **chosen)).get("entry", [])]


def messages(ledger, **chosen):
    return list(ET.fromstring(written(ledger, "atna", **chosen)))


def bundles(ledger, **chosen):
    return json.loads(written(ledger, "prov", **chosen)).get("bundle", {})


COUNTS = {"jsonl": lines, "fhir": events, "atna": messages, "prov": bundles}


def test_the_sample_has_every_kind(ledger):
    assert {r.kind for r in ledger.records()} >= set(Kind) - {Kind.LEDGER_ANCHORED}


def test_every_kind_has_a_meaning_and_dicoms_codes_are_dicoms():
    told = [code for kind in Kind for code in (meaning(kind).event, *meaning(kind).types)]
    assert {c.code: c.meaning for c in told if c.scheme == DCM} == CODES
    assert {meaning(kind).action for kind in Kind} <= set("CRUDE")
    assert all(kind.value in {c.code for c in (meaning(kind).event, *meaning(kind).types)} for kind in Kind)


@EACH
def test_one_item_for_each_record_and_the_same_bytes_again(ledger, format_name):
    assert len(COUNTS[format_name](ledger)) == len(list(ledger.records()))
    assert written(ledger, format_name) == written(ledger, format_name)


@EACH
def test_a_choice_by_study_and_by_time(ledger, format_name):
    of_study = [r for r in ledger.records() if r.study_id == STUDY]
    assert len(COUNTS[format_name](ledger, study_id=STUDY)) == len(of_study) > 5
    last = list(ledger.records())[-1].at
    count = COUNTS[format_name]
    assert len(count(ledger, until=last)) + len(count(ledger, since=last)) == len(list(ledger.records()))
    assert len(count(ledger, since="2999-01-01")) == 0


@EACH
def test_a_purged_content_is_named_with_its_proof(ledger, format_name):
    (proof,) = ledger.records(kinds=(Kind.CONTENT_PURGED,))
    text = written(ledger, format_name, study_id=OTHER).decode()
    assert text.count(f"purged on {proof.at[:10]}, proof record {proof.seq}") == 3 * (1 if format_name != "prov" else 2)
    assert "af#rate" not in text
    assert "proof record" not in written(ledger, format_name, study_id=STUDY).decode()


@EACH
def test_an_unknown_format_is_refused(ledger, format_name):
    with pytest.raises(KeyError):
        export(ledger, format_name + "x", Selection())


def test_every_field_of_every_content_is_told():
    for _, content in contents().values():
        assert [name for name, _ in facts(content)] == list(content.__dataclass_fields__)
    assert dict(facts(contents()[Kind.REPORT_CLOSED][1]))["code"] == "null"
    assert facts(HoldMoved("")) == (("reason", '""'),)


@EACH
def test_what_every_content_holds_is_in_the_export(ledger, format_name):
    text = written(ledger, format_name).decode()
    if format_name == "atna":
        text += " ".join(base64.b64decode(v).decode() for v in re.findall(r'value="([^"]*)"', text))
    for word in ("p-77", "E_INTAKE_003", "ecg.quality", "age is missing", "SIGKILL", "AF is paroxysmal", "case 12/26"):
        assert word in text


# ---- FHIR


def test_fhir_is_read_by_fhir_resources(ledger):
    models = pytest.importorskip("fhir.resources.R4B.bundle")  # AuditEvent is the same in R4 and R4B
    bundle = models.Bundle.model_validate_json(written(ledger, "fhir"))
    assert {entry.resource.get_resource_type() for entry in bundle.entry} == {"AuditEvent"}
    models.Bundle.model_validate_json(written(ledger, "fhir", since="2999-01-01"))  # empty, and valid


def test_fhir_codes_are_of_the_required_value_sets_and_ids_are_unique(ledger):
    found = events(ledger)
    assert {e["action"] for e in found} <= set("CRUDE")
    assert {e["outcome"] for e in found if "outcome" in e} == {"0", "4", "8"}
    assert len({e["id"] for e in found}) == len(found)
    assert all(e["agent"][0]["requestor"] is True and e["source"]["observer"]["identifier"] for e in found)


def test_fhir_names_each_record_by_its_hash(ledger):
    for event, record in zip(events(ledger), ledger.records(), strict=True):
        assert event["entity"][0]["what"]["identifier"]["value"] == record.hash
        assert event["recorded"] == record.at
        assert ("outcome" in event) == (record.content is not None)


def test_fhir_tells_people_from_programs(ledger):
    by_kind = {e["subtype"][-1]["code"]: e for e in events(ledger, study_id=STUDY)}
    decided, closed = by_kind["review.decided"]["agent"][0], by_kind["report.closed"]["agent"][0]
    assert (decided["name"], decided["role"][0]["text"]) == ("mk", "cardiologist")
    assert decided["type"]["coding"][0]["code"] == "humanuser"
    assert closed["type"]["coding"][0]["code"] == "110150"


# ---- DICOM audit messages


def schema():
    etree = pytest.importorskip("lxml.etree")
    return etree, etree.RelaxNG(etree.parse(str(Path(__file__).with_name("atna.rng"))))


def test_atna_fits_the_schema_of_ps3_15(ledger):
    etree, rules = schema()
    document = etree.fromstring(written(ledger, "atna"))
    assert rules.validate(document), rules.error_log


@pytest.mark.parametrize(
    "spoil",
    [
        lambda m: m.find("EventIdentification").set("EventOutcomeIndicator", "5"),
        lambda m: m.find("EventIdentification").set("EventDateTime", "yesterday"),
        lambda m: m.remove(m.find("ActiveParticipant")),
        lambda m: m.find("ParticipantObjectIdentification").remove(m.find(".//ParticipantObjectName")),
        lambda m: m.find(".//EventID").set("code", "1"),
        lambda m: m.find(".//ParticipantObjectDetail").set("value", "not base 64!"),
    ],
)
def test_the_schema_does_refuse(ledger, spoil):
    etree, rules = schema()
    document = etree.fromstring(written(ledger, "atna"))
    spoil(document[0])
    assert not rules.validate(document)


@pytest.mark.parametrize(
    ("kind", "event", "kinds", "action", "outcome"),
    [
        ("study.received", "110107", ["study.received"], "C", "0"),
        ("study.set_aside", "110107", ["study.set_aside"], "C", "4"),
        ("config.changed", "110113", ["110131", "config.changed"], "E", "0"),
        ("run.died", "110100", ["110121", "run.died"], "E", "8"),
        ("access.made", "110103", ["access.made"], "R", "4"),
        ("content.purged", "110105", ["content.purged"], "D", "0"),
        ("error.met", "error.met", ["error.met"], "E", "8"),
        ("breaker.moved", "breaker.moved", ["breaker.moved"], "E", "4"),
        ("notice.sent", "notice.sent", ["notice.sent"], "E", "4"),
        ("service.restarted", "110100", ["110120", "service.restarted"], "E", "4"),
        ("evaluation.made", "evaluation.made", ["evaluation.made"], "E", "4"),
        ("promotion.decided", "110113", ["110131", "promotion.decided"], "E", "4"),
    ],
)
def test_events_as_dicom_calls_them(ledger, kind, event, kinds, action, outcome):
    found = [m[0] for m in messages(ledger) if m[0].findall("EventTypeCode")[-1].get("csd-code") == kind]
    assert found
    head = found[0]
    assert head.find("EventID").get("csd-code") == event
    assert [t.get("csd-code") for t in head.findall("EventTypeCode")] == kinds or kinds == [event]
    assert (head.get("EventActionCode"), head.get("EventOutcomeIndicator")) == (action, outcome)


# ---- PROV


def document(ledger, **chosen):
    model = pytest.importorskip("prov.model")
    return model, model.ProvDocument.deserialize(content=written(ledger, "prov", **chosen).decode())


def test_prov_is_read_by_the_prov_package(ledger):
    model, read = document(ledger)
    assert len(list(read.bundles)) == len(list(ledger.records()))
    flat = read.flattened().unified()
    kinds = {type(record) for record in flat.get_records()}
    assert kinds >= {model.ProvEntity, model.ProvActivity, model.ProvAgent, model.ProvUsage, model.ProvGeneration}
    assert kinds >= {model.ProvAttribution, model.ProvAssociation, model.ProvDerivation, model.ProvInvalidation}


def test_prov_links_a_report_to_the_very_file(ledger):
    model, read = document(ledger, study_id=STUDY)
    edges = {}
    for derivation in read.flattened().get_records(model.ProvDerivation):
        made, used = (str(value) for _, value in derivation.formal_attributes[:2])
        edges.setdefault(made, set()).add(used)
    assert f"cardio:stage-result/{STUDY}/r1/COMPLETE" in edges[f"cardio:report/{STUDY}/r1/v1"]
    seen, todo = set(), [f"cardio:report/{STUDY}/r1/v2"]
    while todo:
        seen.add(todo[0])
        todo += edges.get(todo.pop(0), set()) - seen
    assert f"cardio:file/{sha('a')}" in seen
    assert f"cardio:report/{STUDY}/r1/v1" in seen


def test_prov_of_people_and_of_programs(ledger):
    model, read = document(ledger)
    agents = {str(a.identifier): str(a.get_asserted_types()) for a in read.flattened().get_records(model.ProvAgent)}
    assert "prov:Person" in agents["actor:person%3Amk"]
    assert "prov:SoftwareAgent" in agents["actor:sensor%3Anew_study_sensor"]


def test_an_empty_prov_is_read_as_well(ledger):
    _, read = document(ledger, since="2999-01-01")
    assert list(read.bundles) == []


def test_the_source_is_the_ledger_and_nothing_of_the_machine(ledger):
    assert ledger_id(ledger) == ledger.head().ledger_id
    assert {kind.value for kind in ActorKind} >= {r.actor.split(":")[0] for r in ledger.records()}
