"""CHA2DS2-VASc and CHA2DS2-VA: the risk of stroke in atrial fibrillation.

Belongs here: the items and what the points mean. Sources: Lip 2010, doi:10.1378/chest.09-1584
(VASc, with sex); ESC 2024, doi:10.1093/eurheartj/ehae176 (VA, without sex, and the meaning).
Deviations: heart failure is also met by an ejection fraction of 40 % or less, as ESC 2024
defines it; a single blood pressure is no hypertension.
"""

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion
from cardio_dagster.scoring.inputs import Inputs, stated
from cardio_dagster.scoring.points import Definition, Item, item, refuse, total

_INDICATIONS = (
    "atrial fibrillation in the ECG or the history, without mechanical valve or moderate to severe mitral stenosis"
)
VASC = Definition("cha2ds2_vasc", "CHA2DS2-VASc", _INDICATIONS, "Lip 2010, doi:10.1378/chest.09-1584")
VA = Definition("cha2ds2_va", "CHA2DS2-VA", _INDICATIONS, "ESC 2024, doi:10.1093/eurheartj/ehae176")
_VALVE = "mechanical_valve_or_mitral_stenosis"


def cha2ds2_vasc(fusion: Fusion) -> Score:
    """Return the points with sex, 0 to 9; refused without atrial fibrillation, bounded where inputs are missing."""
    inputs = Inputs(fusion)
    refused = _refused(VASC, inputs)
    if refused:
        return refused
    sex = inputs.sex()
    female = Item("female sex", None if sex is None else int(sex == "female"), 1)
    return total(VASC, inputs, (*_shared_items(inputs), female), lambda points: _meaning_with_sex(points, sex))


def cha2ds2_va(fusion: Fusion) -> Score:
    """Return the points without sex, 0 to 8; refused without atrial fibrillation, bounded where inputs are missing."""
    inputs = Inputs(fusion)
    refused = _refused(VA, inputs)
    return refused or total(VA, inputs, _shared_items(inputs), _meaning)


def _refused(definition: Definition, inputs: Inputs) -> Score | None:
    fibrillation = inputs.atrial_fibrillation()
    if fibrillation is None:
        return refuse(
            definition, inputs, "not indicated: no atrial fibrillation in the ECG, and the history does not say"
        )
    if not fibrillation:
        return refuse(definition, inputs, "not indicated: no atrial fibrillation")
    if stated(inputs.fusion, _VALVE):
        return refuse(
            definition, inputs, "not indicated: mechanical valve or mitral stenosis, anticoagulated whatever the points"
        )
    return None


def _shared_items(inputs: Inputs) -> tuple[Item, ...]:
    return (
        item("heart failure", _heart_failure(inputs), 1),
        item("hypertension", _hypertension(inputs), 1),
        _age(inputs),
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


def _age(inputs: Inputs) -> Item:
    years = inputs.number("age_years")
    points = None if years is None else 2 if years >= 75 else 1 if years >= 65 else 0
    return Item("age", points, 2)


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
