"""Voltages: left ventricular hypertrophy, strain, the atria, and low voltage.

Belongs here: statements from the height of waves. Not here: the sums (measuring/voltage.py). Sources: AHA/ACCF/HRS 2009 part V
(10.1161/CIRCULATIONAHA.108.191097); low voltage by custom: below 0.5 mV in all limb leads, below 1.0 mV in all chest leads.
"""

from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.ecg.measuring import reference
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.statements.case import Case, beyond

_VOLTAGES = ("sokolow_lyon_mv", "r_avl_mv", "cornell_mv", "cornell_product_mv_ms")
_LATERAL = ("I", "aVL", "V5", "V6")
_LIMB, _CHEST = ("I", "II", "III", "aVR", "aVL", "aVF"), ("V1", "V2", "V3", "V4", "V5", "V6")
_LOW_LIMB_MV, _LOW_CHEST_MV = 0.5, 1.0
_TALL_P_MV, _WIDE_P_MS = 0.25, 120.0


def left_ventricle(case: Case) -> Iterator[Finding]:
    """State the voltage criteria that are met, with strain where ST or T are down in two lateral leads.

    An unknown sex lets Cornell be judged by the women's limit; below the men's and with no other criterion it is a note only.
    """
    met = [m for m in case.measurements if m.name in _VOLTAGES and m.within_reference is False]
    if not met:
        return
    strained = [name for name in _LATERAL if name in case.leads and _is_strained(case.leads[name])]
    strain = len(strained) >= 2
    text = "Voltage criteria of left ventricular hypertrophy" + (" with strain" if strain else "")
    shown = ", ".join(f"{m.label} {m.value:g} {m.unit.replace('.', ' ')}" for m in met)
    grade = Grade.ABNORMAL if strain or (len(met) > 1 and not _rests_on_sex(case, met)) else Grade.NOTE
    care = "; read with care: QRS wide" if (case.value("qrs_ms") or 0.0) >= 120 else ""
    rule = (
        "Sokolow-Lyon >= 3.5 mV, R in aVL >= 1.1 mV, Cornell > 2.8 (men) or 2.0 mV (women), Cornell product > 244 mV ms"
    )
    note = "; sex unknown, so Cornell is judged by the women's limit" if case.sex is None else ""
    sure = _sure(met[0])
    evidence = case.where(tuple(strained)) if strain else None
    names = tuple(m.name for m in met)
    code = "ECG_LVH_STRAIN" if strain else "ECG_LVH_VOLTAGE"
    yield case.finding(code, f"{text}: {shown}{care}", grade, rule + note, *names, confidence=sure, evidence=evidence)


def _rests_on_sex(case: Case, met: list[Measurement]) -> bool:
    cornell = case.value("cornell_mv")
    others = [m for m in met if not m.name.startswith("cornell")]
    return case.sex is None and not others and cornell is not None and cornell <= reference.CORNELL_MALE_MV


def _sure(met: Measurement) -> float | None:
    if met.value is None or met.reference_high is None or met.unit != "mV":
        return None
    return beyond(met.value, met.reference_high, kind="qrs_mV")


def _is_strained(lead: LeadValues) -> bool:
    is_upright = lead.highest_r_mv > lead.deepest_mv
    return is_upright and (
        (lead.t_mv or 0.0) < -0.1 or ((lead.st_j_mv or 0.0) <= -0.05 and (lead.t_min_mv or 0.0) < -0.05)
    )


def low_voltage(case: Case) -> Iterator[Finding]:
    """State low voltage in all six limb leads or all six chest leads; fewer leads say nothing."""
    for leads, limit_mv, name, code in (
        (_LIMB, _LOW_LIMB_MV, "limb", "ECG_LOW_VOLTAGE_LIMB"),
        (_CHEST, _LOW_CHEST_MV, "chest", "ECG_LOW_VOLTAGE_CHEST"),
    ):
        sizes = [case.leads[lead].peak_to_peak_mv for lead in leads if lead in case.leads]
        there = [size for size in sizes if size is not None]
        if len(there) == len(leads) and max(there) < limit_mv:
            text = f"Low voltage in the {name} leads: at most {max(there):.2f} mV"
            rule = f"QRS from peak to peak < {limit_mv:g} mV in all {name} leads"
            sure = beyond(max(there), limit_mv, kind="qrs_mV")
            yield case.finding(code, text, Grade.NOTE, rule, confidence=sure, evidence=case.where(leads))


def atria(case: Case) -> Iterator[Finding]:
    """State a wide P (120 ms or more) and a tall P in II (over 0.25 mV)."""
    p_ms = case.value("p_ms")
    if p_ms is not None and p_ms >= _WIDE_P_MS:
        text = "P wave wide: conduction between the atria delayed, left atrial enlargement possible"
        yield case.finding(
            "ECG_P_WIDE", text, Grade.NOTE, "P >= 120 ms", "p_ms", confidence=beyond(p_ms, _WIDE_P_MS, kind="pr")
        )
    two = case.leads.get("II")
    if two is not None and two.p_mv is not None and two.p_mv > _TALL_P_MV:
        text = "P wave tall: right atrial enlargement possible"
        sure = beyond(two.p_mv, _TALL_P_MV, kind="mV")
        evidence = case.where({"II": f"{two.p_mv:.2f} mV"})
        yield case.finding("ECG_P_TALL", text, Grade.NOTE, "P in II > 0.25 mV", confidence=sure, evidence=evidence)
