"""SCORE2 and SCORE2-OP of a fusion: who may be scored, and with which inputs.

Belongs here: the indications, the inputs and the two scores. Not here: the formula (equation.py),
its numbers (coefficients.py), the words for a risk or a range of risks (telling.py). The region is
a setting of the site and never guessed. The publications give no limits for pressure and lipids:
those of PREVENT are used, and beyond them the score is refused, not clamped.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring.inputs import Inputs, stated
from cardio_dagster.scoring.prevent import KNOWN_DISEASE, RANGES
from cardio_dagster.scoring.score2.category import VERSION
from cardio_dagster.scoring.score2.coefficients import REGIONS, SCORE2, SCORE2_OP, Equation
from cardio_dagster.scoring.score2.equation import Profile, score2_risk
from cardio_dagster.scoring.score2.telling import NUMBERS, SUBJECT, tell
from cardio_dagster.scoring.what_if import Value


def score2(fusion: Fusion) -> Score:
    """Return the SCORE2 risk in percent, or why it is refused.

    Refused: an input is missing; age not 40 to 69; diabetes; known cardiovascular disease; a
    pressure or cholesterol outside the limits of PREVENT. With few inputs missing (the region
    is one) the interpretation tells the range that is still possible.
    """
    return _score(fusion, SCORE2)


def score2_op(fusion: Fusion) -> Score:
    """Return the SCORE2-OP risk in percent, or why it is refused: as SCORE2, but for ages 70 to 89."""
    return _score(fusion, SCORE2_OP)


def _score(fusion: Fusion, equation: Equation) -> Score:
    inputs = Inputs(fusion)
    values, region = _values(inputs), _region(inputs)
    inputs.yes_no("diabetes")
    refused = _refusal(fusion, equation)
    missing = f"missing: {', '.join(inputs.missing)}" if inputs.missing else None
    risks = {r: partial(_risk_pct, values, equation, r) for r in ([region] if region else REGIONS)}
    return Score(
        name=equation.name,
        label=f"{equation.label} {SUBJECT}",
        value=None if refused or missing or region is None else risks[region]({}),
        unit="%",
        inputs=tuple(inputs.used),
        indications=f"age {equation.youngest} to {equation.oldest} years without known cardiovascular disease or diabetes",
        source=f"{equation.source}; {VERSION}",
        reason=refused or missing,
        missing=tuple(inputs.missing),
        interpretation=None if refused else tell(inputs, equation, risks, values["age_years"]),
    )


def _values(inputs: Inputs) -> dict[str, Any]:
    """Return the fields of a Profile, None where one is missing."""
    return {
        "sex": inputs.sex(),
        "age_years": inputs.number("age_years"),
        **{name: inputs.number(name) for name in NUMBERS},
        "smoker": inputs.yes_no("smoker"),
    }


def _region(inputs: Inputs) -> str | None:
    feature = inputs.fusion.get("score2_region")
    if feature is None or feature.text not in REGIONS:
        inputs.lack("score2_region")
        return None
    inputs.use(f"score2_region = {feature.text} ({feature.origin})")
    return feature.text


def _risk_pct(values: Mapping[str, Any], equation: Equation, region: str, chosen: Mapping[str, Value]) -> float:
    return 100 * score2_risk(Profile(**{**values, **chosen}), equation, region=region)


def _refusal(fusion: Fusion, equation: Equation) -> str | None:
    """Return why the score is not indicated, whatever else is missing; None if nothing speaks against it."""
    known = [name for name in KNOWN_DISEASE if stated(fusion, name)]
    if known:
        return f"not indicated: known cardiovascular disease ({', '.join(known)})"
    if stated(fusion, "diabetes"):
        return f"not indicated: diabetes, for which {equation.label} was not made"
    age = fusion.get("age_years")
    if age and age.value is not None and not equation.youngest <= age.value < equation.oldest + 1:
        return f"not indicated: age {age.value:g} years, allowed {equation.youngest} to {equation.oldest}"
    return _out_of_range(fusion)


def _out_of_range(fusion: Fusion) -> str | None:
    for name in NUMBERS:
        low, high, unit = RANGES[name]
        feature = fusion.get(name)
        if feature and feature.value is not None and not low - 1e-9 <= feature.value <= high + 1e-9:
            return f"not indicated: {name} {feature.value:.4g} {unit}, allowed {low:.4g} to {high:.4g}"
    return None
