"""PREVENT: 10- and 30-year risk of cardiovascular disease, base equations.

Belongs here: the terms, the indications and the six scores. Not here: the coefficients
(prevent_coefficients.py). Source: Khan 2024, doi:10.1161/CIRCULATIONAHA.123.067626.
A value outside the range of the equations refuses the score; it is not clamped, as some
calculators do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Any

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring.inputs import Inputs, stated
from cardio_dagster.scoring.prevent_coefficients import coefficients
from cardio_dagster.scoring.what_if import Risk, Value, spans, what_if

SOURCE = "AHA PREVENT base equations, Khan 2024, doi:10.1161/CIRCULATIONAHA.123.067626"
MMOL_L_PER_MG_DL = 0.02586  # the factor of the publication
_LABELS = {"cvd": "cardiovascular disease", "ascvd": "atherosclerotic cardiovascular disease", "hf": "heart failure"}
KNOWN_DISEASE = ("vascular_disease", "stroke_or_tia", "heart_failure")
# possible inputs of the equations: name -> (lowest, highest, unit)
RANGES: dict[str, tuple[float, float, str]] = {
    "total_cholesterol_mmol_l": (130 * MMOL_L_PER_MG_DL, 320 * MMOL_L_PER_MG_DL, "mmol/L"),
    "hdl_cholesterol_mmol_l": (20 * MMOL_L_PER_MG_DL, 100 * MMOL_L_PER_MG_DL, "mmol/L"),
    "sbp_mmhg": (90, 200, "mm[Hg]"),
    "egfr_ml_min_1_73m2": (15, 150, "mL/min/{1.73_m2}"),
    "bmi_kg_m2": (18.5, 39.99, "kg/m2"),
}
_BREAKS = {
    "sbp_mmhg": (110.0,),
    "egfr_ml_min_1_73m2": (60.0,),
    "bmi_kg_m2": (30.0,),
}  # where the line of an input bends


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The inputs of the base equations; `sex` is "female" or "male", `bmi_kg_m2` is used by heart failure only."""

    sex: str
    age_years: float
    total_cholesterol_mmol_l: float
    hdl_cholesterol_mmol_l: float
    sbp_mmhg: float
    egfr_ml_min_1_73m2: float
    bmi_kg_m2: float
    diabetes: bool
    smoker: bool
    antihypertensive_treatment: bool
    statin: bool


def prevent_risk(profile: Profile, *, outcome: str, years: int) -> float:
    """Return the risk as a share of 1 for "cvd", "ascvd" or "hf" in 10 or 30 years.

    Method: logistic model over centred, partly broken-line terms. The ranges are not checked here.
    """
    weights = coefficients(outcome=outcome, years=years, sex=profile.sex)
    log_odds = sum(weights[name] * value for name, value in _terms(profile).items())
    return 1 / (1 + exp(-log_odds))


def _terms(p: Profile) -> dict[str, float]:
    age = (p.age_years - 55) / 10
    non_hdl = p.total_cholesterol_mmol_l - p.hdl_cholesterol_mmol_l - 3.5
    hdl = (p.hdl_cholesterol_mmol_l - 1.3) / 0.3
    sbp_above_110 = (max(p.sbp_mmhg, 110) - 130) / 20
    bmi_above_30 = (max(p.bmi_kg_m2, 30) - 30) / 5
    egfr_below_60 = (min(p.egfr_ml_min_1_73m2, 60) - 60) / -15
    return {
        "constant": 1.0,
        "age": age,
        "age_squared": age**2,
        "non_hdl": non_hdl,
        "hdl": hdl,
        "sbp_below_110": (min(p.sbp_mmhg, 110) - 110) / 20,
        "sbp_above_110": sbp_above_110,
        "diabetes": p.diabetes,
        "smoker": p.smoker,
        "bmi_below_30": (min(p.bmi_kg_m2, 30) - 25) / 5,
        "bmi_above_30": bmi_above_30,
        "egfr_below_60": egfr_below_60,
        "egfr_above_60": (max(p.egfr_ml_min_1_73m2, 60) - 90) / -15,
        "treated": p.antihypertensive_treatment,
        "statin": p.statin,
        "treated_sbp": p.antihypertensive_treatment * sbp_above_110,
        "statin_non_hdl": p.statin * non_hdl,
        "age_non_hdl": age * non_hdl,
        "age_hdl": age * hdl,
        "age_sbp": age * sbp_above_110,
        "age_diabetes": age * p.diabetes,
        "age_smoker": age * p.smoker,
        "age_bmi": age * bmi_above_30,
        "age_egfr": age * egfr_below_60,
    }


def prevent_score(fusion: Fusion, *, outcome: str, years: int) -> Score:
    """Return one PREVENT risk in percent, or why it is refused.

    Refused: an input is missing; age not 30 to 79 (30 to 59 for 30 years); a value outside
    RANGES; known cardiovascular disease, for which the equations were not made. With one or two
    inputs missing the interpretation tells the range that is still possible.
    """
    inputs = Inputs(fusion)
    values = _values(inputs, outcome=outcome)
    oldest = 79 if years == 10 else 59
    refused = _refusal(fusion, inputs, oldest=oldest)
    missing = f"missing: {', '.join(inputs.missing)}" if inputs.missing else None

    def risk_pct(chosen: Mapping[str, Value]) -> float:
        return 100 * prevent_risk(Profile(**{**values, **chosen}), outcome=outcome, years=years)

    subject = f"{years}-year risk of {_LABELS[outcome]}"
    value = None if refused or missing else risk_pct({})
    told = _possible(fusion, subject, risk_pct, inputs.missing, oldest=oldest) if missing and not refused else None
    return Score(
        name=f"prevent_{outcome}_{years}y_pct",
        label=f"PREVENT {subject}",
        value=value,
        unit="%",
        inputs=tuple(inputs.used),
        indications=f"age 30 to {oldest} years without known cardiovascular disease, values within the range of the equations",
        source=SOURCE,
        reason=refused or missing,
        missing=tuple(inputs.missing),
        interpretation=told if value is None else _meaning(fusion, value, outcome=outcome, years=years),
    )


def _values(inputs: Inputs, *, outcome: str) -> dict[str, Any]:
    """Return the fields of a Profile, None where one that this equation needs is missing.

    Body mass index enters only heart failure, lipids and statins only the other two. They are
    asked for where they enter; 0, 30 and "no" stand only before coefficients that are zero.
    """
    lipids = outcome != "hf"
    return {
        "sex": inputs.sex(),
        "age_years": inputs.number("age_years"),
        "total_cholesterol_mmol_l": inputs.number("total_cholesterol_mmol_l") if lipids else 0.0,
        "hdl_cholesterol_mmol_l": inputs.number("hdl_cholesterol_mmol_l") if lipids else 0.0,
        "sbp_mmhg": inputs.number("sbp_mmhg"),
        "egfr_ml_min_1_73m2": inputs.number("egfr_ml_min_1_73m2"),
        "bmi_kg_m2": 30.0 if lipids else inputs.number("bmi_kg_m2"),
        **{name: inputs.yes_no(name) for name in ("diabetes", "smoker", "antihypertensive_treatment")},
        "statin": inputs.yes_no("statin") if lipids else False,
    }


def _refusal(fusion: Fusion, inputs: Inputs, *, oldest: int) -> str | None:
    known = [name for name in KNOWN_DISEASE if stated(fusion, name)]
    if known:
        return f"not indicated: known cardiovascular disease ({', '.join(known)})"
    age = fusion.get("age_years")
    if age and age.value is not None and not 30 <= age.value < oldest + 1:
        return f"not indicated: age {age.value:g} years, allowed 30 to {oldest}"
    used = {text.split(" = ")[0] for text in inputs.used}
    for name, (low, high, unit) in RANGES.items():
        feature = fusion.get(name)
        if name in used and feature and feature.value is not None and not low - 1e-9 <= feature.value <= high + 1e-9:
            return f"not indicated: {name} {feature.value:.4g} {unit}, allowed {low:.4g} to {high:.4g}"
    return None


def _meaning(fusion: Fusion, value: float, *, outcome: str, years: int) -> str:
    band = _band(value) if years == 10 and outcome == "cvd" else ""
    return (
        " ".join(part for part in (band, _caution(fusion)) if part)
        or f"{value:.1f} of 100 people like this within {years} years"
    )


def _possible(fusion: Fusion, subject: str, risk_pct: Risk, missing: list[str], *, oldest: int) -> str | None:
    """Return the range that one or two missing inputs leave open; None where more are missing."""
    told = what_if(subject, {"": risk_pct}, missing, spans(RANGES, youngest=30, oldest=oldest, breaks=_BREAKS))
    return None if told is None else f"{told} {_caution(fusion)}".strip()


def _caution(fusion: Fusion) -> str:
    unknown = [name for name in KNOWN_DISEASE if stated(fusion, name) is None]
    return f"Holds only without known cardiovascular disease; not stated: {', '.join(unknown)}." if unknown else ""


def _band(value: float) -> str:
    """Return the band of the 10-year risk of cardiovascular disease, as the AHA calculator words it."""
    if value < 7.5:
        return "low (below 5 %)" if value < 5 else "borderline (5 to 7.4 %)"
    return "intermediate (7.5 to 19.9 %)" if value < 20 else "high (20 % or more)"
