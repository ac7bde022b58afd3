"""Bundle branch and fascicular blocks by the shape of the QRS.

Belongs here: the criteria of AHA/ACCF/HRS 2009 part III (10.1161/CIRCULATIONAHA.108.191095). Not here: the text or grade of the statement
(statements/conduction.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues

Leads = Mapping[str, LeadValues]
COMPLETE_MS, INCOMPLETE_MS = 120.0, 110.0
_LATE_LEFT_MS, _LATE_RIGHT_MS, _LATE_AVL_MS = 60.0, 50.0, 45.0  # time to the top of R
_LONG_S_MS = 40.0
_MIN_Q_MV = 0.05  # shallower is no q of the septum
_MIN_R_PRIME_MV = 0.05


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern that was found, the leads that show it and what they show."""

    name: str
    leads: tuple[str, ...]
    shown: str


def right_bundle(leads: Leads) -> Shape | None:
    """Return the shape of right bundle branch block, whatever the QRS duration; None where it is not there or leads are missing.

    R' at least as high as r in V1 or V2 (or a lone, late and notched R in V1), with an S in I or V6 longer than its R or than 40 ms. The paper asks for the S in
    both I and V6; one is enough here, as noise hides the end of a small S.
    """
    right = next((name for name in ("V1", "V2") if _ends_up(_there(leads, name))), None)
    slurred = [name for name in ("I", "V6") if _has_long_s(_there(leads, name))]
    if right is None or not slurred:
        return None
    return Shape(
        "right", (right, *slurred), f"{leads[right].qrs_pattern} in {right}, long S in {' and '.join(slurred)}"
    )


def small_r_prime(leads: Leads) -> Shape | None:
    """Return rSr' in V1 or V2: a second upward wave of 0.05 mV or more after an S, which a QRS of normal duration may have."""
    found = [
        name for name in ("V1", "V2") if ((lead := _there(leads, name)) and (lead.r2_mv or 0.0) >= _MIN_R_PRIME_MV)
    ]
    return Shape("rSr'", tuple(found), f"{leads[found[0]].qrs_pattern} in {' and '.join(found)}") if found else None


def _ends_up(lead: LeadValues | None) -> bool:
    if lead is None:
        return False
    if lead.r2_mv is not None:
        return lead.r2_mv >= (lead.r_mv or 0.0)
    is_lone = lead.r_mv is not None and lead.highest_r_mv > lead.deepest_mv
    return is_lone and bool(lead.is_notched) and (lead.r_peak_ms or 0.0) > _LATE_RIGHT_MS


def _has_long_s(lead: LeadValues | None) -> bool:
    return lead is not None and lead.s_ms is not None and (lead.s_ms > _LONG_S_MS or lead.s_ms > (lead.r_ms or 0.0))


def left_bundle(leads: Leads) -> Shape | None:
    """Return the shape of left bundle branch block, whatever the QRS duration; None where it is not there or leads are missing.

    V1 ends downwards; no q in I, V5 and V6; the R of I, V5 or V6 is notched or slurred, and late (over 60 ms) in V5 or V6.
    """
    v1 = _there(leads, "V1")
    lateral = {name: lead for name in ("I", "V5", "V6") if (lead := _there(leads, name)) is not None}
    if v1 is None or not {"V5", "V6"} & set(lateral) or v1.r2_mv is not None or v1.deepest_mv <= v1.highest_r_mv:
        return None
    if any(-(lead.q_mv or 0.0) >= _MIN_Q_MV or lead.r_mv is None for lead in lateral.values()):
        return None
    late = [name for name in ("V5", "V6") if name in lateral and (lateral[name].r_peak_ms or 0.0) > _LATE_LEFT_MS]
    broad = [name for name, lead in lateral.items() if lead.is_notched]
    if not late or not broad:
        return None
    return Shape(
        "left", ("V1", *late), f"{v1.qrs_pattern} in V1, no q in {', '.join(lateral)}, R late in {' and '.join(late)}"
    )


def left_anterior(leads: Leads, *, axis_deg: float | None) -> Shape | None:
    """Return left anterior fascicular block: axis -45 to -90 degrees, qR in aVL, top of R in aVL at 45 ms or later. QRS is judged elsewhere."""
    avl = _there(leads, "aVL")
    if axis_deg is None or avl is None or not -90.0 <= axis_deg <= -45.0:
        return None
    if avl.q_mv is None or avl.r_mv is None or (avl.r_peak_ms or 0.0) < _LATE_AVL_MS:
        return None
    return Shape(
        "left anterior", ("aVL",), f"axis {axis_deg:.0f} degrees, {avl.qrs_pattern} in aVL, R at {avl.r_peak_ms:.0f} ms"
    )


def left_posterior(leads: Leads, *, axis_deg: float | None) -> Shape | None:
    """Return left posterior fascicular block: axis 90 to 180 degrees, rS in I and aVL, qR in III and aVF."""
    four = [_there(leads, name) for name in ("I", "aVL", "III", "aVF")]
    if axis_deg is None or not 90.0 < axis_deg <= 180.0:
        return None
    down = all(lead is not None and lead.r_mv is not None and lead.deepest_mv > lead.highest_r_mv for lead in four[:2])
    up = all(lead is not None and lead.q_mv is not None and lead.r_mv is not None for lead in four[2:])
    if not (down and up):
        return None
    return Shape(
        "left posterior", ("I", "aVL", "III", "aVF"), f"axis {axis_deg:.0f} degrees, rS in I and aVL, qR in III and aVF"
    )


def _there(leads: Leads, name: str) -> LeadValues | None:
    lead = leads.get(name)
    return None if lead is None or lead.reason else lead
