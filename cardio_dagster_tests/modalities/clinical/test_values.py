"""Units, codes, derived values, completeness, reference ranges, and identity that never leaves."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.finding import Analysis, Grade
from cardio_dagster.modalities.clinical import BRANCH, SCORE_INPUTS
from cardio_dagster.modalities.clinical.derive import bmi_kg_m2, egfr_ckd_epi_2021
from cardio_dagster.modalities.clinical.naming import harmless
from cardio_dagster.modalities.clinical.numbers import canonical_value
from cardio_dagster.modalities.clinical.quantities import BY_NAME, QUANTITIES, find_quantity
from cardio_dagster.modalities.clinical.record import ClinicalRecord, Entry
from cardio_dagster.outcome import Problem
from cardio_dagster_tests.modalities.clinical import documents as d

GROUPS = {  # published conversions, one unit of the left in the unit of the right
    ("total_cholesterol_mmol_l", "mg/dL"): 0.02586,
    ("creatinine_umol_l", "mg/dL"): 88.42,
    ("glucose_mmol_l", "mg/dL"): 1 / 18.016,
    ("weight_kg", "lb"): 0.45359237,
    ("height_cm", "in"): 2.54,
    ("sbp_mmhg", "kPa"): 7.50062,
}


def _canonical(name, value, unit):
    return canonical_value(BY_NAME[name], Entry(name, value, unit, "here"))


@pytest.mark.parametrize(("name", "unit"), GROUPS)
@settings(max_examples=30, deadline=None)
@given(share=st.floats(0.01, 0.99))
def test_units_go_there_and_back(name, unit, share):
    spec = BY_NAME[name]
    value = spec.possible_low + share * (spec.possible_high - spec.possible_low)
    there = value / GROUPS[name, unit]
    assert _canonical(name, there, unit) == pytest.approx(value, rel=1e-4)
    assert _canonical(name, value, spec.unit) == pytest.approx(value, abs=1e-9)


def _mod10(code):
    number, check = code.split("-")
    digits = [int(c) for c in reversed(number)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::2])
    return (-(doubled + sum(digits[1::2]))) % 10 == int(check)


def test_loinc_check_digits():
    codes = [code for spec in QUANTITIES for code in spec.loinc] + ["72166-2"]
    assert [code for code in codes if not _mod10(code)] == []
    assert len(set(codes)) == len(codes)
    assert not _mod10("8633-1"), "a wrong code in public use is seen"


def test_every_canonical_name_is_a_field_name():
    assert {spec.name: find_quantity(spec.name)[0].name for spec in QUANTITIES} == {s.name: s.name for s in QUANTITIES}


@pytest.mark.parametrize("name", ["heart_rate_min", "HR min", "hrMin", "heart_rate_max", "heart_rate_mean", "a_" * 60])
def test_a_statistic_of_a_quantity_is_not_the_quantity(name):
    assert find_quantity(name) is None


@pytest.mark.parametrize("name", ["Heart rate (/min)", "pulse 1/min", "hr_bpm"])
def test_a_rate_may_name_its_unit(name):
    assert find_quantity(name)[0].name == "heart_rate_bpm"


@pytest.mark.parametrize("text", ["Zzyzx/Quen", "a/Zzy", "Kohl/Max", "Kohl", "mg/Max"])
def test_what_may_be_a_name_is_not_repeated(text):
    assert text not in harmless(text, kind="unit")


@pytest.mark.parametrize("text", ["mg/L", "µmol/L", "mL/min/1.73m2", "%", "mm[Hg]"])
def test_a_unit_is_repeated(text):
    assert harmless(text, kind="unit") == text


@pytest.mark.parametrize(
    ("creatinine_mg_dl", "age_years", "sex", "expected"),
    # by hand from the printed equation of Inker 2021, doi:10.1056/NEJMoa2102953
    [(1.0, 50, "male", 91.7), (1.0, 50, "female", 68.6), (0.6, 30, "female", 123.8), (4.0, 75, "male", 14.9)],
)
def test_egfr(creatinine_mg_dl, age_years, sex, expected):
    got = egfr_ckd_epi_2021(creatinine_umol_l=creatinine_mg_dl * 88.42, age_years=age_years, sex=sex)
    assert got == pytest.approx(expected, abs=0.05)


def test_derived_values_are_marked_and_do_not_replace_stated_ones(tmp_path):
    content = {"patient": {"age": 50, "sex": "M", "height_cm": 180, "weight_kg": 81, "creatinine_mg_dl": 1.0}}
    found = {m.name: m for m in d.analysed(d.write_json(tmp_path, content)).measurements}
    assert found["bmi_kg_m2"].value == pytest.approx(bmi_kg_m2(height_cm=180, weight_kg=81)) == pytest.approx(25)
    assert (
        found["egfr_ml_min_1_73m2"].method == "derived: CKD-EPI 2021 creatinine from creatinine_umol_l, age_years, sex"
    )
    content["patient"] |= {"bmi": 31, "egfr": 44}
    stated = {m.name: m for m in d.analysed(d.write_json(tmp_path, content)).measurements}
    assert (stated["bmi_kg_m2"].value, stated["egfr_ml_min_1_73m2"].value) == (31, 44)
    assert stated["bmi_kg_m2"].method == "stated"


@pytest.mark.parametrize("lost", ["age", "sex"])
def test_egfr_is_not_made_up(tmp_path, lost):
    content = {"age": 50, "sex": "M", "creatinine_mg_dl": 1.0, "sbp": 120}
    del content[lost]
    found = {m.name: m for m in d.analysed(d.write_json(tmp_path, content)).measurements}
    assert found["egfr_ml_min_1_73m2"].value is None
    assert found["egfr_ml_min_1_73m2"].reason == "not in the document"


def test_completeness_gate(tmp_path):
    full = BRANCH.preprocess(d.validated(d.write_json(tmp_path, d.PERSON)).data, d.OPTIONS)
    assert full.verdicts[0].value == 1.0
    assert full.problems == ()
    little = BRANCH.preprocess(
        d.validated(d.write_json(tmp_path, {"patient": {"age": 60, "sex": "F"}})).data, d.OPTIONS
    )
    assert not little.verdicts[0].passed
    assert little.verdicts[0].value == pytest.approx(2 / len(SCORE_INPUTS))
    assert "statin" in little.problems[0].seen
    inventory = BRANCH.detect(little.data, d.OPTIONS).data
    assert inventory.present == ("age_years", "sex")
    assert set(inventory.present + inventory.absent) == set(SCORE_INPUTS)


@pytest.mark.parametrize(
    ("field", "code", "grade"),
    [
        ({"sbp": 139}, None, None),
        ({"sbp": 150}, "clinical.sbp_mmhg.high", Grade.ABNORMAL),
        ({"sbp": 185}, "clinical.sbp_mmhg.high", Grade.CRITICAL),
        ({"bmi": 32}, "clinical.bmi_kg_m2.high", Grade.NOTE),
        ({"egfr": 45}, "clinical.egfr_ml_min_1_73m2.low", Grade.ABNORMAL),
        ({"egfr": 10}, "clinical.egfr_ml_min_1_73m2.low", Grade.CRITICAL),
        ({"lvef_pct": 53, "sex": "F"}, "clinical.lvef_pct.low", Grade.ABNORMAL),
        ({"lvef_pct": 53, "sex": "M"}, None, None),
        ({"lvef_pct": 53}, None, None),  # of an unknown sex, the wider range
        ({"lvef_pct": 51}, "clinical.lvef_pct.low", Grade.ABNORMAL),
        ({"lvef_pct": 10}, "clinical.lvef_pct.low", Grade.CRITICAL),
        ({"creatinine_umol_l": 100}, None, None),
        ({"creatinine_umol_l": 110}, "clinical.creatinine_umol_l.high", Grade.ABNORMAL),
        ({"creatinine_umol_l": 900}, "clinical.creatinine_umol_l.high", Grade.CRITICAL),
    ],
)
def test_values_beyond_their_range_become_findings(tmp_path, field, code, grade):
    analysis = d.analysed(d.write_json(tmp_path, {"patient": {"age": 60, **field}}))
    assert [(f.code, f.grade) for f in analysis.findings] == ([(code, grade)] if code else [])


def _everything(path):
    valid = BRANCH.validate(path, d.OPTIONS)
    prepared = BRANCH.preprocess(valid.data, d.OPTIONS)
    detected = BRANCH.detect(prepared.data, d.OPTIONS)
    analysis = BRANCH.analyse(prepared.data, detected.data, "r01", d.OPTIONS)
    return msgspec.json.encode([valid, prepared, detected, analysis]).decode()


def test_identity_never_leaves_the_reader(tmp_path):
    rows = "name,value,unit\npatient name,Erika Mustermann,\nMRN,87654321,\ndob,1975-03-04,\nsbp,120,Mustermann\nweight,Mustermann,kg\nage,60,\nErika Mustermann,yes,\n"  # fmt: skip
    keyed = {
        "patients": {"Erika Mustermann": {"age": 60, "sbp": 9999, "diabetes": "Mustermann", "mrn": 87654321}},
        "patient": {"sex": "F"},
    }
    named = d.bundle(
        d.patient(),
        d.observation("8480-6", 120, "Mustermann"),
        d.observation("Mustermann", 1, "1"),
        d.condition(d.ICD10, "I10"),
    )
    paths = [
        d.write_json(tmp_path, d.PERSON, "Mustermann.json"), d.write_text(tmp_path, rows), d.write_json(tmp_path, keyed, "k"),
        d.write_json(tmp_path, named, "f"),
    ]  # fmt: skip
    for path in paths:
        text = _everything(path)
        assert len(text) > 500
        assert [s for s in d.SECRETS if s.casefold() in text.casefold()] == []


def test_study_errors_do_not_repeat_content(tmp_path):
    from cardio_dagster.errors import StudyError

    for text in ('{"name": "Erika Mustermann" "age": 60}', 'age,sex\n"Mustermann"x,F\n', "Mustermann,Erika\n"):
        with pytest.raises(StudyError) as caught:
            d.validated(d.write_text(tmp_path, text))
        assert "Mustermann" not in str(caught.value) + repr(caught.value.problem)


def test_payloads_survive_a_checkpoint(tmp_path):
    valid = d.validated(d.write_json(tmp_path, d.PERSON)).data
    analysis = d.analysed(d.write_json(tmp_path, d.PERSON))
    assert msgspec.json.decode(msgspec.json.encode(valid), type=ClinicalRecord) == valid
    assert msgspec.json.decode(msgspec.json.encode(analysis), type=Analysis) == analysis
    problems = d.validated(d.write_json(tmp_path, {"patient": {"age": 60, "sbp": 9999}})).problems
    assert msgspec.json.decode(msgspec.json.encode(problems), type=tuple[Problem, ...]) == problems


@settings(max_examples=80, deadline=None)
@given(
    value=st.one_of(
        st.text(max_size=12), st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.booleans()
    )
)
def test_any_value_is_a_number_in_range_or_a_problem(tmp_path_factory, value):
    path = d.write_json(tmp_path_factory.mktemp("v"), {"patient": {"sex": "F", "sbp": value}})
    step = d.validated(path)
    number = step.data.number("sbp_mmhg")
    assert number is None or 40 <= number <= 320
