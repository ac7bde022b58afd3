"""Machine rules of the ECG's findings, written from the published limits, not from the code that makes the findings.

Belongs here: limits of intervals, rate, axis and voltages. Not here: shapes of waves, of which no measurement tells
(bundle branch shapes, ischaemia by lead, lead checks); those codes are listed as unchecked or checked in part.

Sources: AHA/ACCF/HRS 2009, parts III (doi:10.1161/CIRCULATIONAHA.108.191095, conduction), IV (...191096, QT) and V (...191097,
hypertrophy); fourth universal definition of infarction (doi:10.1161/CIR.0000000000000617); P wave Bayes de Luna 2012
(doi:10.1016/j.jelectrocard.2012.06.029).
"""

import re

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.verification.conditions import MachineRule as R
from cardio_dagster.reporting.verification.conditions import banded, beyond_reference, either, fact, in_text, value
from cardio_dagster.reporting.verification.material import Material

_NORMAL, _NOTE, _ABNORMAL, _CRITICAL = Grade.NORMAL, Grade.NOTE, Grade.ABNORMAL, Grade.CRITICAL
_VOLTAGES = ("sokolow_lyon_mv", "r_avl_mv", "cornell_mv", "cornell_product_mv_ms")
_LARGE = either(*(beyond_reference("high", name) for name in _VOLTAGES))
_INCOMPLETE = (value("qrs_ms", ">", 110), value("qrs_ms", "<", 120))


def _qtc_is_long(finding: Finding, material: Material) -> bool:
    """Return whether QTc is 450 ms or more, 460 in a woman, and below 500."""
    qtc_ms = material.value("qtc_fridericia_ms", finding.recording_id)
    woman = any(str(f.value)[:1] in "Ff" for f in material.facts_of("sex", finding.recording_id) if f.value)
    return qtc_ms is not None and (460 if woman else 450) <= qtc_ms < 500


def _all_outside(finding: Finding, material: Material) -> bool:
    found = [material.measurement(name, finding.recording_id) for name in finding.measurements]
    return bool(found) and all(m is not None and m.within_reference is False for m in found)


def _share(finding: Finding, material: Material) -> bool | None:
    match = re.search(r"(\d+) of (\d+) beats", finding.text)
    return 0 < int(match[1]) <= int(match[2]) if match else None


def _ectopy_grade(finding: Finding, material: Material) -> Grade | None:
    match = re.search(r"(\d+) of (\d+) beats", finding.text)
    if match is None:
        return None
    frequent = int(match[2]) > 20 and int(match[1]) / int(match[2]) > 0.1
    couplets = "couplet" in finding.text and finding.code == "ECG_PVC"
    return _ABNORMAL if frequent or couplets else _NOTE


def _rhythm(name: str) -> R:
    paroxysmal = in_text(r"paroxysmal: (\d+) episode", ">=", 1)
    return R((either(fact("rhythm", name), paroxysmal),), grade=_ABNORMAL)


ECG_RULES: dict[str, R] = {
    "ECG_SINUS": R((fact("rhythm", "sinus"),), says=("sinus",), never=("fibrillation",)),
    "ECG_AFIB": _rhythm("afib"),
    "ECG_AFLUTTER": _rhythm("aflutter"),
    "ECG_PACED": R((either(fact("rhythm", "paced"), in_text(r"Paced beats: (\d+) of", ">=", 2)),), grade=_NOTE),
    "ECG_RHYTHM_OTHER": R((fact("rhythm", "other"),), grade=_NOTE),
    "ECG_RHYTHM_UNKNOWN": R((fact("rhythm", "not_classified"),), grade=_NOTE),
    "ECG_BRADYCARDIA": R(
        (value("heart_rate_bpm", "<", 60),), ("bradycardia",), ("tachycardia",),
        banded("heart_rate_bpm", ((40, _CRITICAL), (50, _ABNORMAL)), _NOTE),
    ),
    "ECG_TACHYCARDIA": R(
        (value("heart_rate_bpm", ">", 100),), ("tachycardia",), ("bradycardia",),
        banded("heart_rate_bpm", ((150, _ABNORMAL),), _CRITICAL),
    ),
    "ECG_PR_LONG": R((value("pr_ms", ">", 200),), ("prolonged",), ("short",), _ABNORMAL),
    "ECG_PR_SHORT": R((value("pr_ms", "<", 120),), ("short",), ("prolonged",), _NOTE),
    "ECG_QRS_WIDE": R((value("qrs_ms", ">=", 120),), ("wide",), ("narrow",)),
    "ECG_RBBB": R((value("qrs_ms", ">=", 120),), ("right",), ("left", "incomplete"), _ABNORMAL),
    "ECG_LBBB": R((value("qrs_ms", ">=", 120),), ("left",), ("right", "incomplete"), _ABNORMAL),
    "ECG_IRBBB": R(_INCOMPLETE, ("incomplete", "right"), ("left",), _NOTE),
    "ECG_ILBBB": R(_INCOMPLETE, ("incomplete", "left"), ("right",), _NOTE),
    "ECG_QRS_BORDERLINE": R(_INCOMPLETE, ("slightly wide",), (), _NOTE),
    "ECG_RSR": R((value("qrs_ms", "<", 120),), ("below",), ("above",), _NOTE),
    "ECG_LAFB": R((value("qrs_axis_deg", "<=", -45), value("qrs_axis_deg", ">=", -90)), ("anterior",), ("posterior",), _NOTE),
    "ECG_LPFB": R((value("qrs_axis_deg", ">", 90), value("qrs_axis_deg", "<=", 180)), ("posterior",), ("anterior",), _NOTE),
    "ECG_AXIS_LEFT": R((value("qrs_axis_deg", "<", -30), value("qrs_axis_deg", ">=", -90)), ("left",), ("right",), _NOTE),
    "ECG_AXIS_RIGHT": R((value("qrs_axis_deg", ">", 90),), ("right",), ("left",), _NOTE),
    "ECG_AXIS_EXTREME": R((value("qrs_axis_deg", "<", -90),), ("extreme",), (), _NOTE),
    "ECG_QTC_SHORT": R((value("qtc_fridericia_ms", "<=", 390),), ("short",), ("prolonged", "normal"), _NOTE),
    "ECG_QTC_LONG": R((_qtc_is_long,), ("prolonged",), ("short", "markedly"), _ABNORMAL),
    "ECG_QTC_CRITICAL": R((value("qtc_fridericia_ms", ">=", 500),), ("markedly prolonged",), ("short",)),
    "ECG_P_WIDE": R((value("p_ms", ">=", 120),), ("wide",), (), _NOTE),
    "ECG_P_TALL": R((in_text(r"II (-?[\d.]+) mV", ">", 0.25),), ("tall",), (), _NOTE),
    "ECG_LVH_VOLTAGE": R((_LARGE,), ("voltage criteria",), ("strain",)),
    "ECG_LVH_STRAIN": R((_LARGE,), ("strain",), (), _ABNORMAL),
    "ECG_LOW_VOLTAGE_LIMB": R((in_text(r"at most ([\d.]+) mV", "<", 0.5),), ("limb", "low"), ("chest",), _NOTE),
    "ECG_LOW_VOLTAGE_CHEST": R((in_text(r"at most ([\d.]+) mV", "<", 1.0),), ("chest", "low"), ("limb",), _NOTE),
    "ECG_ST_ELEVATION": R((in_text(r"up to (-?[\d.]+) mV", ">=", 0.1),), ("elevation",)),
    "ECG_ST_DEPRESSION": R((in_text(r"down to (-?[\d.]+) mV", "<=", -0.05),), ("depression",), ("elevation",), _ABNORMAL),
    "ECG_T_INVERSION": R((in_text(r"down to (-?[\d.]+) mV", "<", -0.1),), ("inversion",), (), _ABNORMAL),
    "ECG_PVC": R((_share,), ("ventricular extrasystoles",), ("supraventricular",), _ectopy_grade),
    "ECG_PAC": R((_share,), ("supraventricular extrasystoles",), (), _ectopy_grade),
    "ECG_VT": R((in_text(r"longest of (\d+) beats", ">=", 3),), ("tachycardia",), (), _CRITICAL),
    "ECG_SV_RUN": R((in_text(r"run of (\d+) beats", ">=", 3),), (), (), _ABNORMAL),
    "ECG_VENTRICULAR_RHYTHM": R((in_text(r"less: (\d+) beats", ">=", 3),), ("ventricular",), (), _ABNORMAL),
    "ECG_PAUSE": R((in_text(r"for (\d[\d.]*) s", ">", 2.0),), ("no heart beat",)),
    "ECG_NO_QRS": R((in_text(r"than ([\d.]+) mV", "<", 0.25),), (), (), _CRITICAL),
    "ECG_NO_BEATS": R((in_text(r"(0) beats", "==", 0),), (), (), _CRITICAL),
    "ECG_AV_BLOCK_3": R((value("heart_rate_bpm", "<", 60),), ("complete",), (), _CRITICAL),
    "ECG_OUT_OF_RANGE": R((_all_outside,), ("outside",), ("within",), _NOTE),
}  # fmt: skip
