"""PREVENT against published numbers, its shape, and every reason for which it is refused."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.fusion import fuse
from cardio_dagster.scoring.prevent import MMOL_L_PER_MG_DL, Profile, prevent_risk, prevent_score
from cardio_dagster_tests.fusion.analyses import analysis

OUTCOMES = ("cvd", "ascvd", "hf")
WOMAN = Profile(
    sex="female", age_years=50, total_cholesterol_mmol_l=200 * MMOL_L_PER_MG_DL, hdl_cholesterol_mmol_l=45 * MMOL_L_PER_MG_DL, sbp_mmhg=160,
    egfr_ml_min_1_73m2=90, bmi_kg_m2=35, diabetes=True, smoker=False, antihypertensive_treatment=True, statin=False,
)  # fmt: skip
MAN = Profile(
    sex="male", age_years=55, total_cholesterol_mmol_l=213 * MMOL_L_PER_MG_DL, hdl_cholesterol_mmol_l=50 * MMOL_L_PER_MG_DL, sbp_mmhg=140,
    egfr_ml_min_1_73m2=90, bmi_kg_m2=30, diabetes=False, smoker=False, antihypertensive_treatment=False, statin=False,
)  # fmt: skip


@pytest.mark.parametrize(("years", "expected"), [(10, (0.147, 0.092, 0.081)), (30, (0.53, 0.354, 0.39))])
def test_the_published_woman(years, expected):
    """Printed in the documentation of preventr, which takes it from the supplement of Khan 2024."""
    assert tuple(round(prevent_risk(WOMAN, outcome=o, years=years), 3) for o in OUTCOMES) == expected


def test_the_published_man():
    """Printed in the tests of CVrisk for the ASCVD equation: 3.9 %."""
    assert round(100 * prevent_risk(MAN, outcome="ascvd", years=10), 1) == 3.9


def test_a_man_by_the_equation_that_the_cdc_prints():
    """The log-odds of CDC KDSS Q811 for men with every term switched on, written out with its numbers."""
    man = replace(
        MAN,
        age_years=70,
        sbp_mmhg=150,
        egfr_ml_min_1_73m2=45,
        diabetes=True,
        smoker=True,
        antihypertensive_treatment=True,
        statin=True,
    )
    age, sbp, egfr_low, egfr_high = 1.5, 1.0, 1.0, 2.0
    non_hdl, hdl = 163 * 0.02586 - 3.5, (50 * 0.02586 - 1.3) / 0.3
    log_odds = (
        -3.031168 + 0.7688528 * age + 0.0736174 * non_hdl - 0.0954431 * hdl + 0.3362658 * sbp + 0.7692857 + 0.4386871
        + 0.5378979 * egfr_low + 0.0164827 * egfr_high + 0.288879 - 0.1337349 - 0.0475924 * sbp + 0.150273 * non_hdl
        - 0.0517874 * age * non_hdl + 0.0191169 * age * hdl - 0.1049477 * age * sbp - 0.2251948 * age - 0.0895067 * age
        - 0.1543702 * age * egfr_low
    )  # fmt: skip
    odds = 2.718281828459045**log_odds
    assert prevent_risk(man, outcome="cvd", years=10) == pytest.approx(odds / (1 + odds), rel=1e-9)


YOUNG = replace(WOMAN, age_years=40, total_cholesterol_mmol_l=230 * MMOL_L_PER_MG_DL, hdl_cholesterol_mmol_l=40 * MMOL_L_PER_MG_DL,
                sbp_mmhg=150, egfr_ml_min_1_73m2=45, smoker=True, statin=True)  # fmt: skip
OLDER = replace(MAN, age_years=58, total_cholesterol_mmol_l=180 * MMOL_L_PER_MG_DL, hdl_cholesterol_mmol_l=60 * MMOL_L_PER_MG_DL,
                sbp_mmhg=100, egfr_ml_min_1_73m2=105, bmi_kg_m2=22)  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "sex", "expected"),
    [
        (YOUNG, "female", (0.38638331, 0.25765416, 0.24337167, 0.74555124, 0.570107, 0.60001943)),
        (OLDER, "female", (0.03064059, 0.01648361, 0.01487488, 0.17147411, 0.08724923, 0.09814198)),
        (YOUNG, "male", (0.3624752, 0.21920744, 0.25578612, 0.70474052, 0.50247427, 0.59348289)),
        (OLDER, "male", (0.04730446, 0.02621896, 0.02514963, 0.20779449, 0.11296079, 0.1259265)),
    ],
)
def test_all_twelve_equations_against_a_second_printing(profile, sex, expected):
    """Computed once from the equations of Linden's Stata module `prevent` 1.0.0; together the two touch every term."""
    got = [prevent_risk(replace(profile, sex=sex), outcome=o, years=years) for years in (10, 30) for o in OUTCOMES]
    assert got == pytest.approx(expected, abs=1e-7)


profiles = st.builds(
    Profile, sex=st.sampled_from(["female", "male"]), age_years=st.floats(30, 78), total_cholesterol_mmol_l=st.floats(4.2, 8.2),
    hdl_cholesterol_mmol_l=st.floats(0.6, 2.5), sbp_mmhg=st.floats(112, 190), egfr_ml_min_1_73m2=st.floats(20, 140), bmi_kg_m2=st.floats(19, 39),
    diabetes=st.booleans(), smoker=st.booleans(), antihypertensive_treatment=st.booleans(), statin=st.booleans(),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(profile=profiles, outcome=st.sampled_from(OUTCOMES))
def test_ten_year_risk_grows_with_age_pressure_and_smoking(profile, outcome):
    def risk(p):
        return prevent_risk(p, outcome=outcome, years=10)

    calm = replace(profile, sbp_mmhg=120, diabetes=False, smoker=False, egfr_ml_min_1_73m2=90)
    assert 0 < risk(profile) < 1
    assert risk(replace(calm, age_years=calm.age_years + 1)) > risk(calm)
    assert risk(replace(profile, sbp_mmhg=profile.sbp_mmhg + 5)) > risk(profile)
    assert risk(replace(profile, smoker=True)) >= risk(replace(profile, smoker=False))


def _fusion(drop=(), **changes):
    values = (
        {f: getattr(WOMAN, f) for f in WOMAN.__slots__}
        | {"heart_failure": False, "stroke_or_tia": False, "vascular_disease": False}
        | changes
    )
    kept = {k: v for k, v in values.items() if k not in drop}
    numbers = {k: v for k, v in kept.items() if not isinstance(v, bool | str)}
    facts = {k: v for k, v in kept.items() if isinstance(v, bool | str)}
    return fuse((analysis("clinical", numbers=numbers, facts=facts),), ())


def test_score_of_a_fusion_tells_its_inputs():
    score = prevent_score(_fusion(), outcome="cvd", years=10)
    assert round(score.value, 1) == 14.7
    assert score.unit == "%"
    assert score.interpretation == "intermediate (7.5 to 19.9 %)"
    assert "age_years = 50 (clinical r01)" in score.inputs
    assert not any("bmi" in text for text in score.inputs), "it does not enter this equation"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"age_years": 29}, "not indicated: age 29 years, allowed 30 to 79"),
        ({"age_years": 80}, "not indicated: age 80 years, allowed 30 to 79"),
        ({"sbp_mmhg": 210}, "not indicated: sbp_mmhg 210 mm[Hg], allowed 90 to 200"),
        ({"total_cholesterol_mmol_l": 9}, "not indicated: total_cholesterol_mmol_l 9 mmol/L, allowed 3.362 to 8.275"),
        ({"stroke_or_tia": True}, "not indicated: known cardiovascular disease (stroke_or_tia)"),
    ],
)
def test_refused_outside_the_indications(changes, reason):
    score = prevent_score(_fusion(**changes), outcome="cvd", years=10)
    assert (score.value, score.reason) == (None, reason)


@pytest.mark.parametrize(
    "name", ["age_years", "sex", "sbp_mmhg", "total_cholesterol_mmol_l", "egfr_ml_min_1_73m2", "diabetes", "statin"]
)
def test_a_missing_input_is_named_not_imputed(name):
    score = prevent_score(_fusion(drop=(name,)), outcome="cvd", years=10)
    assert score.value is None
    assert score.missing == (name,)
    assert score.reason == f"missing: {name}"


def test_heart_failure_needs_body_mass_index_and_no_lipids():
    hf = prevent_score(
        _fusion(drop=("total_cholesterol_mmol_l", "hdl_cholesterol_mmol_l", "statin")), outcome="hf", years=10
    )
    assert round(hf.value, 1) == 8.1
    assert prevent_score(_fusion(drop=("bmi_kg_m2",)), outcome="hf", years=10).missing == ("bmi_kg_m2",)
    assert prevent_score(_fusion(drop=("bmi_kg_m2",)), outcome="cvd", years=10).value is not None


def test_thirty_years_end_at_59():
    assert prevent_score(_fusion(age_years=59), outcome="cvd", years=30).value is not None
    assert (
        prevent_score(_fusion(age_years=60), outcome="cvd", years=30).reason
        == "not indicated: age 60 years, allowed 30 to 59"
    )


def test_an_unstated_history_is_a_caution():
    score = prevent_score(_fusion(drop=("stroke_or_tia",)), outcome="ascvd", years=10)
    assert score.value is not None
    assert "not stated: stroke_or_tia" in score.interpretation
