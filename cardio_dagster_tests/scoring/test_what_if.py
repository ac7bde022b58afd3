"""The range that missing inputs leave: no allowed value leads out of it, and both ends are reached."""

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.fusion import fuse
from cardio_dagster.scoring.prevent import RANGES, Profile, prevent_risk, prevent_score
from cardio_dagster.scoring.score2.coefficients import SCORE2, SCORE2_OP
from cardio_dagster.scoring.score2.equation import Profile as Score2Profile
from cardio_dagster.scoring.score2.equation import score2_risk
from cardio_dagster.scoring.score2.telling import NUMBERS
from cardio_dagster.scoring.what_if import MOST_MISSING, bounds, spans, what_if
from cardio_dagster_tests.fusion.analyses import analysis

ANSWERS = ("diabetes", "smoker", "antihypertensive_treatment", "statin")
PREVENT_BREAKS = {"sbp_mmhg": (110.0,), "egfr_ml_min_1_73m2": (60.0,), "bmi_kg_m2": (30.0,)}


def anything(name, youngest, oldest):
    if name == "sex":
        return st.sampled_from(["female", "male"])
    if name == "age_years":
        return st.integers(youngest, oldest).map(float)
    if name in RANGES:
        return st.floats(*RANGES[name][:2])
    return st.booleans()


def persons(names, youngest, oldest):
    return st.fixed_dictionaries({name: anything(name, youngest, oldest) for name in names})


def missing(names):
    return st.lists(st.sampled_from(names), min_size=1, max_size=MOST_MISSING, unique=True)


PREVENT_NAMES = tuple(Profile.__slots__)
PREVENT_EQUATIONS = [(o, y) for o in ("cvd", "ascvd", "hf") for y in (10, 30)]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), equation=st.sampled_from(PREVENT_EQUATIONS), lacking=missing(PREVENT_NAMES))
def test_no_value_leads_out_of_the_range_of_prevent(data, equation, lacking):
    outcome, years = equation
    oldest = 79 if years == 10 else 59
    person = data.draw(persons(PREVENT_NAMES, 30, oldest))
    may_be = spans(RANGES, youngest=30, oldest=oldest, breaks=PREVENT_BREAKS)

    def risk(chosen):
        return prevent_risk(Profile(**{**person, **chosen}), outcome=outcome, years=years)

    low, high = bounds(risk, lacking, may_be)
    assert low - 1e-12 <= risk({}) <= high + 1e-12, "the person's own values are among those that were allowed"


@settings(max_examples=100, deadline=None)
@given(data=st.data(), equation=st.sampled_from([SCORE2, SCORE2_OP]), lacking=missing(tuple(Score2Profile.__slots__)))
def test_no_value_leads_out_of_the_range_of_score2(data, equation, lacking):
    person = data.draw(persons(Score2Profile.__slots__, equation.youngest, equation.oldest))
    may_be = spans({n: RANGES[n] for n in NUMBERS}, youngest=equation.youngest, oldest=equation.oldest)

    def risk(chosen):
        return score2_risk(Score2Profile(**{**person, **chosen}), equation, region="moderate")

    low, high = bounds(risk, lacking, may_be)
    assert low - 1e-12 <= risk({}) <= high + 1e-12


def test_the_ends_alone_would_not_do():
    """Body mass index bends at 30: in this man the heart-failure risk is least there, not at an end."""
    man = Profile(
        sex="male", age_years=50, total_cholesterol_mmol_l=0, hdl_cholesterol_mmol_l=0, sbp_mmhg=120, egfr_ml_min_1_73m2=90,
        bmi_kg_m2=25, diabetes=False, smoker=False, antihypertensive_treatment=False, statin=False,
    )  # fmt: skip

    def risk(chosen):
        return prevent_risk(Profile(**{**asdict(man), **chosen}), outcome="hf", years=10)

    low, _ = bounds(risk, ["bmi_kg_m2"], spans(RANGES, youngest=30, oldest=79, breaks=PREVENT_BREAKS))
    low_of_ends, _ = bounds(risk, ["bmi_kg_m2"], spans(RANGES, youngest=30, oldest=79))
    assert low == risk({"bmi_kg_m2": 30.0})
    assert low < low_of_ends


def test_the_ends_of_age_would_not_do_either():
    """Over 30 years competing death counts: the risk of this woman is greatest at 53, not at 30 or 59."""
    woman = Profile(
        sex="female", age_years=40, total_cholesterol_mmol_l=6, hdl_cholesterol_mmol_l=1.2, sbp_mmhg=130, egfr_ml_min_1_73m2=90,
        bmi_kg_m2=30, diabetes=True, smoker=True, antihypertensive_treatment=False, statin=False,
    )  # fmt: skip

    def risk(chosen):
        return prevent_risk(Profile(**{**asdict(woman), **chosen}), outcome="cvd", years=30)

    _, high = bounds(risk, ["age_years"], spans(RANGES, youngest=30, oldest=59))
    assert high == risk({"age_years": 53.0}) > max(risk({"age_years": age}) for age in (30.0, 59.0))


WOMAN = {
    "sex": "female", "age_years": 50, "total_cholesterol_mmol_l": 5.172, "hdl_cholesterol_mmol_l": 1.1637, "sbp_mmhg": 160, "egfr_ml_min_1_73m2": 90,
    "bmi_kg_m2": 35, "diabetes": True, "smoker": False, "antihypertensive_treatment": True, "statin": False,
    "heart_failure": False, "stroke_or_tia": False, "vascular_disease": False,
}  # fmt: skip


def prevent(*drop, outcome="cvd", **changes):
    kept = {k: v for k, v in (WOMAN | changes).items() if k not in drop}
    numbers = {k: v for k, v in kept.items() if not isinstance(v, bool | str)}
    facts = {k: v for k, v in kept.items() if k not in numbers}
    return prevent_score(fuse((analysis("clinical", numbers=numbers, facts=facts),), ()), outcome=outcome, years=10)


@pytest.mark.parametrize(
    ("name", "steps"), [("sbp_mmhg", 22), ("hdl_cholesterol_mmol_l", 20), ("egfr_ml_min_1_73m2", 27)]
)  # by 5 mmHg and 5 mL/min, so that both bends are among them
def test_prevent_tells_the_range_of_all_allowed_values(name, steps):
    score = prevent(name)
    assert (score.value, score.missing, score.reason) == (None, (name,), f"missing: {name}")
    low, high, _ = RANGES[name]
    risks = [prevent(**{name: low + (high - low) * step / steps}).value for step in range(steps + 1)]
    told = score.interpretation.split(" %, depending")[0]
    assert told == f"10-year risk of cardiovascular disease between {min(risks):.1f} and {max(risks):.1f}"


def test_prevent_names_what_the_range_depends_on():
    told = prevent("smoker", "hdl_cholesterol_mmol_l", "stroke_or_tia").interpretation
    assert "depending on HDL cholesterol (0.517 to 2.59 mmol/L) and current smoking (yes or no)." in told
    assert told.endswith("Holds only without known cardiovascular disease; not stated: stroke_or_tia.")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"stroke_or_tia": True}, "not indicated: known cardiovascular disease (stroke_or_tia)"),
     ({"sbp_mmhg": 210}, "not indicated: sbp_mmhg 210 mm[Hg], allowed 90 to 200")],
)  # fmt: skip
def test_a_refused_score_has_no_range(changes, reason):
    score = prevent("smoker", **changes)
    assert (score.value, score.reason, score.interpretation) == (None, reason, None)


def test_too_much_missing_says_nothing():
    assert prevent("smoker", "sex", "sbp_mmhg").interpretation is None
    assert prevent("smoker", "sex").interpretation is not None


def test_an_input_without_a_span_says_nothing():
    assert what_if("risk", {"": lambda _: 1.0}, ["shoe_size"], {}) is None


def test_a_range_that_prints_as_one_number_is_one_number():
    may_be = spans({}, youngest=40, oldest=41)
    told = what_if("Risk", {"": lambda chosen: 2.0 + chosen["age_years"] / 1e6}, ["age_years"], may_be)
    assert told == "Risk 2.0 %, depending on age (40 to 41 years)."
