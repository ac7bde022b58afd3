"""HAS-BLED against worked examples, each item and limit, the vitamin K rule, its range and its refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.fusion import fuse
from cardio_dagster.scoring.has_bled import has_bled
from cardio_dagster_tests.fusion.analyses import analysis

NUMBERS = ("age_years", "sbp_mmhg", "creatinine_umol_l", "alcohol_drinks_per_week")
NONE = {
    "age_years": 50, "sbp_mmhg": 120, "creatinine_umol_l": 80, "alcohol_drinks_per_week": 0, "dialysis_or_kidney_transplant": False,
    "liver_disease": False, "stroke": False, "bleeding": False, "vitamin_k_antagonist": True, "labile_inr": False,
    "antiplatelet_or_nsaid": False, "atrial_fibrillation": True, "mechanical_valve_or_mitral_stenosis": False,
}  # fmt: skip
MET = {
    "age_years": 66, "sbp_mmhg": 161, "creatinine_umol_l": 200, "alcohol_drinks_per_week": 8, "liver_disease": True, "stroke": True,
    "bleeding": True, "labile_inr": True, "antiplatelet_or_nsaid": True,
}  # fmt: skip


def _score(drop=(), **changes):
    values = {k: v for k, v in (NONE | changes).items() if k not in drop}
    numbers = {k: v for k, v in values.items() if k in NUMBERS}
    facts = {k: v for k, v in values.items() if k not in NUMBERS}
    return has_bled(fuse((analysis("clinical", numbers=numbers, facts=facts),), ()))


@pytest.mark.parametrize(
    ("patient", "points"),
    [
        # MedCalc-Bench (doi:10.48550/arXiv.2406.12036), worked example of calculator 25: a man of 43 with 165 mmHg under treatment,
        # a TIA two years ago (which is no stroke), no drinks, stable INR, no bleeding: 1 point.
        ({"age_years": 43, "sbp_mmhg": 165, "stroke_or_tia": True}, 1),
        # Flags of the published tests of the same programme: drinks 8, liver, bleeding, hypertension, age 45: 4 points.
        ({"age_years": 45, "alcohol_drinks_per_week": 8, "liver_disease": True, "bleeding": True, "sbp_mmhg": 170}, 4),
        (NONE, 0),
        (MET, 9),
    ],
)
def test_worked_examples(patient, points):
    assert _score(**patient).value == points


@pytest.mark.parametrize(("name", "value"), MET.items())
def test_each_item_gives_one_point_from_its_limit_on(name, value):
    assert _score(**{name: value}).value == 1
    if name in NUMBERS:
        assert _score(**{name: value - 1}).value == 0


def test_dialysis_is_a_kidney_failure_whatever_the_creatinine():
    assert _score(dialysis_or_kidney_transplant=True).value == 1
    assert _score(dialysis_or_kidney_transplant=True, drop=("creatinine_umol_l",)).value == 1
    assert _score(creatinine_umol_l=250, drop=("dialysis_or_kidney_transplant",)).value == 1
    assert _score(drop=("dialysis_or_kidney_transplant",)).missing == ("dialysis_or_kidney_transplant",)
    assert _score(drop=("creatinine_umol_l",)).missing == ("creatinine_umol_l",)


@pytest.mark.parametrize(
    ("facts", "points", "missing"),
    [
        ({"vitamin_k_antagonist": True, "labile_inr": True}, 1, ()),
        ({"vitamin_k_antagonist": True, "labile_inr": False}, 0, ()),
        ({"vitamin_k_antagonist": False, "labile_inr": True}, 0, ()),
        ({"vitamin_k_antagonist": False}, 0, ()),
        ({"anticoagulant": False}, 0, ()),
        ({"labile_inr": False}, 0, ()),
        ({"labile_inr": True}, None, ("vitamin_k_antagonist",)),
        ({"anticoagulant": True}, None, ("labile_inr", "vitamin_k_antagonist")),
        ({"vitamin_k_antagonist": True}, None, ("labile_inr",)),
    ],
)
def test_labile_inr_counts_only_under_a_vitamin_k_antagonist(facts, points, missing):
    got = _score(drop={"vitamin_k_antagonist", "labile_inr"} - set(facts), **facts)
    assert got.value == points
    assert got.missing == missing


def test_a_tia_is_no_stroke_but_neither_of_both_is_none():
    assert _score(drop=("stroke",), stroke_or_tia=False).value == 0
    assert _score(drop=("stroke",), stroke_or_tia=True).missing == ("stroke",)


@settings(max_examples=60, deadline=None)
@given(
    met=st.sets(st.sampled_from(sorted(MET))),
    lost=st.sets(st.sampled_from(sorted(MET))),
    further=st.sampled_from(sorted(MET)),
)
def test_a_further_item_never_lowers_and_the_range_holds(met, lost, further):
    patient = {k: MET[k] for k in met}
    whole = _score(**patient)
    assert _score(**patient | {further: MET[further]}).value >= whole.value
    partial = _score(drop=lost, **patient)
    if lost:
        words = partial.interpretation.split(" ")
        assert int(words[1]) <= whole.value <= int(words[3])
    else:
        assert partial == whole


@pytest.mark.parametrize(
    ("points", "text"),
    [(0, "1.13 major bleeds"), (3, "3.74 major bleeds"), (5, "12.50 major bleeds"), (6, "Too few patients")],
)
def test_the_meaning_tells_the_rate_and_what_can_be_changed(points, text):
    got = _score(**dict(list(MET.items())[:points]))
    assert got.value == points
    assert text in got.interpretation
    assert ("High bleeding risk" in got.interpretation) == (points >= 3)
    assert ("Open to change: systolic pressure above 160 mmHg" in got.interpretation) == (points >= 2)


@pytest.mark.parametrize(
    ("changes", "drop", "reason"),
    [
        ({"atrial_fibrillation": False}, (), "not indicated: no atrial fibrillation"),
        ({}, ("atrial_fibrillation",), "the history does not say"),
        ({"mechanical_valve_or_mitral_stenosis": True}, (), "not indicated: mechanical valve or mitral stenosis"),
        ({"age_years": 17}, (), "not indicated: age 17 years"),
    ],
)
def test_refused_outside_its_indication(changes, drop, reason):
    got = _score(drop=drop, **changes)
    assert got.value is None
    assert reason in got.reason


def test_a_range_tells_both_rates_and_from_where_the_risk_is_high():
    got = _score(drop=("liver_disease",), sbp_mmhg=170, age_years=70)
    assert got.interpretation.startswith("Between 2 and 3 points, depending on liver function.")
    assert "At the least: 1.88 major bleeds" in got.interpretation
    assert "At the most: 3.74 major bleeds" in got.interpretation
    assert "From 3 points on the risk is high." in got.interpretation


def test_an_unstated_valve_is_told():
    assert (
        "not stated: mechanical_valve_or_mitral_stenosis"
        in _score(drop=("mechanical_valve_or_mitral_stenosis",)).interpretation
    )
    assert "not stated" not in _score().interpretation
