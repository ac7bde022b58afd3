"""HAS-BLED: the risk of major bleeding in atrial fibrillation.

Belongs here: the nine items and what the points mean. Sources: Pisters 2010, doi:10.1378/chest.10-0134 (items,
limits, bleeds by points); ESC 2020, doi:10.1093/eurheartj/ehaa612 (what follows from 3 points). The limits and
the bleeds were compared with two further printings: doi:10.1186/s12959-015-0056-y, table 4, and PMC3418985, table 3.
Deviation: a blood pressure above 160 mmHg counts where it was measured once; control over time is not known.
"""

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring.inputs import Inputs, stated
from cardio_dagster.scoring.points import Definition, Item, bounds, item, no_fibrillation, refuse, total, valve_caution

HAS_BLED = Definition(
    "has_bled",
    "HAS-BLED",
    "adults with atrial fibrillation in the ECG or the history, without mechanical valve or moderate to severe mitral stenosis",
    "Pisters 2010, doi:10.1378/chest.10-0134",
)
HIGH_FROM = 3
BLEEDS_PER_100_YEARS = (1.13, 1.02, 1.88, 3.74, 8.70, 12.50)  # by points; beyond 5 too few patients were seen
_ADVICE = (
    f"High bleeding risk ({HIGH_FROM} points or more): review early and often; "
    "ESC 2020: no reason by itself to withhold anticoagulation."
)
_PRESSURE, _INR, _DRUGS, _ALCOHOL = "systolic pressure above 160 mmHg", "labile INR", "antiplatelet or NSAID", "alcohol"
_MODIFIABLE = (_PRESSURE, _INR, _DRUGS, _ALCOHOL)


def has_bled(fusion: Fusion) -> Score:
    """Return the points, 0 to 9; refused without atrial fibrillation, bounded where inputs are missing.

    Labile INR counts only under a vitamin K antagonist; who takes none has 0 points for it.
    """
    inputs = Inputs(fusion)
    reason = no_fibrillation(inputs, valve="for which the score was not made")
    if reason:
        return refuse(HAS_BLED, inputs, reason)
    items = _items(inputs)
    return total(HAS_BLED, inputs, items, _meaning, caution=_caution(fusion, items))


def _items(inputs: Inputs) -> tuple[Item, ...]:
    return (
        item(_PRESSURE, inputs.above("sbp_mmhg", 160), 1),
        item("kidney function", _kidney(inputs), 1),
        item("liver function", inputs.yes_no("liver_disease"), 1),
        item("stroke", _stroke(inputs), 1),
        item("bleeding", inputs.yes_no("bleeding"), 1),
        item(_INR, _labile_inr(inputs), 1),
        item("age above 65 years", inputs.above("age_years", 65), 1),
        item(_DRUGS, inputs.yes_no("antiplatelet_or_nsaid"), 1),
        item(_ALCOHOL, inputs.at_least("alcohol_drinks_per_week", 8), 1),
    )


def _kidney(inputs: Inputs) -> bool | None:
    """Return whether the kidneys fail by Pisters 2010: dialysis, transplant or creatinine from 200 umol/L."""
    replaced, creatinine = "dialysis_or_kidney_transplant", inputs.fusion.get("creatinine_umol_l")
    if creatinine and creatinine.value is not None and creatinine.value >= 200:
        return inputs.at_least("creatinine_umol_l", 200)
    if stated(inputs.fusion, replaced):
        return inputs.yes_no(replaced)
    known = (inputs.yes_no(replaced), inputs.at_least("creatinine_umol_l", 200))
    return None if None in known else False


def _stroke(inputs: Inputs) -> bool | None:
    """Return whether there was a stroke; a TIA is none, but who had neither had no stroke."""
    either = stated(inputs.fusion, "stroke_or_tia")
    if stated(inputs.fusion, "stroke") is None and either is False:
        return inputs.yes_no("stroke_or_tia")
    return inputs.yes_no("stroke")


def _labile_inr(inputs: Inputs) -> bool | None:
    fusion, antagonist = inputs.fusion, "vitamin_k_antagonist"
    for denied in (antagonist, "anticoagulant", "labile_inr"):
        if stated(fusion, denied) is False:
            return inputs.yes_no(denied)
    labile, taken = inputs.yes_no("labile_inr"), inputs.yes_no(antagonist)
    return labile if taken else None


def _meaning(points: int) -> str:
    if points < len(BLEEDS_PER_100_YEARS):
        return f"{BLEEDS_PER_100_YEARS[points]:.2f} major bleeds in 100 patient-years in the Euro Heart Survey."
    return "Too few patients with so many points were seen to state a rate."


def _caution(fusion: Fusion, items: tuple[Item, ...]) -> str:
    low, high = bounds(items)
    met = [i.name for i in items if i.points and i.name in _MODIFIABLE]
    parts = (
        _ADVICE if low >= HIGH_FROM else f"From {HIGH_FROM} points on the risk is high." if high >= HIGH_FROM else "",
        f"Open to change: {', '.join(met)}." if met else "",
        valve_caution(fusion),
    )
    return " ".join(part for part in parts if part)
