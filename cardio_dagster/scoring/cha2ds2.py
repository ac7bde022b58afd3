"""CHA2DS2-VASc and CHA2DS2-VA: the risk of stroke in atrial fibrillation.

Belongs here: the items and what the points mean. Sources: Lip 2010, doi:10.1378/chest.09-1584
(VASc, with sex); ESC 2024, doi:10.1093/eurheartj/ehae176 (VA, without sex, and the meaning).
Deviations: heart failure is also met by an ejection fraction of 40 % or less, as ESC 2024
defines it; a single blood pressure is no hypertension.
"""

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring.inputs import Inputs, stated
from cardio_dagster.scoring.points import (
    Bands,
    Definition,
    Item,
    banded,
    item,
    no_fibrillation,
    refuse,
    total,
    valve_caution,
)

_INDICATIONS = "adults with atrial fibrillation in the ECG or the history, without mechanical valve or moderate to severe mitral stenosis"
VASC = Definition("cha2ds2_vasc", "CHA2DS2-VASc", _INDICATIONS, "Lip 2010, doi:10.1378/chest.09-1584")
VA = Definition("cha2ds2_va", "CHA2DS2-VA", _INDICATIONS, "ESC 2024, doi:10.1093/eurheartj/ehae176")
_AGE = Bands((65, 75), (0, 1, 2))


def cha2ds2_vasc(fusion: Fusion) -> Score:
    """Return the points with sex, 0 to 9; refused without atrial fibrillation, bounded where inputs are missing."""
    inputs = Inputs(fusion)
    refused = _refused(VASC, inputs)
    if refused:
        return refused
    sex = inputs.sex()
    items = (*_shared_items(inputs), Item("female sex", None if sex is None else int(sex == "female"), 1))
    return total(VASC, inputs, items, lambda points: _meaning_with_sex(points, sex), caution=valve_caution(fusion))


def cha2ds2_va(fusion: Fusion) -> Score:
    """Return the points without sex, 0 to 8; refused without atrial fibrillation, bounded where inputs are missing."""
    inputs = Inputs(fusion)
    refused = _refused(VA, inputs)
    return refused or total(VA, inputs, _shared_items(inputs), _meaning, caution=valve_caution(fusion))


def _refused(definition: Definition, inputs: Inputs) -> Score | None:
    reason = no_fibrillation(inputs, valve="anticoagulated whatever the points")
    return refuse(definition, inputs, reason) if reason else None


def _shared_items(inputs: Inputs) -> tuple[Item, ...]:
    return (
        item("heart failure", _heart_failure(inputs), 1),
        item("hypertension", _hypertension(inputs), 1),
        banded("age", _AGE, inputs.number("age_years")),
        item("diabetes", inputs.yes_no("diabetes"), 1),
        item("stroke, TIA or thromboembolism", inputs.yes_no("stroke_or_tia"), 2),
        item("vascular disease", inputs.yes_no("vascular_disease"), 1),
    )


def _heart_failure(inputs: Inputs) -> bool | None:
    lvef = inputs.fusion.get("lvef_pct")
    if lvef and lvef.value is not None and lvef.value <= 40:
        inputs.number("lvef_pct")
        return True
    return inputs.yes_no("heart_failure")


def _hypertension(inputs: Inputs) -> bool | None:
    if stated(inputs.fusion, "antihypertensive_treatment") and not stated(inputs.fusion, "hypertension"):
        return inputs.yes_no("antihypertensive_treatment")
    return inputs.yes_no("hypertension")


def _meaning(points: int) -> str:
    if points >= 2:
        return "ESC 2024: oral anticoagulation is recommended (2 points or more)."
    return "ESC 2024: oral anticoagulation should be considered (1 point)." if points else "Low risk (0 points)."


def _meaning_with_sex(points: int, sex: str | None) -> str:
    """Return the meaning by ESC 2020 (doi:10.1093/eurheartj/ehaa612): the sex point alone does not count."""
    if sex is None:
        return "Its meaning depends on sex."
    beyond_sex = points - (sex == "female")
    if beyond_sex >= 2:
        return "ESC 2020: oral anticoagulation is recommended (2 points or more in men, 3 in women)."
    return "ESC 2020: oral anticoagulation should be considered." if beyond_sex == 1 else "Low risk."
