"""Inverted T waves.

Belongs here: T. Not here: the ST segment (st.py).
"""

from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.measuring.territories import contiguous, walls
from cardio_dagster.modalities.ecg.statements.case import Case, beyond

_INVERTED_MV = -0.1
_USUALLY_DOWN = ("aVR", "V1", "III")  # a negative T is common there


def t_inversion(case: Case) -> Iterator[Finding]:
    """State a T of -0.1 mV or less in two neighbouring leads where R is at least as high as S is deep (universal definition 2018)."""
    down = {name: lead.t_mv for name, lead in case.leads.items() if name not in _USUALLY_DOWN and _is_inverted(lead)}
    depth = {name: value for name, value in down.items() if value is not None}
    hit = contiguous(depth)
    if not hit:
        return
    deepest = min(depth[lead] for lead in hit)
    text = f"T inversion, {' and '.join(walls(hit))}: down to {deepest:.2f} mV in {', '.join(hit)}{case.reservations()}"
    rule = "T < -0.1 mV in two neighbouring leads with R >= S; III, aVR and V1 left out"
    evidence = case.where({lead: f"{depth[lead]:+.2f} mV" for lead in hit})
    sure = beyond(deepest, _INVERTED_MV, kind="mV")
    yield case.finding("ECG_T_INVERSION", text, Grade.ABNORMAL, rule, confidence=sure, evidence=evidence)


def _is_inverted(lead: LeadValues) -> bool:
    return lead.t_mv is not None and lead.t_mv < _INVERTED_MV and lead.highest_r_mv >= lead.deepest_mv
