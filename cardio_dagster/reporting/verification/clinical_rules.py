"""Machine rules of the metadata: beyond the printed limit, critical beyond the critical one, and at odds with itself.

Belongs here: the direction of a limit, the critical limits, and what documents contradict themselves in (docs/fusion.md). Not here: reference ranges, which every measurement carries.

Critical limits: blood pressure ESC 2024 (doi:10.1093/eurheartj/ehae178); creatinine and eGFR KDIGO (doi:10.1038/kisup.2012.1,
doi:10.1016/j.kint.2023.10.018); glucose ADA 2024 (doi:10.2337/dc24-S002); ejection fraction ASE/EACVI 2015.
"""

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.verification.conditions import MachineRule as R
from cardio_dagster.reporting.verification.conditions import beyond_reference
from cardio_dagster.reporting.verification.material import Material

CRITICAL: dict[str, tuple[float | None, float | None]] = {  # critical below the first, from the second upwards
    "sbp_mmhg": (70.0, 180.0),
    "dbp_mmhg": (None, 110.0),
    "heart_rate_bpm": (30.0, 150.0),
    "creatinine_umol_l": (None, 353.6),
    "egfr_ml_min_1_73m2": (15.0, None),
    "glucose_mmol_l": (3.0, None),
    "lvef_pct": (30.0, None),
}


def _critical_as_it_should(finding: Finding, material: Material) -> bool:
    name = finding.measurements[0] if finding.measurements else ""
    found, (low, high) = material.value(name, finding.recording_id), CRITICAL.get(name, (None, None))
    if found is None:
        return False
    beyond = (low is not None and found < low) or (high is not None and found >= high)
    return beyond == (finding.grade is Grade.CRITICAL)


def _bmi_off(finding: Finding, material: Material) -> bool:
    for where in _recordings(material):
        height_cm, weight_kg = (material.value(name, where) for name in ("height_cm", "weight_kg"))
        stated = material.value("bmi_kg_m2", where)
        if stated is not None and height_cm and weight_kg and abs(stated - 1e4 * weight_kg / height_cm**2) > 2:
            return True
    return False


def _egfr_off(finding: Finding, material: Material) -> bool:
    for where in _recordings(material):
        names = ("egfr_ml_min_1_73m2", "creatinine_umol_l", "age_years")
        stated, creatinine, age_years = (material.value(name, where) for name in names)
        sexes = [f.value for f in material.facts_of("sex", where)]
        if stated is None or creatinine is None or age_years is None or not sexes:
            continue
        expected = _ckd_epi(creatinine, age_years, is_woman="female" in sexes)
        if abs(stated - expected) > max(15, 0.3 * max(stated, expected)):
            return True
    return False


def _ckd_epi(creatinine_umol_l: float, age_years: float, *, is_woman: bool) -> float:
    """Return the filtration rate in mL/min/1.73 m2, doi:10.1056/NEJMoa2102953."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if is_woman else (0.9, -0.302, 1.0)
    ratio = creatinine_umol_l / 88.42 / kappa
    power = alpha if ratio < 1 else -1.2
    return float(142 * ratio**power * 0.9938**age_years * factor)


def _recordings(material: Material) -> tuple[str | None, ...]:
    return tuple(dict.fromkeys(m.recording_id for m in material.measurements))


def _answers(material: Material, name: str) -> set[object]:
    return {f.value for f in material.facts_of(name, None)}


def _any_value(material: Material, name: str) -> list[float]:
    """Return the values of the metadata, which measures nothing: its ejection fraction is `stated`."""
    stated = (m for m in material.measurements if m.name == name and m.method == "stated")
    return [m.value for m in stated if m.value is not None]


def _hypertension_denied(finding: Finding, material: Material) -> bool:
    counted = any(count >= 1 for count in _any_value(material, "antihypertensive_count"))
    return False in _answers(material, "hypertension") and (
        counted or True in _answers(material, "antihypertensive_treatment")
    )


def _heart_failure_denied(finding: Finding, material: Material) -> bool:
    low = any(ef < 30 for ef in _any_value(material, "lvef_pct"))
    return False in _answers(material, "heart_failure") and (
        low or any(n >= 3 for n in _any_value(material, "nyha_class"))
    )


def _child(finding: Finding, material: Material) -> bool:
    ages = [m.value for m in material.measurements if m.name == "age_years" and m.value is not None]
    ages += [f.value for f in material.facts if f.name == "age_years" and isinstance(f.value, (int, float))]
    return any(age < 18 for age in ages)


def _pregnant(finding: Finding, material: Material) -> bool:
    return True in _answers(material, "pregnant")


CLINICAL_RULES: dict[str, R] = {
    "clinical.*.high": R((beyond_reference("high"), _critical_as_it_should), ("above",), ("below", "within")),
    "clinical.*.low": R((beyond_reference("low"), _critical_as_it_should), ("below",), ("above", "within")),
    "fusion.bmi_height_weight": R((_bmi_off,), ("stated",), (), Grade.ABNORMAL),
    "fusion.egfr_creatinine": R((_egfr_off,), ("stated",), (), Grade.ABNORMAL),
    "fusion.hypertension_denied": R((_hypertension_denied,), ("denied", "states"), (), Grade.ABNORMAL),
    "fusion.heart_failure_denied": R((_heart_failure_denied,), ("denied", "states"), (), Grade.ABNORMAL),
    "fusion.child": R((_child,), ("do not apply",), (), Grade.NOTE),
    "fusion.pregnancy": R((_pregnant,), ("pregnant",), (), Grade.NOTE),
}
