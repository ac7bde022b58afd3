"""Q waves of an old infarct.

Belongs here: pathological Q by the fourth universal definition, table 6 (10.1161/CIR.0000000000000617). Not here: acute changes (st.py).
"""

from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.measuring.territories import contiguous, walls
from cardio_dagster.modalities.ecg.statements.case import Case

_LONG_MS, _DEEP_MV, _CHEST_MS = 30.0, 0.1, 20.0
_CHEST = ("V2", "V3")
_ELSEWHERE = ("I", "II", "III", "aVL", "aVF", "V4", "V5", "V6")
_BROAD_R_MS = 40.0


def old_infarct(case: Case) -> Iterator[Finding]:
    """State pathological Q waves in two neighbouring leads (a note only where left bundle branch block or pacing makes them), and a broad R in V1 and V2 that may stand for a posterior Q."""
    hit = contiguous(name for name, lead in case.leads.items() if _is_pathological(name, lead))
    care = case.reservations()
    if hit:
        shown = {lead: f"{case.leads[lead].qrs_pattern} {case.leads[lead].q_ms:.0f} ms" for lead in hit}
        text = f"Pathological Q waves, {' and '.join(walls(hit))}, in {', '.join(hit)}: old infarct possible{care}"
        rule = "Q >= 30 ms and >= 0.1 mV, or QS, in two neighbouring leads; in V2 and V3 any Q > 20 ms (universal definition 2018)"
        grade = Grade.NOTE if case.is_paced or (case.block and case.block.name == "left") else Grade.ABNORMAL
        yield case.finding("ECG_Q_PATHOLOGICAL", text, grade, rule, evidence=case.where(shown))
    broad = [name for name in ("V1", "V2") if name in case.leads and _is_broad_r(case.leads[name])]
    if len(broad) == 2 and case.block is None:
        text = f"Broad R in V1 and V2: old posterior infarct or right ventricular hypertrophy possible{care}"
        rule = (
            "R > 40 ms and R/S > 1 in V1 and V2 with a positive T, no bundle branch block (universal definition 2018)"
        )
        yield case.finding("ECG_R_V1_BROAD", text, Grade.NOTE, rule, evidence=case.where(tuple(broad)))


def _is_pathological(name: str, lead: LeadValues) -> bool:
    if lead.q_mv is None or lead.q_ms is None:
        return False
    is_qs = lead.qrs_pattern == "QS" and lead.q_mv <= -_DEEP_MV
    if name in _CHEST:
        return lead.q_ms > _CHEST_MS or is_qs
    return name in _ELSEWHERE and (is_qs or (lead.q_ms >= _LONG_MS and lead.q_mv <= -_DEEP_MV))


def _is_broad_r(lead: LeadValues) -> bool:
    is_tall = lead.r_mv is not None and lead.highest_r_mv > lead.deepest_mv and (lead.t_mv or 0.0) > 0
    return is_tall and (lead.r_ms or 0.0) > _BROAD_R_MS
