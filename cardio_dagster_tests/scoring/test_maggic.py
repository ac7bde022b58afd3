"""MAGGIC against worked examples of others, its table, its shape, its ranges and its refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.fusion import fuse
from cardio_dagster.scoring.maggic import maggic, maggic_mortality
from cardio_dagster.scoring.maggic_points import MORTALITY_PCT
from cardio_dagster_tests.fusion.analyses import analysis

NUMBERS = ("age_years", "sbp_mmhg", "bmi_kg_m2", "creatinine_umol_l", "nyha_class", "hf_duration_months")
# Every item at its least: 0 points.
LEAST = {
    "lvef_pct": 50, "age_years": 50, "sbp_mmhg": 150, "bmi_kg_m2": 30, "creatinine_umol_l": 80, "nyha_class": 1, "hf_duration_months": 6,
    "sex": "female", "smoker": False, "diabetes": False, "copd": False, "beta_blocker": True, "ace_inhibitor_or_arb": True,
    "heart_failure": True,
}  # fmt: skip
WORSE = {
    "lvef_pct": 10, "age_years": 90, "sbp_mmhg": 90, "bmi_kg_m2": 14, "creatinine_umol_l": 300, "nyha_class": 4, "hf_duration_months": 60,
    "sex": "male", "smoker": True, "diabetes": True, "copd": True, "beta_blocker": False, "ace_inhibitor_or_arb": False,
}  # fmt: skip


def _fusion(drop=(), **changes):
    values = {k: v for k, v in (LEAST | changes).items() if k not in drop}
    clinical = analysis(
        "clinical",
        numbers={k: values[k] for k in NUMBERS if k in values},
        facts={k: v for k, v in values.items() if k not in (*NUMBERS, "lvef_pct")},
    )
    echo = [analysis("echo", "r03", numbers={"lvef_pct": values["lvef_pct"]})] if "lvef_pct" in values else []
    return fuse((clinical, *echo), ())


def _points(**changes):
    return maggic(_fusion(**changes)).value


@pytest.mark.parametrize(
    ("patient", "points", "within_1_year", "within_3_years"),
    [
        # Published tests of three public calculators, each with its own patient (points) and the printed table (risks).
        ({"age_years": 70, "sex": "male", "lvef_pct": 35, "nyha_class": 2, "creatinine_umol_l": 1.1 * 88.4, "diabetes": True,
          "beta_blocker": False, "sbp_mmhg": 125, "bmi_kg_m2": 25, "hf_duration_months": 24, "copd": True,
          "ace_inhibitor_or_arb": False}, 28, 20.9, 45.8),
        ({"age_years": 50, "lvef_pct": 50, "bmi_kg_m2": 27, "sbp_mmhg": 120, "creatinine_umol_l": 0.8 * 88.4}, 3, 2.0, 5.2),
        ({"age_years": 70, "sex": "male", "bmi_kg_m2": 32, "smoker": True, "lvef_pct": 25, "sbp_mmhg": 100,
          "creatinine_umol_l": 1.5 * 88.4, "nyha_class": 4, "diabetes": True, "copd": True, "hf_duration_months": 24,
          "beta_blocker": False, "ace_inhibitor_or_arb": False}, 40, 52.3, 84.2),
        # The patient in the manual of HiGHmedUCCScores, added up by hand from its rules.
        ({"age_years": 68, "lvef_pct": 30, "sbp_mmhg": 119, "bmi_kg_m2": 19, "creatinine_umol_l": 135, "nyha_class": 2, "smoker": True,
          "ace_inhibitor_or_arb": False}, 23, 13.4, 31.6),
        (LEAST, 0, 1.5, 3.9),
    ],
)  # fmt: skip
def test_worked_examples_of_others(patient, points, within_1_year, within_3_years):
    fusion = _fusion(**patient)
    got = [s.value for s in (maggic(fusion), maggic_mortality(fusion, years=1), maggic_mortality(fusion, years=3))]
    assert got == [points, within_1_year, within_3_years]
    assert f"{within_1_year} % within 1 year, {within_3_years} % within 3 years" in maggic(fusion).interpretation


@pytest.mark.parametrize(
    ("lvef", "age", "sbp", "bmi", "creatinine", "nyha", "flags", "points"),
    [  # acribis-scores 0.4.0 on random patients; flags: male, smoker, diabetes, COPD, new heart failure, no beta blocker, no ACEi/ARB
        (22, 90, 86, 28, 100, 4, "0111101", 39),
        (5, 75, 138, 26, 342, 1, "0110011", 37),
        (59, 21, 126, 40, 293, 2, "1000010", 17),
        (17, 41, 145, 19, 210, 4, "0011010", 37),
        (55, 93, 78, 42, 164, 4, "1100011", 37),
        (70, 31, 111, 45, 241, 3, "1110001", 21),
        (26, 39, 198, 26, 46, 2, "0010001", 15),
        (39, 88, 71, 36, 302, 2, "0011001", 36),
        (75, 92, 116, 17, 322, 3, "1010101", 40),
        (68, 78, 99, 13, 199, 4, "1011000", 41),
    ],
)
def test_random_patients_by_another_program(lvef, age, sbp, bmi, creatinine, nyha, flags, points):
    male, smoker, diabetes, copd, new, no_blocker, no_ace = (flag == "1" for flag in flags)
    assert points == _points(
        lvef_pct=lvef, age_years=age, sbp_mmhg=sbp, bmi_kg_m2=bmi, creatinine_umol_l=creatinine, nyha_class=nyha, smoker=smoker,
        diabetes=diabetes, copd=copd, sex="male" if male else "female", hf_duration_months=17 if new else 18,
        beta_blocker=not no_blocker, ace_inhibitor_or_arb=not no_ace,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("below", "at", "difference"),
    [
        ({"lvef_pct": 19.9}, {"lvef_pct": 20}, -1), ({"lvef_pct": 39.9}, {"lvef_pct": 40}, -2), ({"age_years": 54}, {"age_years": 55}, 3),
        ({"age_years": 79}, {"age_years": 80}, 3), ({"sbp_mmhg": 109}, {"sbp_mmhg": 110}, -1), ({"bmi_kg_m2": 29.9}, {"bmi_kg_m2": 30}, -2),
        ({"creatinine_umol_l": 249.9}, {"creatinine_umol_l": 250}, 2), ({"nyha_class": 2}, {"nyha_class": 3}, 4),
        ({"hf_duration_months": 17.9}, {"hf_duration_months": 18}, 2),
    ],
)  # fmt: skip
def test_a_limit_belongs_to_the_band_above(below, at, difference):
    assert _points(**at) - _points(**below) == difference


@settings(max_examples=80, deadline=None)
@given(
    chosen=st.fixed_dictionaries({k: st.booleans() for k in WORSE}),
    worse=st.sampled_from([k for k in WORSE if k != "lvef_pct"]),
)
def test_no_item_lowers_the_points(chosen, worse):
    patient = {k: WORSE[k] for k, bad in chosen.items() if bad}
    assert _points(**patient, **({} if worse in patient else {worse: WORSE[worse]})) >= _points(
        **{k: v for k, v in patient.items() if k != worse}
    )


@settings(max_examples=60, deadline=None)
@given(age=st.integers(18, 99), sbp=st.integers(80, 180), lvef=st.integers(5, 75))
def test_monotone_in_age_and_pressure_at_any_ejection_fraction(age, sbp, lvef):
    here = _points(age_years=age, sbp_mmhg=sbp, lvef_pct=lvef)
    assert _points(age_years=age + 1, sbp_mmhg=sbp, lvef_pct=lvef) >= here
    assert _points(age_years=age, sbp_mmhg=sbp + 1, lvef_pct=lvef) <= here


@settings(max_examples=60, deadline=None)
@given(
    chosen=st.fixed_dictionaries({k: st.booleans() for k in WORSE}),
    lost=st.sets(st.sampled_from(sorted(WORSE)), min_size=1),
)
def test_the_told_range_holds_the_points_whatever_is_missing(chosen, lost):
    patient = {k: WORSE[k] for k, bad in chosen.items() if bad}
    whole, partial = maggic(_fusion(**patient)), maggic(_fusion(drop=lost, **patient))
    assert partial.value is None
    assert set(partial.missing) == lost
    low, high = _range(partial)
    assert low <= whole.value <= high


def _range(score):
    words = score.interpretation.split(" ")
    return int(words[1]), int(words[3])


def test_a_missing_ejection_fraction_leaves_a_range_of_points_and_risks():
    fusion = _fusion(drop=("lvef_pct",), age_years=80, sbp_mmhg=100)
    got = maggic(fusion)
    # by hand: below 20 % 7 + 10 + 5, 35-39 % 2 + 13 + 3, from 40 % 0 + 15 + 2
    assert _range(got) == (17, 22)
    assert "At the least: Predicted mortality: 7.7 % within 1 year, 19.1 % within 3 years." in got.interpretation
    assert "At the most: Predicted mortality: 12.2 % within 1 year, 29.2 % within 3 years." in got.interpretation
    within_1_year = maggic_mortality(fusion, years=1)
    assert within_1_year.value is None
    assert within_1_year.reason == "missing: lvef_pct"
    assert within_1_year.interpretation.startswith("Between 7.7 % and 12.2 %, depending on ejection fraction")


def test_the_ejection_fraction_of_the_echo_is_used():
    clinical = analysis("clinical", numbers={"lvef_pct": 60, "age_years": 60}, facts={"heart_failure": True})
    got = maggic(fuse((clinical, analysis("echo", "r03", numbers={"lvef_pct": 25})), ()))
    assert "lvef_pct = 25 (echo r03)" in got.inputs


def test_the_table_rises_and_a_score_beyond_it_has_no_risk():
    for risks in MORTALITY_PCT.values():
        assert len(risks) == 51
        assert list(risks) == sorted(risks)
    assert all(one < three for one, three in zip(*MORTALITY_PCT.values(), strict=True))
    worst = _fusion(**WORSE | {"lvef_pct": 10})
    assert maggic(worst).value == 7 + 10 + 5 + 6 + 8 + 8 + 1 + 1 + 3 + 2 + 2 + 3 + 1  # 57, the most there can be
    assert "more than 84.2 % within 1 year" in maggic(worst).interpretation
    got = maggic_mortality(worst, years=1)
    assert got.value is None
    assert got.reason.startswith("beyond the published table")


@pytest.mark.parametrize(
    ("changes", "drop", "reason"),
    [
        ({"heart_failure": False}, (), "not indicated: no heart failure"),
        ({}, ("heart_failure",), "not indicated: the history does not say whether heart failure was diagnosed"),
        ({"age_years": 17}, (), "not indicated: age 17 years, allowed 18 or more"),
    ],
)
def test_refused_outside_its_indication(changes, drop, reason):
    fusion = _fusion(drop=drop, **changes)
    for got in (maggic(fusion), maggic_mortality(fusion, years=1), maggic_mortality(fusion, years=3)):
        assert got.value is None
        assert got.reason == reason
        assert got.interpretation is None
