"""Two documents of one study: what they may differ in, and what holds the report."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.finding import Grade
from cardio_dagster.fusion import fuse
from cardio_dagster.fusion.consistency import DOCUMENT_LIMITS, TOLERANCES
from cardio_dagster.modalities.clinical.categories import CATEGORIES
from cardio_dagster.modalities.clinical.quantities import QUANTITIES
from cardio_dagster.reporting.cohort.dictionary import by_group
from cardio_dagster.reporting.verification.fusion_rules import DOCUMENTS
from cardio_dagster.reporting.verification.fusion_rules import TOLERANCES as VERIFIED
from cardio_dagster_tests.fusion.analyses import analysis

PAGE = (Path(__file__).parents[2] / "docs" / "fusion.md").read_text()


def conflicts(*documents, modality="clinical"):
    given_ = [analysis(modality, f"r{i:02d}", **d) for i, d in enumerate(documents, start=1)]
    found = (f for f in fuse(tuple(given_), ()).consistency if f.code.startswith("fusion.conflict."))
    return {f.code.removeprefix("fusion.conflict."): f for f in found}


@pytest.mark.parametrize(
    ("name", "first", "second", "conflict"),
    [
        ("sbp_mmhg", 120, 150, False),
        ("sbp_mmhg", 120, 151, True),
        ("sbp_mmhg", 120, 190, True),
        ("dbp_mmhg", 70, 90, False),
        ("dbp_mmhg", 70, 110, True),
        ("creatinine_umol_l", 71, 100, False),
        ("creatinine_umol_l", 69, 100, True),
        ("creatinine_umol_l", 40, 400, True),
        ("total_cholesterol_mmol_l", 4.5, 9.0, True),
        ("glucose_mmol_l", 5.0, 9.0, False),
        ("glucose_mmol_l", 20.0, 25.0, False),  # a fifth
        ("glucose_mmol_l", 5.0, 9.1, True),
        ("lvef_pct", 60, 49, True),
        ("nyha_class", 2, 3, False),
        ("nyha_class", 1, 3, True),
        ("height_cm", 170, 176, True),
        ("weight_kg", 70, 74, False),
        ("age_years", 60, 62, True),
    ],
)
def test_numbers_of_two_documents(name, first, second, conflict):
    found = conflicts({"numbers": {name: first}}, {"numbers": {name: second}})
    assert list(found) == ([name] if conflict else [])
    assert conflicts({"numbers": {name: second}}, {"numbers": {name: first}}).keys() == found.keys()
    if conflict:
        assert found[name].grade is not Grade.NORMAL, "release_decision holds what is not NORMAL"
        for value, where in ((first, "r01"), (second, "r02")):
            assert re.search(rf"\b{value:.4g}\b[^,]*\(clinical {where}\)", found[name].text)


@pytest.mark.parametrize(
    ("first", "second", "conflict"),
    [
        ({"diabetes": True}, {"diabetes": False}, ["diabetes"]),
        ({"diabetes": True}, {"diabetes": True}, []),
        ({"diabetes": True}, {"diabetes": None}, []),
        ({"score2_region": "low"}, {"score2_region": "high"}, ["score2_region"]),
        ({"fields_not_read": "$.a"}, {"fields_not_read": "$.b"}, []),
        ({"sex": "female"}, {"sex": "male"}, ["sex"]),
    ],
)
def test_words_of_two_documents(first, second, conflict):
    assert list(conflicts({"facts": first}, {"facts": second})) == conflict


def test_two_recordings_of_a_signal_may_differ():
    assert conflicts({"numbers": {"heart_rate_bpm": 60}}, {"numbers": {"heart_rate_bpm": 120}}, modality="ecg") == {}


def test_two_documents_are_compared_even_where_a_signal_agrees_with_one():
    echo = analysis("echo", "r03", numbers={"echo_pasp_mmhg": 30})
    documents = tuple(analysis("clinical", f"r0{i}", numbers={"pasp_mmhg": v}) for i, v in ((1, 30), (2, 80)))
    assert [f.code for f in fuse((*documents, echo), ()).consistency] == ["fusion.conflict.pasp_mmhg"]


@settings(max_examples=50, deadline=None)
@given(name=st.sampled_from(sorted(DOCUMENT_LIMITS)), value=st.floats(1, 300), copies=st.integers(1, 4))
def test_copies_never_contradict_and_more_distance_never_mends(name, value, copies):
    assert conflicts(*[{"numbers": {name: value}}] * copies) == {}
    apart = [bool(conflicts({"numbers": {name: value}}, {"numbers": {name: value + d}})) for d in (0, 5, 50, 500, 5000)]
    assert apart == sorted(apart)
    assert apart[-1]


def test_every_quantity_has_a_limit_and_a_flag_and_is_verified_by_the_same():
    assert set(DOCUMENT_LIMITS) == {q.name for q in QUANTITIES}
    flags = {c.report_name for c in by_group("finding")}
    assert {f"fusion.conflict.{n}" for n in (*DOCUMENT_LIMITS, *(c.name for c in CATEGORIES))} <= flags
    assert {n: v for n, v in DOCUMENT_LIMITS.items() if n not in VERIFIED} == DOCUMENTS
    assert set(TOLERANCES) <= set(DOCUMENT_LIMITS)
    assert "| systolic, diastolic pressure | 30, 20 mmHg |" in PAGE


@pytest.mark.parametrize(
    ("text", "sex"),
    [("F", "female"), ("f ", "female"), ("Female", "female"), ("M", "male"), ("MALE", "male")]
    + [(t, None) for t in ("Fnord", "fa", "Mx", "mixed", "FM", "O", "unknown", "{0.__class__}", "Frau Muster")],
)
def test_only_the_exact_words_are_a_sex(text, sex):
    feature = fuse((analysis("ecg", facts={"sex": text}),), ()).get("sex")
    assert feature.text == sex
    assert feature.known is (sex is not None)
