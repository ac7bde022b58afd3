"""Machine rules of what fusion says across modalities, asked of the values once more.

Belongs here: contradictions and relations. Not here: findings of one recording. Sources of the limits: docs/fusion.md.
"""

import re
from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.verification.conditions import MachineRule as R
from cardio_dagster.reporting.verification.material import Material

# How far sources may lie apart on one name; a text must be the same.
TOLERANCES = {"heart_rate_bpm": 15.0, "age_years": 1.0, "lvef_pct": 10.0, "height_cm": 5.0, "weight_kg": 5.0}
# Two documents: the difference exceeds the first, and the second as a share of the larger value.
DOCUMENTS: dict[str, tuple[float, float]] = {
    "bmi_kg_m2": (3, 0), "sbp_mmhg": (30, 0), "dbp_mmhg": (20, 0), "total_cholesterol_mmol_l": (0, 0.3), "hdl_cholesterol_mmol_l": (0, 0.3),
    "creatinine_umol_l": (0, 0.3), "egfr_ml_min_1_73m2": (0, 0.3), "glucose_mmol_l": (4, 0.3), "hba1c_pct": (1, 0), "e_over_e_prime": (4, 0.3),
    "pasp_mmhg": (15, 0.3), "nyha_class": (1, 0), "antihypertensive_count": (1, 0), "hf_duration_months": (12, 0.3), "alcohol_drinks_per_week": (7, 0.3),
}  # fmt: skip
_RATES = ("heart_rate_bpm", "echo_heart_rate_bpm", "echo_heart_rate_r_waves_bpm")
_WALLS = ("septal_thickness_a4c_mm", "lateral_thickness_a4c_mm")
_SEPTUM = re.compile(r"(HYPO|A|DYS)KINESIA_(BASAL_INFEROSEPTUM|MID_INFEROSEPTUM|APICAL_SEPTUM)")
_RATE_IN_TEXT = re.compile(r"(\d+)/min in the \w+ \((r\d+)\)")


def _disagree(finding: Finding, material: Material) -> bool | None:
    name = finding.code.removeprefix("fusion.conflict.")
    values = [m.value for m in material.measurements if m.name.removeprefix("echo_") == name and m.value is not None]
    facts = [f.value for f in material.facts if f.name == name and f.value is not None]
    values += [float(v) for v in facts if isinstance(v, (int, float)) and not isinstance(v, bool)]
    words = {str(v)[:1].lower() if name == "sex" else str(v).lower() for v in facts}
    if len(values) > 1 and name in TOLERANCES:
        return max(values) - min(values) > TOLERANCES[name]
    if len(values) > 1 and name in DOCUMENTS:
        least, share = DOCUMENTS[name]
        return max(values) - min(values) > max(least, share * max(values))
    return len(words) > 1 if words else None


def _rates_apart(least_bpm: float, share: float) -> R:
    def check(finding: Finding, material: Material) -> bool | None:
        told = _RATE_IN_TEXT.findall(finding.text)
        if len(told) != 2:
            return None
        if not all(any(_rounds(material.value(n, where), rate) for n in _RATES) for rate, where in told):
            return False
        high, apart = max(int(r) for r, _ in told), abs(int(told[0][0]) - int(told[1][0]))
        factor = 2.0 if _any_rhythm(material, "afib", "aflutter") else 1.0
        return apart + 1 > max(factor * least_bpm, share * high)  # both are printed in whole beats

    return R((check,))


def _rounds(found: float | None, rate: str) -> bool:
    return found is not None and f"{found:.0f}" == rate


def _any_rhythm(material: Material, *rhythms: str) -> bool:
    return any(f.value in rhythms for f in material.facts_of("rhythm", None))


def _all_rhythms(*rhythms: str) -> R:
    def check(finding: Finding, material: Material) -> bool:
        stated = [f.value for f in material.facts_of("rhythm", None)]
        return bool(stated) and all(v in rhythms for v in stated)

    return R((check,))


def _codes(material: Material) -> set[str]:
    return {f.code for f in material.findings}


def _ef_off_line(finding: Finding, material: Material) -> bool:
    return any(
        ef - (92.8 - 25.8 * index) < -27 or (index > 1.0 and ef - (92.8 - 25.8 * index) > 12)
        for ef, index in _pairs(material, "lvef_pct", "wall_motion_score_index")
    )


def _pairs(material: Material, one: str, other: str) -> Iterator[tuple[float, float]]:
    for recording_id in dict.fromkeys(m.recording_id for m in material.measurements):
        first, second = material.value(one, recording_id), material.value(other, recording_id)
        if first is not None and second is not None:
            yield first, second


def _thick(finding: Finding, material: Material) -> bool:
    low = bool(_codes(material) & {"ECG_LOW_VOLTAGE_LIMB", "ECG_LOW_VOLTAGE_CHEST"})
    return low and any(min(walls) >= 14 for walls in _pairs(material, *_WALLS))


def _thin(finding: Finding, material: Material) -> bool:
    high = bool(_codes(material) & {"ECG_LVH_VOLTAGE", "ECG_LVH_STRAIN"})
    return high and any(max(walls) <= 10 for walls in _pairs(material, *_WALLS))


def _septum_explained(finding: Finding, material: Material) -> bool:
    codes = _codes(material)
    return bool(codes & {"ECG_LBBB", "ECG_PACED"}) and any(_SEPTUM.match(code) for code in codes)


def _septum_moves(finding: Finding, material: Material) -> bool:
    codes = _codes(material)
    return "ECG_LBBB" in codes and not any(_SEPTUM.match(code) for code in codes)


FUSION_RULES: dict[str, R] = {
    "fusion.conflict.*": R((_disagree,), ("differs",)),
    "fusion.heart_rate": _rates_apart(25.0, 0.25),
    "fusion.heart_rate_changed": _rates_apart(15.0, 0.15),
    "fusion.ef_wall_motion": R((_ef_off_line,), grade=Grade.ABNORMAL),
    "fusion.thick_walls_low_voltage": R((_thick,), ("thick", "low voltage"), ("not thick",), Grade.NOTE),
    "fusion.thin_walls_high_voltage": R((_thin,), ("not thick",), (), Grade.NOTE),
    "fusion.septum_explained": R((_septum_explained,), ("expected",), (), Grade.NOTE),
    "fusion.septum_moves_in_lbbb": R((_septum_moves,), (), (), Grade.NOTE),
    "fusion.afib_regular_*": _all_rhythms("afib"),
    "fusion.sinus_*": _all_rhythms("sinus"),
}
