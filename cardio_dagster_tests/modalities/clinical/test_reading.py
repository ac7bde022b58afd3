"""Reading JSON, CSV and FHIR into one set of units, with the place of each error."""

import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.clinical import BRANCH
from cardio_dagster_tests.modalities.clinical import documents as d


def _only(step, code):
    problems = [p for p in step.problems if p.code == code]
    assert len(problems) == 1, step.problems
    return problems[0]


def test_json_is_read_into_canonical_units(tmp_path):
    record = d.validated(d.write_json(tmp_path, d.PERSON)).data
    assert record.sex == "female"
    assert record.number("age_years") == 50  # 1975-03-04 to 2025-06-01
    assert record.number("height_cm") == pytest.approx(165)
    assert record.number("total_cholesterol_mmol_l") == pytest.approx(5.172)
    assert record.number("hdl_cholesterol_mmol_l") == pytest.approx(1.1637)
    assert (record.number("sbp_mmhg"), record.number("dbp_mmhg")) == (160, 95)
    assert (record.answer("diabetes"), record.answer("smoker"), record.answer("vascular_disease")) == (
        True,
        False,
        False,
    )
    assert record.noted == ("$.patient[key 12]",)  # ferritin: the place, for a name may be a person's


def test_the_day_before_the_birthday_is_a_year_less(tmp_path):
    content = {**d.PERSON, "study_date": "2025-03-03"}
    assert d.validated(d.write_json(tmp_path, content)).data.number("age_years") == 49


def test_age_without_study_date_is_absent_with_a_reason(tmp_path):
    content = {"patient": {"birth_date": "1975-03-04", "sex": "F"}}
    record = d.validated(d.write_json(tmp_path, content)).data
    (age,) = [q for q in record.quantities if q.name == "age_years"]
    assert age.value is None
    assert "study date" in age.reason


@pytest.mark.parametrize(
    "text",
    [
        "age,sex,Height (cm),Weight [kg],Total cholesterol (mg/dL),diabetes\n60,m,180,81,200,no\n",
        "age;sex;Height (cm);Weight [kg];Total cholesterol (mmol/L);diabetes\n60;m;180;81,0;5,172;nein\n",
        "name,value,unit\nage,60,a\nsex,M,\nheight,71,in\nweight,178.6,lb\ntotal cholesterol,200,mg/dL\ndiabetes,false,\n",
        "parameter\tresult\tunits\nage\t60\tyears\nsex\tM\t\nheight\t1800\tmm\nweight\t81000\tg\ncholesterol\t5.172\tmmol/l\ndm\t0\t\n",
    ],
)  # fmt: skip
def test_both_csv_layouts_say_the_same(tmp_path, text):
    if ";" in text:
        text = text.replace("5,172", "5,17")  # three digits after a comma are refused as ambiguous
    record = d.validated(d.write_text(tmp_path, text)).data
    assert record.sex == "male"
    assert record.number("age_years") == 60
    assert record.number("height_cm") == pytest.approx(180, abs=0.5)
    assert record.number("weight_kg") == pytest.approx(81, abs=0.05)
    assert record.number("total_cholesterol_mmol_l") == pytest.approx(5.17, abs=0.01)
    assert record.answer("diabetes") is False


def test_windows_1252_is_read(tmp_path):
    text = "name,value,unit\ncreatinine,88,µmol/L\nage,60,\n"
    record = d.validated(d.write_text(tmp_path, text, encoding="cp1252")).data
    assert record.number("creatinine_umol_l") == 88


def test_fhir_bundle_is_read(tmp_path):
    pressure = {
        "resourceType": "Observation", "status": "final", "code": d.coded(d.LOINC, "85354-9"), "effectiveDateTime": "2025-06-01",
        "component": [
            {"code": d.coded(d.LOINC, "8480-6"), "valueQuantity": {"value": 160, "code": "mm[Hg]"}},
            {"code": d.coded(d.LOINC, "8462-4"), "valueQuantity": {"value": 95, "code": "mm[Hg]"}},
        ],
    }  # fmt: skip
    smoking = {
        "resourceType": "Observation", "status": "final", "code": d.coded(d.LOINC, "72166-2"),
        "effectiveDateTime": "2025-05-01", "valueCodeableConcept": d.coded(d.SNOMED, "8517006"),
    }  # fmt: skip
    content = d.bundle(
        d.patient(), pressure, smoking,
        {**smoking, "effectiveDateTime": "2010-05-01", "valueCodeableConcept": d.coded(d.SNOMED, "449868002")},
        d.observation("2093-3", 200, "mg/dL"), d.observation("14646-4", 1.2, "mmol/L"),
        d.observation("29463-7", 90, "kg", "2020-01-01"), d.observation("29463-7", 95.3, "kg"),
        d.observation("59261-8", 48, "mmol/mol"), d.observation("98979-8", 90, "mL/min/{1.73_m2}"),
        {**d.observation("8867-4", 999, "/min"), "status": "entered-in-error"}, d.observation("718-7", 14, "g/dL"),
        d.condition(d.ICD10, "E11.9"), d.condition(d.ICD10, "I11.0"), d.condition(d.SNOMED, "230690007", verified="refuted"),
        d.condition(d.SNOMED, "49436004", verified="provisional"), d.condition(d.ICD10, "I21.4", clinical="resolved"),
        d.condition(d.ICD10, "I48.3"),
        d.medicine("C10AA05"), d.medicine("C09AA02"), d.medicine("C08CA01"), d.medicine("B01AF01", status="stopped"),
    )  # fmt: skip
    step = d.validated(d.write_json(tmp_path, content))
    record = step.data
    assert record.number("age_years") == 50
    assert (record.number("sbp_mmhg"), record.number("dbp_mmhg")) == (160, 95)
    assert record.number("total_cholesterol_mmol_l") == pytest.approx(5.172)
    assert record.number("weight_kg") == 95.3, "the latest counts"
    assert record.number("hba1c_pct") == pytest.approx(6.5, abs=0.05)  # 48 mmol/mol is 6.5 %
    assert record.number("heart_rate_bpm") is None, "entered in error"
    assert record.number("antihypertensive_count") == 2
    answers = {h.name: h.value for h in record.history}
    assert answers == {
        "diabetes": True, "hypertension": True, "heart_failure": True, "stroke_or_tia": False, "vascular_disease": True,
        "smoker": False, "statin": True, "antihypertensive_treatment": True, "stroke": False, "ace_inhibitor_or_arb": True,
    }  # fmt: skip
    assert "Bundle.entry[11] LOINC 718-7" in record.noted
    assert any("not confirmed" in p.message for p in step.problems)
    assert any("given 2 times; the latest is used" in p.message for p in step.problems)


def test_a_part_denied_is_not_the_whole_denied(tmp_path):
    def answer(**history):
        path = d.write_json(tmp_path, {"patient": {"age": 60, **history}})
        return d.validated(path).data.answer("stroke_or_tia")

    assert answer(stroke=False) is None
    assert answer(stroke=False, tia=False) is False
    assert answer(stroke=False, tia=True) is True
    assert answer(stroke_or_tia=False) is False


def test_absence_from_a_list_is_not_a_no(tmp_path):
    record = d.validated(d.write_json(tmp_path, {"patient": {"age": 60, "conditions": ["diabetes", "gout"]}})).data
    assert record.answer("diabetes") is True
    assert record.answer("hypertension") is None


@pytest.mark.parametrize(
    ("field", "code", "seen"),
    [
        ({"sbp": 1600}, "E_VALID_002", "1600 mm[Hg]"),
        ({"height_m": 165}, "E_VALID_002", "1.65e+04 cm"),
        ({"sbp": "high"}, "E_VALID_002", "a text of 4 characters, not repeated here"),
        ({"sbp": True}, "E_VALID_002", "a text of 4 characters, not repeated here"),
        ({"weight": "1,234 kg"}, "E_VALID_002", None),
        ({"diabetes": "perhaps"}, "E_VALID_002", "a text of 7 characters, not repeated here"),
        ({"glucose": {"value": 5, "unit": "g/L"}}, "E_VALID_003", "g/L"),
        ({"glucose": 100}, "E_VALID_003", "no unit"),
        ({"egfr": "> 60"}, "E_VALID_005", None),
    ],
)
def test_a_bad_value_is_left_out_and_located(tmp_path, field, code, seen):
    step = d.validated(d.write_json(tmp_path, {"patient": {"age": 60, **field}}))
    problem = _only(step, code)
    assert problem.seen == seen
    assert f"$.patient.{next(iter(field))}" in problem.message
    assert problem.allowed
    assert step.data.number("age_years") == 60, "the rest is kept"
    left_out = [q for q in step.data.quantities if q.name != "age_years"] or list(step.data.history)
    assert left_out[0].value is None
    assert left_out[0].reason


def test_places_in_csv_and_fhir(tmp_path):
    wide = d.validated(d.write_text(tmp_path, "age,sex,sbp\n60,F,9999\n"))
    assert "line 2, column 3" in _only(wide, "E_VALID_002").message
    long = d.validated(d.write_text(tmp_path, "name,value,unit\nage,60,\nsbp,9999,mmHg\n"))
    assert "line 3" in _only(long, "E_VALID_002").message
    fhir = d.validated(d.write_json(tmp_path, d.bundle(d.patient(), d.observation("8480-6", 9999, "mm[Hg]"))))
    assert "Bundle.entry[1]" in _only(fhir, "E_VALID_002").message


def test_contradicting_pairs_are_both_left_out(tmp_path):
    step = d.validated(d.write_json(tmp_path, {"patient": {"age": 60, "blood_pressure": "80/120"}}))
    assert _only(step, "E_VALID_005").seen == "120 and 80"
    assert step.data.number("sbp_mmhg") is None
    assert step.data.number("dbp_mmhg") is None


def test_sex_given_twice_is_unknown(tmp_path):
    step = d.validated(d.write_json(tmp_path, {"patient": {"sex": "F", "gender": "male", "age": 60}}))
    assert _only(step, "E_VALID_005")
    assert step.data.sex is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"patient": {"age": 60', "E_CORRUPT_001"),
        ('{"a":' * 100_000, "E_CORRUPT_001"),
        ('age,sex\n"60,F\n', "E_CORRUPT_001"),
        ('{"colour": "red"}', "E_FORMAT_001"),
        ("just text\n", "E_FORMAT_001"),
        ("age,sex\n60,F\n61,M\n", "E_FORMAT_002"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}, {"resource": {"resourceType": "Patient"}}]}', "E_FORMAT_002"),
    ],
)  # fmt: skip
def test_unreadable_documents_are_study_errors(tmp_path, text, code):
    with pytest.raises(StudyError) as caught:
        d.validated(d.write_text(tmp_path, text))
    assert caught.value.problem.code == code


def test_missing_and_oversized_files_are_study_errors(tmp_path):
    with pytest.raises(StudyError, match="E_INTAKE_006"):
        d.validated(tmp_path / "none")
    with pytest.raises(StudyError, match="E_HARD_004"):
        BRANCH.validate(d.write_json(tmp_path, d.PERSON), Options(max_file_mb=1e-6))


def test_a_document_without_a_usable_value_has_no_data(tmp_path):
    step = d.validated(d.write_json(tmp_path, {"patient": {"sbp": 9999, "glucose": 5}}))
    assert step.data is None
    assert {p.code for p in step.problems} == {"E_VALID_001", "E_VALID_002", "E_VALID_003"}
