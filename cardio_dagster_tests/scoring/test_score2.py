"""SCORE2 and SCORE2-OP of a fusion: given, refused, and told as a range where something is missing."""

import pytest

from cardio_dagster.fusion import fuse
from cardio_dagster.scoring.score2 import score2, score2_op
from cardio_dagster_tests.fusion.analyses import analysis

WOMAN = {
    "sex": "female", "age_years": 50, "sbp_mmhg": 140, "total_cholesterol_mmol_l": 5.5, "hdl_cholesterol_mmol_l": 1.3, "smoker": True,
    "diabetes": False, "heart_failure": False, "stroke_or_tia": False, "vascular_disease": False, "statin": False, "score2_region": "low",
}  # fmt: skip


def fusion(*, drop=(), **changes):
    kept = {k: v for k, v in (WOMAN | changes).items() if k not in drop}
    numbers = {k: v for k, v in kept.items() if not isinstance(v, bool | str)}
    return fuse((analysis("clinical", numbers=numbers, facts={k: v for k, v in kept.items() if k not in numbers}),), ())


def test_the_published_woman_with_her_inputs_and_category():
    score = score2(fusion())
    assert (score.name, round(score.value, 1), score.unit) == ("score2_10y_pct", 4.2, "%")
    assert score.interpretation == "low-to-moderate (below 5 % at 50 to 69 years)."
    assert "score2_region = low (clinical r01)" in score.inputs
    assert "age_years = 50 (clinical r01)" in score.inputs
    assert (score.reason, score.missing) == (None, ())
    assert "10.1093/eurheartj/ehab309" in score.source


def test_an_older_man_is_scored_by_the_other_equation():
    old = fusion(sex="male", age_years=75, smoker=False)
    assert score2(old).reason == "not indicated: age 75 years, allowed 40 to 69"
    score = score2_op(old)
    assert (score.name, round(score.value)) == ("score2_op_10y_pct", 13)
    assert score.interpretation == "high (7.5 to below 15 % at 70 years or more)."


@pytest.mark.parametrize("age_years", range(35, 95))
def test_at_most_one_of_the_two_applies(age_years):
    given = [s(fusion(age_years=age_years)).value is not None for s in (score2, score2_op)]
    assert given == [40 <= age_years <= 69, 70 <= age_years <= 89]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"age_years": 39}, "not indicated: age 39 years, allowed 40 to 69"),
        ({"age_years": 70}, "not indicated: age 70 years, allowed 40 to 69"),
        ({"diabetes": True}, "not indicated: diabetes, for which SCORE2 was not made"),
        ({"vascular_disease": True}, "not indicated: known cardiovascular disease (vascular_disease)"),
        ({"stroke_or_tia": True}, "not indicated: known cardiovascular disease (stroke_or_tia)"),
        ({"sbp_mmhg": 210}, "not indicated: sbp_mmhg 210 mm[Hg], allowed 90 to 200"),
        ({"hdl_cholesterol_mmol_l": 3}, "not indicated: hdl_cholesterol_mmol_l 3 mmol/L, allowed 0.5172 to 2.586"),
    ],
)
@pytest.mark.parametrize("drop", [(), ("smoker",), ("score2_region",)])
def test_refused_outside_the_indications_whatever_else_is_missing(changes, reason, drop):
    score = score2(fusion(drop=drop, **changes))
    assert (score.value, score.reason, score.interpretation) == (None, reason, None)


def test_without_a_region_each_is_told_and_none_is_guessed():
    score = score2(fusion(drop=("score2_region",)))
    assert (score.value, score.reason, score.missing) == (None, "missing: score2_region", ("score2_region",))
    assert score.interpretation == (
        "10-year risk of cardiovascular disease in a low-risk region 4.2 %, in a moderate-risk region 5.1 %, "
        "in a high-risk region 6.9 %, in a very high-risk region 13.7 %. At the least low-to-moderate (below 5 % at 50 to 69 years), "
        "at the most very high (10 % or more at 50 to 69 years)."
    )


@pytest.mark.parametrize("region", ["Norway", "LOW", "very high", ""])
def test_an_unknown_region_counts_as_missing_and_is_not_repeated(region):
    score = score2(fusion(score2_region=region))
    assert score.missing == ("score2_region",)
    assert not region or region not in f"{score.reason} {score.inputs}"


@pytest.mark.parametrize("name", ["sex", "age_years", "sbp_mmhg", "total_cholesterol_mmol_l", "smoker", "diabetes"])
def test_a_missing_input_is_named_and_not_imputed(name):
    score = score2(fusion(drop=(name,)))
    assert (score.value, score.reason, score.missing) == (None, f"missing: {name}", (name,))


def test_a_missing_number_leaves_a_range():
    score = score2(fusion(drop=("hdl_cholesterol_mmol_l",)))
    assert score.interpretation == (
        "10-year risk of cardiovascular disease between 2.1 and 6.4 %, depending on HDL cholesterol (0.517 to 2.59 mmol/L). "
        "At the least low-to-moderate (below 5 % at 50 to 69 years), at the most high (5 to below 10 % at 50 to 69 years)."
    )


def test_a_range_within_one_category_says_so():
    told = score2(fusion(drop=("smoker",), age_years=45)).interpretation
    assert "depending on current smoking (yes or no). " in told
    young = score2(fusion(drop=("hdl_cholesterol_mmol_l",), smoker=False, sbp_mmhg=110)).interpretation
    assert young.endswith("In any case low-to-moderate (below 5 % at 50 to 69 years).")


def test_a_missing_age_has_no_category():
    told = score2(fusion(drop=("age_years",))).interpretation
    assert told.endswith("depending on age (40 to 69 years).")


def test_unstated_diabetes_is_a_condition_of_the_told_risk():
    told = score2(fusion(drop=("diabetes",))).interpretation
    assert told.startswith("10-year risk of cardiovascular disease 4.2 %.")
    assert told.endswith("Holds only without known cardiovascular disease and diabetes; not stated: diabetes.")


def test_with_three_missing_nothing_is_told():
    assert score2(fusion(drop=("sbp_mmhg", "smoker", "sex"))).interpretation is None


def test_an_unstated_history_is_a_caution_and_a_statin_a_note():
    told = score2(fusion(drop=("stroke_or_tia",), statin=True)).interpretation
    assert "not stated: stroke_or_tia." in told
    assert "has no term for a statin" in told
