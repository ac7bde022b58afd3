"""ST elevation and depression with the wall they point to.

Belongs here: the limits of the fourth universal definition of myocardial infarction (10.1161/CIR.0000000000000617). Not here: ST levels.
"""

from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.measuring.territories import contiguous, opposite, walls
from cardio_dagster.modalities.ecg.statements.case import Case, beyond

_ELSEWHERE_MV, _DEPRESSED_MV = 0.1, -0.05
_UPSLOPE_MV = 0.03  # from J to J+80; a steeper rise is an upsloping depression, which the definition leaves out
_MANY_LEADS, _HIGH_MV = 3, 0.2
_SURE = 0.9  # no alarm for what lies within the error of measuring
_CHEST = ("V2", "V3")


def elevation_limits_mv(*, sex: str | None, age_years: float | None) -> tuple[float, float]:
    """Return the limit in V2 and V3, the least and the most that may apply where sex or age is not known.

    >>> elevation_limits_mv(sex="M", age_years=30.0), elevation_limits_mv(sex=None, age_years=None)
    ((0.25, 0.25), (0.15, 0.25))
    """
    women, men_from_40, men_below_40 = 0.15, 0.2, 0.25
    if sex == "F":
        return women, women
    men = (
        (men_from_40, men_below_40)
        if age_years is None
        else ((men_from_40,) * 2 if age_years >= 40 else (men_below_40,) * 2)
    )
    return (men[0], men[1]) if sex == "M" else (women, men[1])


def st_elevation(case: Case) -> Iterator[Finding]:
    """State elevation at J in two neighbouring leads.

    Critical with depression in the opposite leads, or in three leads with 0.2 mV somewhere, unless a reservation is named or the
    level lies within the error of measuring; only a note where
    it passes the least but not the highest limit that an unknown sex or age leaves open.
    """
    least, most = elevation_limits_mv(sex=case.sex, age_years=case.age_years)
    levels = _levels(case)
    hit = contiguous(_above(levels, least))
    if not hit:
        return
    for_sure = contiguous(_above(levels, most))
    highest = max(levels[lead] for lead in hit)
    mirrored = [lead for lead in opposite(hit) if levels.get(lead, 0.0) <= _DEPRESSED_MV]
    care = case.reservations()
    sure = max(beyond(levels[lead], least if lead in _CHEST else _ELSEWHERE_MV, kind="mV") for lead in hit)
    shown = bool(mirrored) or (len(hit) >= _MANY_LEADS and highest >= _HIGH_MV)
    grave = bool(for_sure) and not care and shown and sure >= _SURE
    grade = Grade.CRITICAL if grave else Grade.ABNORMAL if for_sure else Grade.NOTE
    mirror = f", with depression in {', '.join(sorted(mirrored))}" if mirrored else ""
    text = f"ST elevation, {' and '.join(walls(hit))}: up to {highest:.2f} mV in {', '.join(hit)}{mirror}{care}"
    limit = f"{least:g}" if least == most else f"{least:g} to {most:g} (by sex and age, not all known)"
    rule = f"J point >= 0.1 mV in two neighbouring leads, in V2 and V3 >= {limit} mV (universal definition 2018)"
    yield case.finding("ECG_ST_ELEVATION", text, grade, rule, confidence=sure, evidence=_evidence(case, levels, hit))


def st_depression(case: Case) -> Iterator[Finding]:
    """State horizontal or downsloping depression in two neighbouring leads; deepest in V1 to V3 it may be the mirror of a posterior infarct."""
    levels = _levels(case)
    hit = contiguous(lead for lead, values in case.leads.items() if lead in levels and _is_depressed(values))
    if not hit:
        return
    deepest = min(hit, key=lambda lead: levels[lead])
    posterior = "; posterior wall possible: record V7 to V9" if deepest in {"V1", "V2", "V3"} else ""
    named = " and ".join(walls(hit))
    text = (
        f"ST depression, {named}: down to {levels[deepest]:.2f} mV in {', '.join(hit)}{posterior}{case.reservations()}"
    )
    rule = "J point <= -0.05 mV and level or falling to J+80 ms, in two neighbouring leads (universal definition 2018)"
    sure = beyond(levels[deepest], _DEPRESSED_MV, kind="mV")
    yield case.finding(
        "ECG_ST_DEPRESSION", text, Grade.ABNORMAL, rule, confidence=sure, evidence=_evidence(case, levels, hit)
    )


def _levels(case: Case) -> dict[str, float]:
    """Return the level at J by lead, aVR left out: elevation there is not among the criteria."""
    return {name: lead.st_j_mv for name, lead in case.leads.items() if lead.st_j_mv is not None and name != "aVR"}


def _above(levels: dict[str, float], chest_mv: float) -> list[str]:
    return [lead for lead, level in levels.items() if level >= (chest_mv if lead in _CHEST else _ELSEWHERE_MV)]


def _is_depressed(lead: LeadValues) -> bool:
    if lead.st_j_mv is None or lead.st_j80_mv is None:
        return False
    return max(lead.st_j_mv, lead.st_j80_mv) <= _DEPRESSED_MV and lead.st_j80_mv - lead.st_j_mv <= _UPSLOPE_MV


def _evidence(case: Case, levels: dict[str, float], hit: tuple[str, ...]) -> str:
    return case.where({lead: f"{levels[lead]:+.2f} mV" for lead in hit})
