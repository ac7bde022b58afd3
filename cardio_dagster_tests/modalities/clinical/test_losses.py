"""A value that cannot be used is told with its field, never its value, and holds the report."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.clinical import BRANCH
from cardio_dagster.outcome import Severity, Status
from cardio_dagster_tests.modalities.clinical import documents as d

GRAVE = (Severity.ERROR, Severity.CRITICAL)  # what pipeline/stages.release_decision holds


def problems(path):
    step = d.validated(path)
    assert step.status is not Status.FAILED
    return step.problems


def grave(folder, fields, **base):
    return [
        p for p in problems(d.write_json(folder, {"patient": {"age": 60, **base, **fields}})) if p.severity in GRAVE
    ]


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"sbp": 70, "dbp": 80}, "Diastolic blood pressure"),
        ({"sbp": 80, "dbp": 80}, "Systolic blood pressure"),
        ({"total_cholesterol_mmol_l": 1.0, "hdl_cholesterol_mmol_l": 2.5}, "HDL cholesterol"),
        ({"sex": "{0.__class__}"}, "sex"),
        ({"sex": 7}, "sex"),
        ({"sex": ["F"]}, "sex"),
        ({"dbp_mmhg": [1, 2]}, "Diastolic blood pressure"),
        ({"dbp_mmhg": [80]}, "Diastolic blood pressure"),
        ({"dbp_mmhg": {"low": 80}}, "Diastolic blood pressure"),
        ({"dbp_mmhg": True}, "Diastolic blood pressure"),
        ({"blood_pressure": "120 over 80"}, "Systolic blood pressure"),
        ({"blood_pressure": 120}, "Diastolic blood pressure"),
        ({"bp": [120, 80]}, "Systolic blood pressure"),
        ({"diabetes": ["yes"]}, "Diabetes"),
        ({"diabetes": {"status": "yes"}}, "Diabetes"),
        ({"diabetes": "perhaps"}, "Diabetes"),
        ({"egfr": "> 60"}, "Estimated glomerular filtration rate"),
        ({"score2_region": ["low"]}, "SCORE2 risk region"),
        ({"sbp": 120, "systolic_bp": 190}, "Systolic blood pressure"),
        ({"stroke": True, "prior_stroke": False, "stroke_or_tia": False}, "Stroke"),
        ({"sex": "F", "gender": "male"}, "sex"),
    ],
)
def test_a_lost_value_is_told_and_holds(tmp_path, fields, label):
    found = grave(tmp_path, fields)
    assert any(label.casefold() in p.message.casefold() for p in found)
    texts = " ".join(str(v) for v in fields.values() if not isinstance(v, int | float))
    assert all(p.seen is None or p.seen not in texts for p in found)


@pytest.mark.parametrize("day", ["1975", "04.03.1975", "1975-02-30"])
def test_a_birth_date_that_cannot_be_read_is_told(tmp_path, day):
    content = {"study_date": "2025-06-01", "patient": {"birth_date": day, "sex": "F", "sbp": 120}}
    found = [p for p in problems(d.write_json(tmp_path, content)) if p.severity in GRAVE]
    assert ["Age" in p.message for p in found] == [True]
    assert day not in repr(found)


@pytest.mark.parametrize("node", ["valueString", "valueInteger", "valueRange"])
def test_a_kind_of_value_that_fhir_allows_and_nobody_reads_is_told(tmp_path, node):
    seen = d.observation("8480-6", 120, "mm[Hg]")
    del seen["valueQuantity"]
    seen[node] = "120"
    absent = {k: v for k, v in seen.items() if k != node} | {"dataAbsentReason": d.coded("x", "unknown")}
    lost, none = (problems(d.write_json(tmp_path, d.bundle(d.patient(), o, d.observation("8867-4", 70, "/min"))))
                  for o in (seen, absent))  # fmt: skip
    assert [p.severity in GRAVE and "Systolic" in p.message for p in lost] == [True]
    assert none == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"sbp": 120, "dbp": 80, "sex": "F", "diabetes": "no", "bp": "120/80 mmHg"},
        {"height_cm": 165, "height": "1.65 m", "total_cholesterol_mmol_l": 5.48, "cholesterol": "212 mg/dL"},
        {"sex": "other"}, {"sex": "unknown"}, {"sex": None}, {"sbp": None, "diabetes": "", "dbp": "not measured", "bp": None},
        {"sbp": {"value": 120, "unit": "mmHg"}, "blood_pressure": {"systolic": 120, "diastolic": 80}},
        {"sbp": {"value": None}}, {"conditions": ["hypertension", "something else"], "notes": ["a", {"b": 1}]},
    ],
)  # fmt: skip
def test_what_is_absent_or_said_on_purpose_is_no_loss(tmp_path, fields):
    assert grave(tmp_path, fields) == []


def test_a_group_of_pressures_is_read(tmp_path):
    record = d.validated(d.write_json(tmp_path, {"age": 60, "bp": {"systolic": 131, "diastolic": 77}})).data
    assert (record.number("sbp_mmhg"), record.number("dbp_mmhg")) == (131, 77)


def test_an_older_value_is_history_and_holds_nothing(tmp_path):
    old, new = d.observation("8480-6", 190, "mm[Hg]", "2020-01-01"), d.observation("8480-6", 120, "mm[Hg]")
    found = problems(d.write_json(tmp_path, d.bundle(d.patient(), old, new)))
    assert [(p.code, p.severity) for p in found] == [("E_VALID_005", Severity.WARNING)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 400) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(value=JSON, field=st.sampled_from(["dbp_mmhg", "diabetes", "score2_region"]))
def test_any_value_is_used_or_absent_or_told(tmp_path_factory, value, field):
    path = d.write_json(tmp_path_factory.mktemp("v"), {"patient": {"age": 60, "sbp": 300, field: value}})
    step = d.validated(path)
    items = (*step.data.quantities, *step.data.history, *step.data.categories)
    used = any(i.name == field and i.value is not None for i in items)
    absent = str(value).strip().casefold() in ("", "none", "na", "n/a", "nan", "null", "unknown", "-", "?")
    empty = isinstance(value, dict) and value.get("value", value) in (None, "")
    assert used or absent or empty or any(p.severity in GRAVE for p in step.problems)


CHILD = {"sex": "M", "heart_rate_bpm": 140, "sbp_mmhg": 68, "dbp_mmhg": 40, "creatinine_umol_l": 400, "lvef_pct": 20}


@pytest.mark.parametrize(("age", "adult"), [(0, False), (8, False), (17, False), (18, True), (None, True)])
def test_below_18_there_is_no_adult_limit_and_no_grade(tmp_path, age, adult):
    analysis = d.analysed(d.write_json(tmp_path, {"patient": {**CHILD, "age_years": age}}))
    sbp = next(m for m in analysis.measurements if m.name == "sbp_mmhg")
    assert sbp.value == 68
    assert bool(analysis.findings) is adult
    limited = [m.name for m in analysis.measurements if (m.reference_low, m.reference_high) != (None, None)]
    assert bool(limited) is adult
    assert ("adults, from 18 years" in sbp.reference_source) is not adult


@pytest.mark.parametrize(("word", "answer"), [(True, True), ("no", False), ("pregnancy?", None)])
def test_pregnancy_is_a_fact(tmp_path, word, answer):
    analysis = d.analysed(d.write_json(tmp_path, {"patient": {"age": 31, "sex": "F", "pregnant": word}}))
    assert [f.value for f in analysis.facts if f.name == "pregnant"] == [answer]
    coded = d.bundle(d.patient(), d.condition(d.ICD10, "Z33"), d.observation("8480-6", 120, "mm[Hg]"))
    assert d.validated(d.write_json(tmp_path, coded)).data.answer("pregnant") is True
    assert BRANCH.code_version == "4"
