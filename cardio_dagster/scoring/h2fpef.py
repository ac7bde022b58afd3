"""H2FPEF: how likely unexplained dyspnoea is heart failure with preserved ejection fraction.

Belongs here: the six items and what the points mean. Source: Reddy 2018,
doi:10.1161/CIRCULATIONAHA.118.034646. E/e' and pulmonary pressure come from echo or metadata.
"""

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring.inputs import Inputs, stated
from cardio_dagster.scoring.points import Definition, Item, item, refuse, total

H2FPEF = Definition(
    "h2fpef",
    "H2FPEF",
    "unexplained exertional dyspnoea with a left ventricular ejection fraction of 50 % or more",
    "Reddy 2018, doi:10.1161/CIRCULATIONAHA.118.034646",
)


def h2fpef(fusion: Fusion) -> Score:
    """Return the points, 0 to 9; refused at an ejection fraction below 50 % or without dyspnoea.

    Where dyspnoea or ejection fraction is not stated, the points are given with that caution.
    """
    inputs = Inputs(fusion)
    lvef = fusion.get("lvef_pct")
    if lvef and lvef.value is not None and lvef.value < 50:
        inputs.number("lvef_pct")
        return refuse(H2FPEF, inputs, f"not indicated: ejection fraction {lvef.value:.0f} %, allowed 50 % or more")
    if stated(fusion, "dyspnoea") is False:
        return refuse(H2FPEF, inputs, "not indicated: no dyspnoea")
    return total(H2FPEF, inputs, _items(inputs), _meaning, caution=_caution(fusion))


def _items(inputs: Inputs) -> tuple[Item, ...]:
    return (
        item("body mass index above 30 kg/m2", inputs.above("bmi_kg_m2", 30), 2),
        item("two or more antihypertensive medicines", _two_medicines(inputs), 1),
        item("atrial fibrillation", inputs.atrial_fibrillation(), 3),
        item("pulmonary artery systolic pressure above 35 mmHg", inputs.above("pasp_mmhg", 35), 1),
        item("age above 60 years", inputs.above("age_years", 60), 1),
        item("E/e' above 9", inputs.above("e_over_e_prime", 9), 1),
    )


def _two_medicines(inputs: Inputs) -> bool | None:
    """Return whether two are taken; no treatment at all answers it without a count."""
    if (
        inputs.fusion.get("antihypertensive_count") is None
        and stated(inputs.fusion, "antihypertensive_treatment") is False
    ):
        return inputs.yes_no("antihypertensive_treatment")
    count = inputs.number("antihypertensive_count")
    return None if count is None else count >= 2


def _meaning(points: int) -> str:
    if points >= 6:
        return "6 to 9 points: heart failure with preserved ejection fraction is likely."
    return "2 to 5 points: further tests are needed." if points >= 2 else "0 or 1 point: it is unlikely."


def _caution(fusion: Fusion) -> str:
    unknown = [name for name in ("dyspnoea", "lvef_pct") if (f := fusion.get(name)) is None or not f.known]
    return (
        f"Holds only for unexplained dyspnoea with preserved ejection fraction; not stated: {', '.join(unknown)}."
        if unknown
        else ""
    )
