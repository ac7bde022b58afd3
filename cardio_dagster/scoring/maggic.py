"""MAGGIC: mortality within 1 and 3 years in heart failure.

Belongs here: the items, the indication, the points and the two risks. Not here: the published
numbers (maggic_points.py). Source: Pocock 2013, doi:10.1093/eurheartj/ehs337. The ejection
fraction is the one that fusion chose, so that the score joins echo and history.
"""

from bisect import bisect_right

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring import maggic_points as table
from cardio_dagster.scoring.inputs import Inputs, stated
from cardio_dagster.scoring.points import Definition, Item, banded, below_adult, bounds, item, refuse, total, unknown

MAGGIC = Definition(
    "maggic",
    "MAGGIC",
    "adults with diagnosed heart failure, whatever the ejection fraction",
    "Pocock 2013, doi:10.1093/eurheartj/ehs337",
)


def maggic(fusion: Fusion) -> Score:
    """Return the points, 0 to 57; refused without diagnosed heart failure, bounded where inputs are missing.

    Method: integer points; those of age and systolic pressure depend on the ejection fraction.
    """
    inputs = Inputs(fusion)
    reason = _refusal(inputs)
    return refuse(MAGGIC, inputs, reason) if reason else total(MAGGIC, inputs, _items(inputs), _meaning)


def maggic_mortality(fusion: Fusion, *, years: int) -> Score:
    """Return the mortality in percent within 1 or 3 years that belongs to the points.

    Refused as `maggic` is, and beyond 50 points, where the published table ends. Where inputs are
    missing it has no value but the range that is still possible.
    """
    inputs = Inputs(fusion)
    reason = _refusal(inputs)
    items = () if reason else _items(inputs)
    low, high = bounds(items)
    text = None
    if not reason and unknown(items):
        reason = f"missing: {', '.join(inputs.missing)}"
        text = f"Between {_pct(low, years)} and {_pct(high, years)}, depending on {', '.join(unknown(items))}."
    elif not reason and low > table.MOST_POINTS:
        reason = f"beyond the published table: {low} points, allowed 0 to {table.MOST_POINTS}"
        text = f"{_pct(low, years)} of people like this within {_span(years)}.".capitalize()
    value = None if reason else table.MORTALITY_PCT[years][low]
    return Score(
        name=f"maggic_{years}y_pct",
        label=f"MAGGIC {years}-year mortality",
        value=value,
        unit="%",
        inputs=(*inputs.used, *(f"{i.name}: {i.points} of {i.maximum}" for i in items))
        if value
        else tuple(inputs.used),
        indications=MAGGIC.indications,
        source=MAGGIC.source,
        reason=reason,
        missing=tuple(inputs.missing),
        interpretation=text if reason else f"{value:.1f} of 100 people like this die within {_span(years)}.",
    )


def _refusal(inputs: Inputs) -> str | None:
    failure = stated(inputs.fusion, "heart_failure")
    if failure is None:
        inputs.lack("heart_failure")
        return "not indicated: the history does not say whether heart failure was diagnosed"
    inputs.yes_no("heart_failure")
    return below_adult(inputs.fusion) if failure else "not indicated: no heart failure"


def _items(inputs: Inputs) -> tuple[Item, ...]:
    sex = inputs.sex()
    return (
        *_ejection_fraction_items(inputs),
        banded("body mass index", table.BMI_KG_M2, inputs.number("bmi_kg_m2")),
        banded("creatinine", table.CREATININE_UMOL_L, inputs.number("creatinine_umol_l")),
        banded("NYHA class", table.NYHA_CLASS, inputs.number("nyha_class")),
        item("male sex", None if sex is None else sex == "male", 1),
        item("smoker", inputs.yes_no("smoker"), 1),
        item("diabetes", inputs.yes_no("diabetes"), 3),
        item("COPD", inputs.yes_no("copd"), 2),
        banded("heart failure for 18 months", table.HF_DURATION_MONTHS, inputs.number("hf_duration_months")),
        item("no beta blocker", _denied(inputs.yes_no("beta_blocker")), 3),
        item("no ACE inhibitor or ARB", _denied(inputs.yes_no("ace_inhibitor_or_arb")), 1),
    )


def _ejection_fraction_items(inputs: Inputs) -> tuple[Item, ...]:
    """Return ejection fraction, age and systolic pressure; one joint item where the first is missing.

    Its points and those of the others cannot be at their least or most together, so that adding
    three ranges would tell too wide a one.
    """
    lvef_pct, age_years, sbp_mmhg = (inputs.number(n) for n in ("lvef_pct", "age_years", "sbp_mmhg"))
    if lvef_pct is None:
        spans = [_joint_span(band, age_years, sbp_mmhg) for band in (0.0, *table.EJECTION_FRACTION_PCT.limits)]
        least, most = min(low for low, _ in spans), max(high for _, high in spans)
        return (Item("ejection fraction with age and systolic pressure", None, most, least),)
    column = bisect_right(table.COLUMN_LIMITS_PCT, lvef_pct)
    return (
        banded("ejection fraction", table.EJECTION_FRACTION_PCT, lvef_pct),
        banded("age at this ejection fraction", table.AGE_YEARS[column], age_years),
        banded("systolic pressure at this ejection fraction", table.SBP_MMHG[column], sbp_mmhg),
    )


def _joint_span(lvef_pct: float, age_years: float | None, sbp_mmhg: float | None) -> tuple[int, int]:
    column = bisect_right(table.COLUMN_LIMITS_PCT, lvef_pct)
    spans = (
        table.EJECTION_FRACTION_PCT.span(lvef_pct),
        table.AGE_YEARS[column].span(age_years),
        table.SBP_MMHG[column].span(sbp_mmhg),
    )
    return sum(low for low, _ in spans), sum(high for _, high in spans)


def _denied(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _meaning(points: int) -> str:
    return f"Predicted mortality: {_pct(points, 1)} within 1 year, {_pct(points, 3)} within 3 years."


def _pct(points: int, years: int) -> str:
    """Return the mortality in words; beyond the table only that it is more."""
    beyond = "more than " if points > table.MOST_POINTS else ""
    return f"{beyond}{table.MORTALITY_PCT[years][min(points, table.MOST_POINTS)]:.1f} %"


def _span(years: int) -> str:
    return "1 year" if years == 1 else f"{years} years"
