"""Statements: the rules that turn measurements, leads and rhythm into words.

Belongs here: each rule with its limit and grade, one file a subject. Not here: measuring. Nothing is suppressed: a last rule names
every value outside its range that no other rule spoke of.
"""

from dataclasses import replace

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.statements.av import av_block
from cardio_dagster.modalities.ecg.statements.case import Case
from cardio_dagster.modalities.ecg.statements.conduction import axis, intraventricular
from cardio_dagster.modalities.ecg.statements.ectopy import ectopy
from cardio_dagster.modalities.ecg.statements.hypertrophy import atria, left_ventricle, low_voltage
from cardio_dagster.modalities.ecg.statements.infarct import old_infarct
from cardio_dagster.modalities.ecg.statements.qt import corrected_qt
from cardio_dagster.modalities.ecg.statements.remainder import remainder
from cardio_dagster.modalities.ecg.statements.rhythm import episodes, heart_rate, no_ventricle, paced, pause, rhythm
from cardio_dagster.modalities.ecg.statements.st import st_depression, st_elevation
from cardio_dagster.modalities.ecg.statements.t_wave import t_inversion

__all__ = ["Case", "state"]
_RULES = (
    episodes,
    paced,
    pause,
    no_ventricle,
    heart_rate,
    av_block,
    intraventricular,
    axis,
    corrected_qt,
    ectopy,
    st_elevation,
    st_depression,
    t_inversion,
    old_infarct,
    left_ventricle,
    low_voltage,
    atria,
)
_STANDSTILL = ("ECG_PAUSE", "ECG_NO_QRS", "ECG_VT", "ECG_AV_BLOCK_3")


def state(case: Case) -> tuple[Finding, ...]:
    """Return the findings of one recording, the rhythm first.

    A normal rhythm does not stay normal beside a critical pause, a ventricular tachycardia or a complete block: it becomes a note that names it.
    """
    found = [finding for rule in _RULES for finding in rule(case)]
    first = _beside(rhythm(case), found)
    spoken = {name for finding in (first, *found) for name in finding.measurements}
    return (first, *found, *remainder(case, spoken))


def _beside(first: Finding, found: list[Finding]) -> Finding:
    grave = [f.text for f in found if f.code in _STANDSTILL and f.grade is Grade.CRITICAL]
    if first.grade is not Grade.NORMAL or not grave:
        return first
    return replace(first, grade=Grade.NOTE, text=f"{first.text}, but: {grave[0]}")
