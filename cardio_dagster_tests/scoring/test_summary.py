"""The summary tier: what leads to it, what is not judged, and when it is refused."""

import pytest

from cardio_dagster.finding import Finding, Grade, Score
from cardio_dagster.fusion import fuse
from cardio_dagster.scoring import SCORES, score, summarise
from cardio_dagster.scoring.score2.category import category
from cardio_dagster.scoring.summary import RULES, SCORE2_NAMES
from cardio_dagster_tests.fusion.analyses import analysis

NO_HISTORY = dict.fromkeys(("heart_failure", "hypertension", "diabetes", "stroke_or_tia", "vascular_disease"), False)
AF = analysis("ecg", "r02", codes=("ecg.rhythm.afib",))


def _finding(grade, code="x"):
    return Finding(code, f"a {grade} thing", grade, "test")


@pytest.mark.parametrize(
    ("findings", "tier"),
    [
        ([], None),
        ([Grade.NOTE], None),
        ([Grade.NORMAL, Grade.ABNORMAL], 1),
        ([Grade.ABNORMAL, Grade.CRITICAL], 2),
    ],
)
def test_summary_tier_by_findings(findings, tier):
    got = summarise(tuple(_finding(g) for g in findings), ())
    assert got.value == tier
    assert "not a validated risk" in got.label
    assert (got.reason is None) == (tier is not None)


@pytest.mark.parametrize(
    ("codes", "tier"),
    [
        (["ECG_SINUS"], 0),
        ([], None),
        (["ECG_RHYTHM_UNKNOWN"], None),
        (["ECG_RHYTHM_OTHER"], None),
        (["ECG_PACED"], None),
        (["ECG_SINUS", "ECG_RHYTHM_UNKNOWN"], None),
    ],
)
def test_low_needs_a_clear_rhythm(codes, tier):
    rhythm = [_finding(Grade.NORMAL if code == "ECG_SINUS" else Grade.NOTE, code) for code in codes]
    got = summarise((_finding(Grade.NORMAL), *rhythm), ())
    assert got.value == tier
    assert (got.reason is None) == (tier is not None)


def test_summary_tier_by_scores_names_its_reasons_and_their_limits():
    clinical = analysis("clinical", numbers={"age_years": 76}, facts={"sex": "male", **NO_HISTORY})
    got = summarise((), score(fuse((clinical, AF), ())))
    assert got.value == 2
    assert got.inputs == ("CHA2DS2-VA 2 points (intermediate from 1, high from 2)",)
    assert got.interpretation.startswith("high: CHA2DS2-VA 2 points")


def test_a_score_that_lacks_inputs_is_named_but_not_one_that_is_not_indicated():
    clinical = analysis("clinical", numbers={"age_years": 76}, facts={"sex": "male", **NO_HISTORY})
    got = summarise((), score(fuse((clinical, AF), ())))
    assert {"H2FPEF", "HAS-BLED"} <= set(got.missing)
    assert "MAGGIC" not in got.missing, "no heart failure"
    assert "Not judged: " in got.interpretation


def _of(name, value, *inputs, unit="{score}", reason=None):
    return Score(name, name, value, unit, inputs, "all", "test", reason)


@pytest.mark.parametrize(
    ("name", "value", "tier"),
    [
        ("prevent_cvd_10y_pct", 7.4, 0), ("prevent_cvd_10y_pct", 7.5, 1), ("prevent_cvd_10y_pct", 20, 2),
        ("cha2ds2_va", 0, 0), ("cha2ds2_va", 1, 1), ("cha2ds2_va", 2, 2), ("has_bled", 2, 0), ("has_bled", 3, 1), ("has_bled", 9, 1),
        ("h2fpef", 1, 0), ("h2fpef", 2, 1), ("h2fpef", 6, 2), ("maggic", 0, 1), ("maggic", 27, 1), ("maggic", 28, 2),
    ],
)  # fmt: skip
def test_the_limits_of_each_score(name, value, tier):
    assert summarise((_finding(Grade.NORMAL, "ECG_SINUS"),), (_of(name, value),)).value == tier


@pytest.mark.parametrize(
    ("name", "age", "risk", "tier"),
    [  # ESC 2021 prevention guideline, table 5
        ("score2_10y_pct", 49, 2.4, 0), ("score2_10y_pct", 49, 2.5, 1), ("score2_10y_pct", 49, 7.5, 2),
        ("score2_10y_pct", 50, 4.9, 0), ("score2_10y_pct", 69, 5, 1), ("score2_10y_pct", 69, 10, 2),
        ("score2_op_10y_pct", 70, 7.4, 0), ("score2_op_10y_pct", 89, 7.5, 1), ("score2_op_10y_pct", 89, 15, 2),
    ],
)  # fmt: skip
def test_score2_is_judged_by_the_limits_for_the_age(name, age, risk, tier):
    risks = (_of(name, risk, "sex = female (clinical r01)", f"age_years = {age} (clinical r01)", unit="%"),)
    got = summarise((_finding(Grade.NORMAL, "ECG_SINUS"),), risks)
    assert got.value == tier
    assert f"{name} {risk:.3g} %, by ESC 2021 {category(risk, age_years=age)}" in got.inputs


def test_a_score2_without_value_is_named_unless_it_is_not_indicated():
    lacking = _of("score2_10y_pct", None, reason="missing: score2_region")
    other_age = _of("score2_op_10y_pct", None, reason="not indicated: age 60 years, allowed 70 to 89")
    got = summarise((_finding(Grade.ABNORMAL),), (lacking, other_age))
    assert got.missing == ("score2_10y_pct",)


def test_every_judged_score_is_registered():
    assert {*RULES, *SCORE2_NAMES} <= set(SCORES)


def test_summary_is_refused_when_patients_may_be_mixed():
    got = summarise((_finding(Grade.CRITICAL, "fusion.conflict.sex"), _finding(Grade.ABNORMAL)), ())
    assert got.value is None
    assert "different patients" in got.reason
