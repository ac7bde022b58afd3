"""Measurements, facts, findings and scores: read back from the bundle they equal the report's."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.reporting.fhir.encoding import pruned
from cardio_dagster.reporting.fhir.vocabulary import FACT, MEASUREMENT, SCORE, UCUM_UNITS, absence
from cardio_dagster.reporting.parts import Flag, ReportedMeasurement
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.fhir import bundles
from cardio_dagster_tests.reporting.fhir.bundles import bundle, coded, of, pressure, rich
from cardio_dagster_tests.reporting.fhir.test_bundle import schema_errors

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def parts(report):
    """Return every Observation and component with its sources, as (system, code, node)."""
    for node in of(report, "Observation"):
        for part in (node, *node.get("component", ())):
            for coding in part["code"].get("coding", ()):
                yield coding["system"], coding["code"], part


def read_back(report, system):
    """Return (name, value, unit, reason, low, high, flag) of everything under one of our code systems."""
    told = []
    for found, name, part in parts(report):
        if found != system:
            continue
        value = part.get("valueQuantity", {})
        given_value = next(
            (v for k, v in part.items() if k.startswith("value") and k != "valueQuantity"), value.get("value")
        )
        limits = next(iter(part.get("referenceRange", ())), {})
        bounds = [limits.get(side, {}).get("value") for side in ("low", "high")]
        letter = next((c["code"] for i in part.get("interpretation", ()) for c in i.get("coding", ())), None)
        reason = part.get("dataAbsentReason", {}).get("text")
        told.append((name, given_value, value.get("code", value.get("unit")), reason, *bounds, letter))
    return told


@pytest.mark.parametrize("report", [samples.full(), samples.ecg_only(), rich()], ids=["full", "ecg", "rich"])
def test_measurements_read_back_equal(report):
    letters = {Flag.LOW: "L", Flag.WITHIN: "N", Flag.HIGH: "H", None: None}
    expected = [
        (
            m.name,
            m.value,
            None if m.value is None else m.unit,
            m.reason,
            m.reference_low,
            m.reference_high,
            letters[m.flag],
        )
        for m in report.measurements
    ]
    assert sorted(read_back(report, MEASUREMENT), key=str) == sorted(expected, key=str)


def test_facts_read_back_equal_whatever_their_kind():
    report = rich()
    expected = [(f.name, f.value, f.unit, f.reason) for f in report.facts]
    assert [told[:4] for told in read_back(report, FACT)] == expected


def test_scores_read_back_equal_and_a_refused_one_says_why():
    report = rich()
    told = [t[:4] for t in read_back(report, SCORE)]
    assert told == [(s.name, s.value, None if s.value is None else s.unit, s.reason) for s in report.scores]
    (refused,) = coded(report, "score2")
    assert {n["text"] for n in refused["note"]} >= {"Missing: smoking"}
    assert refused["dataAbsentReason"]["coding"][0]["code"] == "not-performed"


def test_a_risk_in_per_cent_is_a_risk_assessment_too_and_points_are_not():
    (risk,) = of(rich(), "RiskAssessment")
    assert risk["prediction"][0]["probabilityDecimal"] == 14.7
    assert risk["prediction"][0]["qualitativeRisk"]["text"] == "intermediate"
    based = {r["reference"] for r in risk["basis"]}
    named = {f"urn:uuid:{coded(rich(), code)[0]['id']}" for code in ("prevent_cvd_10y", "age_years", "diabetes")}
    assert named <= based


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 100.5])
def test_no_probability_is_told_that_is_none(value):
    report = rich(scores=(replace(samples.scores()[0], value=value),))
    assert of(report, "RiskAssessment") == []
    (told,) = coded(report, "prevent_cvd_10y")
    assert ("valueQuantity" in told) == math.isfinite(value)
    assert ("dataAbsentReason" in told) != math.isfinite(value)


def test_a_finding_has_value_rule_grade_and_what_it_rests_on():
    report = rich()
    (found,) = coded(report, "LVEF_MILDLY_REDUCED")
    assert found["valueCodeableConcept"]["text"] == "LV ejection fraction mildly reduced, 44.6 %"
    assert found["method"]["text"] == "echo.lvef ASE/EACVI 2015"
    assert [c["code"] for c in found["interpretation"][0]["coding"]] == ["A", "abnormal"]
    assert found["component"][0]["valueQuantity"]["value"] == 0.91
    file, measured = found["derivedFrom"]
    assert file["identifier"]["value"] == report.recordings[1].sha256
    assert measured["reference"] == f"urn:uuid:{coded(report, 'lvef_pct')[0]['id']}"
    (note,) = coded(report, "TREND")
    assert [c["code"] for c in note["interpretation"][0]["coding"]] == ["note"]


def test_findings_that_are_not_normal_are_conclusion_codes():
    codes = [c["coding"][0]["code"] for c in bundles.head(rich())["conclusionCode"]]
    assert codes == ["QTC_PROLONGED", "LVEF_MILDLY_REDUCED", "LOW_EF_LONG_QTC", "TREND"]


def test_two_pressures_of_a_recording_are_one_panel():
    (panel,) = coded(rich(), "85354-9")
    assert [c["code"]["coding"][0]["code"] for c in panel["component"]] == ["8480-6", "8462-4"]
    assert [c["valueQuantity"]["value"] for c in panel["component"]] == [128.0, 81.0]
    assert "valueQuantity" not in panel
    assert coded(rich(), "8480-6") == coded(rich(), "8462-4") == []


@pytest.mark.parametrize(
    ("pressures", "panels", "alone"),
    [
        ((pressure("sbp_mmhg", 128.0, "8480-6"),), 0, 1),
        ((pressure("sbp_mmhg", 128.0, "8480-6"), pressure("dbp_mmhg", 81.0, "8462-4", "r09")), 0, 2),
        ((pressure("dbp_mmhg", None, "8462-4"), pressure("sbp_mmhg", 128.0, "8480-6")), 1, 0),
        ((pressure("sbp_mmhg", 128.0, "8480-6"), pressure("sbp_mmhg", 130.0, "8480-6"), pressure("dbp_mmhg", 81.0, "8462-4")), 1, 1),
        ((), 0, 0),
    ],
    ids=["one", "two recordings", "one unknown", "three", "none"],
)  # fmt: skip
def test_a_pressure_without_its_partner_stands_alone(pressures, panels, alone):
    report = rich(measurements=pressures)
    assert schema_errors(bundle(report)) == []
    assert len(coded(report, "85354-9")) == panels
    assert len(coded(report, "8480-6")) + len(coded(report, "8462-4")) == alone
    told = read_back(report, MEASUREMENT)
    assert sorted(str(t[1]) for t in told) == sorted(str(p.value) for p in pressures)


def test_vital_signs_have_what_their_profile_asks_and_no_invented_time():
    (rate,), (height,) = coded(rich(), "8867-4"), coded(rich(), "8302-2")
    for node in (rate, height):
        assert node["category"][0]["coding"][0]["code"] == "vital-signs"
        assert node["_effectiveDateTime"]["extension"][0]["valueCode"] == "unknown"
        assert "effectiveDateTime" not in node
    assert rate["valueQuantity"]["code"] == "/min"


def test_stated_values_name_no_device_and_measured_ones_do():
    assert "device" not in coded(rich(), "height_cm")[0]
    assert "device" in coded(rich(), "lvef_pct")[0]


def test_a_unit_that_is_not_ucum_is_text_only():
    first, second = coded(rich(), "device: hr")
    assert first["valueQuantity"] == {"value": 70.0, "unit": "bpm"}
    assert first["id"] != second["id"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(value=st.none() | FINITE, low=st.none() | FINITE, unit=st.sampled_from(sorted(UCUM_UNITS)) | TEXTS, text=TEXTS)
def test_any_measurement_gives_a_valid_observation_that_reads_back(value, low, unit, text):
    label = text or "x"
    reason = None if value is not None else label
    measured = ReportedMeasurement(
        "any_name", label, value, unit, text, low, None, text, reason, None, text, modality="ecg"
    )
    report = samples.bare("ecg")
    document = bundle(replace(report, measurements=(measured,)))
    assert schema_errors(document) == []
    (told,) = (e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == "Observation")
    assert told.get("valueQuantity", {}).get("value") == value  # obs-6: exactly one of value and reason
    assert ("dataAbsentReason" in told) == (value is None)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.recursive(
        st.none() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner), max_leaves=6
    )
)
def test_nothing_empty_is_left_and_pruning_twice_changes_nothing(node):
    once = pruned(node)
    assert pruned(once) == once
    assert list(empties(once)) == []


def empties(node, *, inside=False):
    """Yield what is empty within the node; None for the whole of it is allowed."""
    if node in (None, "", [], {}) and (inside or node is not None):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from empties(part, inside=True)


def test_control_characters_do_not_reach_the_xhtml():
    report = rich(coverage_notes=("a\x00b\x1bc\ud800d",))
    assert "a\N{REPLACEMENT CHARACTER}b" in bundles.head(report)["text"]["div"]
    assert schema_errors(bundle(report)) == []


def test_absence_is_coded_and_explained():
    assert absence("unknown", "no P wave")["text"] == "no P wave"
    (told,) = coded(samples.full(), "p_terminal_force_mv_ms")
    assert told["dataAbsentReason"] == {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}],
        "text": "no P wave was found in V1",
    }
