"""Voltage criteria of left ventricular hypertrophy.

Belongs here: sums of voltages by name. Not here: their limits (reference.py) or the statement (statements/hypertrophy.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues

# Okin et al. 1995 (10.1016/0735-1097(94)00421-L) multiply Cornell by QRS; ESC/ESH 2018 (10.1093/eurheartj/ehy339) give women 0.6 mV more
CORNELL_PRODUCT_WOMEN_MV = 0.6


@dataclass(frozen=True, slots=True)
class Voltages:
    """Sums in mV, the product in mV ms; None where a lead is absent."""

    sokolow_lyon_mv: float | None
    r_avl_mv: float | None
    cornell_mv: float | None
    cornell_product_mv_ms: float | None


def measure_voltages(leads: Mapping[str, LeadValues], *, qrs_ms: float | None, sex: str | None) -> Voltages:
    """Return Sokolow-Lyon (S in V1 and the higher R in V5 or V6), R in aVL, Cornell (R in aVL and S in V3) and its product with QRS.

    A QS counts as S, and so does a Q deeper than the R after it is high: an r before it is lost in the noise, or too short. Women get 0.6 mV more in the product; an unknown sex gets none.
    """
    cornell = _sum(_high(leads, "aVL"), _deep(leads, "V3"))
    lateral = [r for r in (_high(leads, "V5"), _high(leads, "V6")) if r is not None]
    extra = CORNELL_PRODUCT_WOMEN_MV if sex == "F" else 0.0
    return Voltages(
        sokolow_lyon_mv=_sum(_deep(leads, "V1"), max(lateral, default=None)),
        r_avl_mv=_high(leads, "aVL"),
        cornell_mv=cornell,
        cornell_product_mv_ms=None if cornell is None or qrs_ms is None else (cornell + extra) * qrs_ms,
    )


def _high(leads: Mapping[str, LeadValues], name: str) -> float | None:
    lead = leads.get(name)
    return None if lead is None or lead.reason else lead.highest_r_mv


def _deep(leads: Mapping[str, LeadValues], name: str) -> float | None:
    """Return the depth of S, or of a Q that is the main wave (QS, Qr); the q of a qR is no S."""
    lead = leads.get(name)
    if lead is None or lead.reason:
        return None
    is_main = lead.q_mv is not None and -lead.q_mv > lead.highest_r_mv
    return max(-(lead.s_mv or 0.0), -(lead.q_mv or 0.0) if is_main else 0.0)


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
