"""What a risk could be while an input is missing: its range over all that the input may be.

Belongs here: what an input may be, the range and its sentence. Not here: any score. Nothing is
imputed: the score stays without a value, and only the range over the whole allowed range is told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

Value = float | bool | str
Risk = Callable[[Mapping[str, Value]], float]  # the values that stand for what is missing -> risk in percent

MOST_MISSING = 2  # beyond it the range is so wide that it says nothing


_NUMBERS = {
    "total_cholesterol_mmol_l": "total cholesterol",
    "hdl_cholesterol_mmol_l": "HDL cholesterol",
    "sbp_mmhg": "systolic blood pressure",
    "egfr_ml_min_1_73m2": "glomerular filtration rate",
    "bmi_kg_m2": "body mass index",
}
_ANSWERS = {
    "diabetes": "diabetes",
    "smoker": "current smoking",
    "antihypertensive_treatment": "antihypertensive treatment",
    "statin": "statin",
}
_UNITS = {"mm[Hg]": "mmHg", "mL/min/{1.73_m2}": "mL/min/1.73 m2"}  # UCUM in words


@dataclass(frozen=True, slots=True)
class Span:
    """What a missing input may be.

    `values` must hold those at which the risk can be least and greatest: both ends, and each
    place where the equation's line in this input is broken.
    """

    label: str
    words: str
    values: tuple[Value, ...]


SEX = Span("sex", "female or male", ("female", "male"))


def spans(
    limits: Mapping[str, tuple[float, float, str]],
    *,
    youngest: int,
    oldest: int,
    breaks: Mapping[str, tuple[float, ...]] | None = None,
) -> dict[str, Span]:
    """Return what each input of a score may be: its `limits` (low, high, unit), an age in full years, a sex or a yes.

    `breaks` are the places where the predictor, else linear in a number, bends. Every year of age is
    looked at, as a predictor may be curved in it.

    >>> spans({"hdl_cholesterol_mmol_l": (0.5, 2.5, "mmol/L")}, youngest=40, oldest=69)["hdl_cholesterol_mmol_l"].words
    '0.5 to 2.5 mmol/L'
    """
    years = tuple(float(year) for year in range(youngest, oldest + 1))
    found = {"sex": SEX, "age_years": Span("age", f"{youngest} to {oldest} years", years)}
    found |= {name: Span(label, "yes or no", (False, True)) for name, label in _ANSWERS.items()}
    for name, (low, high, unit) in limits.items():
        values = (low, *(breaks or {}).get(name, ()), high)
        found[name] = Span(_NUMBERS[name], f"{low:.3g} to {high:.3g} {_UNITS.get(unit, unit)}", values)
    return found


def bounds(risk_pct: Risk, missing: Sequence[str], spans: Mapping[str, Span]) -> tuple[float, float] | None:
    """Return the lowest and the highest risk in percent that the missing inputs leave open.

    Method: the risk at every combination of the spans' values; a predictor that is linear in each
    input between its breaks has its extremes there. With nothing missing both are the risk itself.
    None where more than MOST_MISSING are missing or one of them has no span.
    """
    if len(missing) > MOST_MISSING or not set(missing) <= set(spans):
        return None
    choices = product(*(spans[name].values for name in missing))
    risks = [risk_pct(dict(zip(missing, choice, strict=True))) for choice in choices]
    return min(risks), max(risks)


def what_if(subject: str, risks: Mapping[str, Risk], missing: Sequence[str], spans: Mapping[str, Span]) -> str | None:
    """Return a sentence on the range of each of `risks`; None where `bounds` has none.

    `risks` is keyed by the words of the case ("in a low-risk region"), "" where there is but one.
    """
    told = []
    for case, risk_pct in risks.items():
        found = bounds(risk_pct, missing, spans)
        if found is None:
            return None
        told.append(f"{case} {_percent(*found)}".strip())
    return f"{subject} {', '.join(told)}{_depending(missing, spans)}."


def _percent(low: float, high: float) -> str:
    one = f"{low:.1f} %" == f"{high:.1f} %"
    return f"{low:.1f} %" if one else f"between {low:.1f} and {high:.1f} %"


def _depending(missing: Sequence[str], spans: Mapping[str, Span]) -> str:
    named = " and ".join(f"{spans[name].label} ({spans[name].words})" for name in missing)
    return f", depending on {named}" if named else ""
