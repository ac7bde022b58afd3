"""The bundle: valid by two validators that are not ours, closed in itself, the same every time, and silent on identities."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from cardio_dagster.errors import CODES, problem
from cardio_dagster.reporting.fhir import to_fhir
from cardio_dagster.reporting.json_report import from_json, to_json
from cardio_dagster.reporting.parts import NOTHING_WRITTEN
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.fhir import bundles

REPORTS = {
    "full": samples.full(),
    "ecg": samples.ecg_only(),
    "error": samples.failed(),
    "rich": bundles.rich(),
    "bare": samples.bare("ecg"),
    "empty": samples.bare(),
}
EACH = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
SCHEMA = json.loads(Path(__file__).with_name("r4.schema.json").read_text())


@cache
def validator(kind):
    jsonschema = pytest.importorskip("jsonschema")
    return jsonschema.Draft6Validator({**SCHEMA, "$ref": f"#/definitions/{kind}"})


def schema_errors(document):
    """Return what the schema has against the bundle, and against each of its resources by its own definition.

    One by one, because the schema offers a resource as one of eight: slow, and mute on what is wrong.
    """
    resources = [entry["resource"] for entry in document["entry"]]
    frame = {**document, "entry": [{"fullUrl": entry["fullUrl"]} for entry in document["entry"]]}
    return [
        f"{node['resourceType']} {list(error.absolute_path)}: {error.message[:200]}"
        for node in (frame, *resources)
        for error in validator(node["resourceType"]).iter_errors(node)
    ]


def references(node):
    if isinstance(node, dict):
        yield from ([node["reference"]] if isinstance(node.get("reference"), str) else [])
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from references(part)


@EACH
def test_the_bundle_fits_the_json_schema_of_fhir_r4(report):
    assert schema_errors(bundles.bundle(report)) == []


@EACH
def test_the_bundle_fits_the_models_of_fhir_resources(report):
    # R4B, the release after R4 that this library has, left these eight resources as they were
    models = pytest.importorskip("fhir.resources.R4B.bundle")
    models.Bundle.model_validate_json(to_fhir(report))


@pytest.mark.parametrize(
    ("spoil", "both"),
    [
        (lambda head: head.update(status="held"), False),  # fhir.resources does not look at value sets
        (lambda head: head.update(issued="yesterday"), True),
        (lambda head: head.update(comment="x"), True),
        (lambda head: head.pop("resourceType"), True),
    ],
    ids=["value set", "instant", "unknown element", "type"],
)
def test_the_validators_do_refuse(spoil, both):
    document = bundles.bundle(samples.failed())
    spoilt = document["entry"][0]["resource"]
    spoil(spoilt)
    assert list(validator("DiagnosticReport").iter_errors(spoilt))
    if both:
        models = pytest.importorskip("fhir.resources.R4B.bundle")
        with pytest.raises(ValueError, match=r"."):
            models.Bundle.model_validate(document)


@EACH
def test_every_reference_leads_to_an_entry_and_every_id_is_one_resource(report):
    entries = bundles.bundle(report)["entry"]
    urls = [e["fullUrl"] for e in entries]
    assert len(set(urls)) == len(urls)
    assert [UUID(e["resource"]["id"]).urn for e in entries] == urls
    assert set(references(entries)) <= set(urls)


@EACH
def test_every_observation_is_a_result_of_the_report_which_stands_first(report):
    entries = bundles.bundle(report)["entry"]
    assert entries[0]["resource"]["resourceType"] == "DiagnosticReport"
    observed = [UUID(r["id"]).urn for r in bundles.of(report, "Observation")]
    assert [r["reference"] for r in entries[0]["resource"].get("result", [])] == observed


@EACH
def test_equal_reports_give_equal_bytes(report):
    again = from_json(to_json(report))  # another object, without the drawings
    assert to_fhir(again) == to_fhir(report)
    assert to_fhir(report).endswith(b"}\n")


@EACH
def test_the_only_time_told_is_that_of_receipt(report):
    times = set(re.findall(r"\d{4}-\d\d-\d\dT[^\"]*", to_fhir(report).decode()))
    assert times == {report.received_at}


def test_ids_tell_revisions_apart_and_the_patient_is_no_more_than_a_pseudonym():
    report = bundles.rich()
    ids = {e["resource"]["id"] for e in bundles.bundle(report)["entry"]}
    assert ids.isdisjoint(e["resource"]["id"] for e in bundles.bundle(replace(report, revision=2))["entry"])
    (patient,) = bundles.of(report, "Patient")
    assert set(patient) == {"resourceType", "id", "meta", "identifier"}
    assert [i["value"] for i in patient["identifier"]] == [report.study_id]


@EACH
def test_neither_file_names_nor_drawings_are_in_it(report):
    text = to_fhir(report).decode()
    assert samples.SURNAME not in text
    assert "<svg" not in text


@pytest.mark.parametrize(
    ("release_status", "status"),
    [
        ("released: every gate passed", "final"),
        ("released: accepted by a reader", "final"),
        ("held for review: too few frames", "preliminary"),
        ("not released", "preliminary"),
        ("Not released: this report has not yet passed", "preliminary"),
    ],
)
def test_final_means_released(release_status, status):
    report = bundles.rich(release_status=release_status)
    assert bundles.head(report)["status"] == status
    assert {r["status"] for kind in ("Observation", "RiskAssessment") for r in bundles.of(report, kind)} == {status}
    assert release_status[1:] in bundles.head(report)["conclusion"].splitlines()[0]


def test_a_study_in_error_is_cancelled_and_names_its_problems():
    report = samples.failed()
    told = bundles.head(report)
    assert told["status"] == "cancelled"
    assert "result" not in told
    assert "E_HARD_001" in told["conclusion"]
    (outcome,) = bundles.of(report, "OperationOutcome")
    assert [i["details"]["coding"][0]["code"] for i in outcome["issue"]] == ["E_HARD_001", "E_FORMAT_001"]
    assert "seen: plain text, 1204 bytes" in outcome["issue"][1]["diagnostics"]


def test_an_error_is_never_final_whatever_its_release_says():
    failed = replace(bundles.rich(), error=samples.failed().error)
    assert bundles.head(failed)["status"] == "cancelled"
    assert {r["status"] for r in bundles.of(failed, "Observation")} == {"preliminary"}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_problem_of_the_taxonomy_can_be_told(code):
    report = samples.bare("ecg", study_problems=(problem(code, "x"),))
    assert schema_errors(bundles.bundle(report)) == []
    (outcome,) = bundles.of(report, "OperationOutcome")
    assert outcome["issue"][0]["details"]["coding"][0]["code"] == code


def test_a_problem_of_another_version_is_told_as_well():
    old = replace(problem("E_FORMAT_001", "x"), code="E_GONE_001")
    (outcome,) = bundles.of(replace(samples.bare("ecg"), problems=(old,)), "OperationOutcome")
    assert outcome["issue"][0]["code"] == "processing"


def test_what_was_sent_decides_kind_and_category():
    ecg, full = bundles.head(samples.ecg_only()), bundles.head(samples.full())
    assert ecg["code"]["coding"][0] == {"system": "http://loinc.org", "code": "11524-6"}
    assert [c["coding"][0]["code"] for c in ecg["category"]] == ["EC"]
    assert [c["coding"][0]["code"] for c in full["category"]] == ["EC", "CUS"]
    assert len(full["code"]["coding"]) == 1


def test_the_statements_are_the_conclusion_with_their_references():
    lines = bundles.head(bundles.rich())["conclusion"].splitlines()
    assert lines == [
        "Research use, not a medical device. Released: every gate passed.",
        "LV ejection fraction 44.6 %, below 52 % <ASE & EACVI>. [1]",
        "Sinus rhythm.",
    ]


def test_findings_stand_in_where_nothing_was_written_the_gravest_first():
    lines = bundles.head(replace(samples.full(), written=NOTHING_WRITTEN))["conclusion"].splitlines()
    assert lines[1].startswith("Reduced ejection fraction with a long QTc")
    assert lines[-1] == "Sinus rhythm"


@EACH
def test_the_narrative_is_well_formed_xhtml_of_allowed_elements_that_repeats_the_conclusion(report):
    div = ET.fromstring(bundles.head(report)["text"]["div"])
    assert div.tag == "{http://www.w3.org/1999/xhtml}div"
    tags = {element.tag.rpartition("}")[2] for element in div.iter()}
    assert tags <= {"div", "h1", "h2", "p", "b", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}  # txt-1
    assert not any(element.attrib for element in div.iter())
    text = "".join(div.itertext())
    assert all(line in text for line in bundles.head(report)["conclusion"].splitlines())


def test_software_and_models_are_devices_and_the_provenance_names_the_files():
    report = bundles.rich()
    software, *models = bundles.of(report, "Device")
    assert [v["value"] for v in software["version"]] == [report.software_version, "3-f00", "2-ba5"]
    assert [(m["deviceName"][0]["name"], m["identifier"][0]["value"]) for m in models] == [
        ("ecg_waves", "ab" * 32), ("echo_view", "cd" * 32),
    ]  # fmt: skip
    (provenance,) = bundles.of(report, "Provenance")
    assert [e["what"]["identifier"]["value"] for e in provenance["entity"]] == [r.sha256 for r in report.recordings]
    assert len(provenance["agent"]) == 3
