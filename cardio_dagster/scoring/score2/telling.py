"""The words for a SCORE2 risk: its category, its cautions and the range that missing inputs leave.

Belongs here: the interpretation of the score. Not here: whether it may be given (assess.py) or
how a range is found (what_if.py).
"""

from collections.abc import Mapping

from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring.inputs import Inputs, stated
from cardio_dagster.scoring.prevent import KNOWN_DISEASE, RANGES
from cardio_dagster.scoring.score2.category import category
from cardio_dagster.scoring.score2.coefficients import Equation
from cardio_dagster.scoring.what_if import Risk, Span, bounds, spans, what_if

SUBJECT = "10-year risk of cardiovascular disease"
NUMBERS = ("sbp_mmhg", "total_cholesterol_mmol_l", "hdl_cholesterol_mmol_l")
_NO_RANGE = ("diabetes", "score2_region")  # the one decides whether, the other how: both are told apart


def tell(inputs: Inputs, equation: Equation, risks: Mapping[str, Risk], age_years: float | None) -> str | None:
    """Return the category of the risk, or, where inputs are missing, the range in each region of `risks`.

    None where too much is missing to say anything.
    """
    missing = [name for name in inputs.missing if name not in _NO_RANGE]
    may_be = spans({n: RANGES[n] for n in NUMBERS}, youngest=equation.youngest, oldest=equation.oldest)
    open_range = _bounds(risks, missing, may_be)
    if open_range is None:
        return None
    told = what_if(SUBJECT, _cases(risks), missing, may_be) if inputs.missing else None
    judged = _categories(*open_range, age_years)
    return " ".join(part for part in (told, judged, *_cautions(inputs.fusion, equation)) if part)


def _bounds(risks: Mapping[str, Risk], missing: list[str], may_be: dict[str, Span]) -> tuple[float, float] | None:
    found = [pair for risk in risks.values() if (pair := bounds(risk, missing, may_be))]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def _cases(risks: Mapping[str, Risk]) -> dict[str, Risk]:
    if len(risks) == 1:
        return {"": next(iter(risks.values()))}
    return {f"in a {region.replace('_', ' ')}-risk region": risk for region, risk in risks.items()}


def _categories(low_pct: float, high_pct: float, age_years: float | None) -> str:
    """Return the category or both ends of its range; "" without an age, on which it depends."""
    if age_years is None:
        return ""
    least, most = (category(risk_pct, age_years=age_years) for risk_pct in (low_pct, high_pct))
    if low_pct == high_pct:
        return f"{least}."
    return f"In any case {least}." if least == most else f"At the least {least}, at the most {most}."


def _cautions(fusion: Fusion, equation: Equation) -> tuple[str, ...]:
    unknown = [name for name in (*KNOWN_DISEASE, "diabetes") if stated(fusion, name) is None]
    told = []
    if unknown:
        whom = "Holds only without known cardiovascular disease and diabetes"
        told.append(f"{whom}; not stated: {', '.join(unknown)}.")
    if stated(fusion, "statin"):
        told.append(
            f"{equation.label} has no term for a statin: cholesterol under treatment understates the risk before it."
        )
    return tuple(told)
