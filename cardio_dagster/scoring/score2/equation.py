"""The formula that SCORE2 and SCORE2-OP share.

Belongs here: the profile of a person and the risk. Not here: the numbers (coefficients.py),
who may be scored and what is told where something is missing (assess.py).
"""

from dataclasses import dataclass
from math import exp, log

from cardio_dagster.scoring.score2.coefficients import REGIONS, Centre, Equation, SexTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The inputs of both equations; `sex` is "female" or "male", `smoker` means now."""

    sex: str
    age_years: float
    sbp_mmhg: float
    total_cholesterol_mmol_l: float
    hdl_cholesterol_mmol_l: float
    smoker: bool


def score2_risk(profile: Profile, equation: Equation, *, region: str) -> float:
    """Return the 10-year risk of a first fatal or non-fatal cardiovascular event as a share of 1.

    Method: competing-risk model, 1 - S0^exp(predictor - its mean), then recalibrated to the region
    on the complementary log-log scale. The ranges are not checked here. ValueError for a region
    that is not in REGIONS.
    """
    table = equation.by_sex[profile.sex]
    scale1, scale2 = table.scales[REGIONS.index(region)]
    uncalibrated = 1 - table.baseline_survival ** exp(_predictor(profile, equation, table))
    return 1 - exp(-exp(scale1 + scale2 * log(-log(1 - uncalibrated))))


def _predictor(p: Profile, equation: Equation, table: SexTable) -> float:
    age = _centred(p.age_years, equation.age_years)
    alone = (
        float(p.smoker),
        _centred(p.sbp_mmhg, equation.sbp_mmhg),
        _centred(p.total_cholesterol_mmol_l, equation.total_cholesterol_mmol_l),
        _centred(p.hdl_cholesterol_mmol_l, equation.hdl_cholesterol_mmol_l),
    )
    terms = (age, *alone, *(age * term for term in alone))
    return sum(w * t for w, t in zip(table.weights, terms, strict=True)) - table.mean_predictor


def _centred(value: float, centre: Centre) -> float:
    return (value - centre.at) / centre.step
