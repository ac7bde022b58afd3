"""The fields that HAS-BLED, MAGGIC and SCORE2 ask for: spellings, codes, parts, ranges and refusals."""

from pathlib import Path

import msgspec
import pytest

from cardio_dagster.modalities.clinical.categories import CATEGORIES
from cardio_dagster.modalities.clinical.record import ClinicalRecord
from cardio_dagster_tests.modalities.clinical import documents as d

PAGE = (Path(__file__).parents[3] / "docs" / "metadata.md").read_text(encoding="utf-8")


def _read(tmp_path, **fields):
    return d.validated(d.write_json(tmp_path, {"patient": {"age": 60, **fields}}))


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"nyha_class": 2}, "nyha_class", 2),
        ({"nyha": "III"}, "nyha_class", 3),
        ({"NYHA": "NYHA IV"}, "nyha_class", 4),
        ({"nyha_functional_class": "Class II"}, "nyha_class", 2),
        ({"hf_duration_months": 20}, "hf_duration_months", 20),
        ({"hf_duration": "2 years"}, "hf_duration_months", 24),
        ({"heart_failure_duration": {"value": 52.18, "unit": "wk"}}, "hf_duration_months", 12),
        ({"alcohol_drinks_per_week": 9}, "alcohol_drinks_per_week", 9),
        ({"drinks_per_week": "10 drinks/week"}, "alcohol_drinks_per_week", 10),
    ],
)
def test_numbers_are_read_in_their_spellings(tmp_path, fields, name, value):
    step = _read(tmp_path, **fields)
    assert step.problems == ()
    assert step.data.number(name) == pytest.approx(value)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"nyha_class": 5}, "E_VALID_002"),
        ({"nyha_class": 2.5}, "E_VALID_002"),
        ({"nyha_class": "II-III"}, "E_VALID_002"),
        ({"hf_duration": 20}, "E_VALID_003"),
        ({"hf_duration_months": -1}, "E_VALID_002"),
        ({"alcohol_drinks_per_week": 400}, "E_VALID_002"),
        ({"score2_region": "Mars"}, "E_VALID_002"),
        ({"score2_region": 3}, "E_VALID_002"),
    ],
)
def test_what_is_not_understood_is_left_out_and_located(tmp_path, fields, code):
    step = _read(tmp_path, **fields)
    (problem,) = step.problems
    assert problem.code == code
    assert f"$.patient.{next(iter(fields))}" in problem.message
    assert "Mars" not in str(problem)
    left_out = [*(q for q in step.data.quantities if q.name != "age_years"), *step.data.categories]
    assert left_out[0].value is None
    assert left_out[0].reason


@pytest.mark.parametrize(
    ("said", "name", "answer"),
    [
        ({"stroke": True}, "stroke", True),
        ({"prior_stroke": "no"}, "stroke", False),
        ({"stroke_or_tia": True}, "stroke", None),
        ({"stroke": True}, "stroke_or_tia", True),
        ({"major_bleeding": False}, "bleeding", None),
        ({"major_bleeding": False, "bleeding_predisposition": False}, "bleeding", False),
        ({"anaemia": True}, "bleeding", True),
        ({"bleeding_history": False}, "bleeding", False),
        ({"dialysis": False, "kidney_transplant": False}, "dialysis_or_kidney_transplant", False),
        ({"dialysis": True}, "dialysis_or_kidney_transplant", True),
        ({"cirrhosis": True}, "liver_disease", True),
        ({"cirrhosis": False}, "liver_disease", None),
        ({"warfarin": True}, "vitamin_k_antagonist", True),
        ({"ace_inhibitor": False, "arb": True}, "ace_inhibitor_or_arb", True),
        ({"ace_inhibitor": False}, "ace_inhibitor_or_arb", None),
        ({"aspirin": True}, "antiplatelet_or_nsaid", True),
        ({"antiplatelet": False, "nsaid": False}, "antiplatelet_or_nsaid", False),
    ],
)
def test_parts_answer_for_the_whole_only_as_far_as_they_go(tmp_path, said, name, answer):
    assert _read(tmp_path, **said).data.answer(name) is answer


def test_codes_of_fhir(tmp_path):
    nyha = {
        "resourceType": "Observation",
        "status": "final",
        "code": d.coded(d.LOINC, "88020-3"),
        "effectiveDateTime": "2025-06-01",
    }
    content = d.bundle(
        d.patient(),
        {**nyha, "effectiveDateTime": "2024-06-01", "valueCodeableConcept": d.coded(d.SNOMED, "420300004")},
        {**nyha, "valueCodeableConcept": d.coded(d.LOINC, "LA28406-9")},
        d.condition(d.ICD10, "I61.0"), d.condition(d.ICD10, "J44.9"), d.condition(d.ICD10, "K74.6"), d.condition(d.ICD10, "Z99.2"),
        d.condition(d.SNOMED, "74474003"), d.medicine("C07AB02"), d.medicine("C09DX04"), d.medicine("B01AA03"), d.medicine("B01AC06"),
    )  # fmt: skip
    record = d.validated(d.write_json(tmp_path, content)).data
    assert record.number("nyha_class") == 3, "the latest counts"
    answers = {h.name for h in record.history if h.value}
    assert answers == {
        "stroke", "bleeding", "copd", "liver_disease", "dialysis_or_kidney_transplant", "beta_blocker", "ace_inhibitor_or_arb",
        "vitamin_k_antagonist", "anticoagulant", "antiplatelet_or_nsaid", "antihypertensive_treatment",
    }  # fmt: skip
    assert record.answer("stroke_or_tia") is None, "a cerebral haemorrhage is no thromboembolic stroke"


@pytest.mark.parametrize("word", ["very_high", "Very high", "very-high risk", "VERY HIGH"])
def test_a_category_is_read_in_its_spellings_and_becomes_a_fact(tmp_path, word):
    path = d.write_json(tmp_path, {"patient": {"age": 60, "score2_risk_region": word}})
    facts = {fact.name: fact.value for fact in d.analysed(path).facts}
    assert facts["score2_region"] == "very_high"
    record = d.validated(path).data
    assert msgspec.json.decode(msgspec.json.encode(record), type=ClinicalRecord) == record


def test_the_page_names_every_category_and_its_words():
    for spec in CATEGORIES:
        (line,) = (line for line in PAGE.splitlines() if line.startswith(f"- `{spec.name}`"))
        assert all(f"`{word}`" in line for word in spec.values)
