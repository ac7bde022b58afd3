"""A long or short corrected QT interval.

Belongs here: the limits by sex and the reservations. Not here: the formulas (../qtc.py).
"""

from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.measuring.reference import (
    QTC_CRITICAL_MS,
    QTC_PROLONGED_FEMALE_MS,
    QTC_PROLONGED_MALE_MS,
    QTC_SHORT_MS,
)
from cardio_dagster.modalities.ecg.statements.case import Case, beyond

_NAME, _ADJUSTED = "qtc_fridericia_ms", "qtc_adjusted_ms"


def corrected_qt(case: Case) -> Iterator[Finding]:
    """State a long or short QTc by Fridericia.

    A wide QRS or atrial fibrillation is named as a reservation, never as a reason to be silent. Where the QTc adjusted for a wide QRS
    is normal, the text says so and a critical grade becomes abnormal.
    """
    qtc_ms, adjusted_ms = case.value(_NAME), case.value(_ADJUSTED)
    if qtc_ms is None:
        return
    limit_ms = QTC_PROLONGED_FEMALE_MS if case.sex == "F" else QTC_PROLONGED_MALE_MS
    care, names = _care(case, adjusted_ms), _spoken_of(case, qtc_ms)
    if qtc_ms >= QTC_CRITICAL_MS:
        eased = adjusted_ms is not None and adjusted_ms < limit_ms
        grade, sure = Grade.ABNORMAL if eased else Grade.CRITICAL, beyond(qtc_ms, QTC_CRITICAL_MS, kind="qt")
        rule = "QTc Fridericia >= 500 ms"
        yield case.finding("ECG_QTC_CRITICAL", f"QTc markedly prolonged{care}", grade, rule, *names, confidence=sure)
    elif qtc_ms >= limit_ms:
        who = "sex unknown: 450 ms for men, 460 ms for women" if case.sex is None else case.sex
        sure, rule = beyond(qtc_ms, limit_ms, kind="qt"), f"QTc Fridericia >= {limit_ms:.0f} ms ({who})"
        yield case.finding("ECG_QTC_LONG", f"QTc prolonged{care}", Grade.ABNORMAL, rule, *names, confidence=sure)
    elif qtc_ms <= QTC_SHORT_MS:
        sure, rule = beyond(qtc_ms, QTC_SHORT_MS, kind="qt"), "QTc Fridericia <= 390 ms"
        yield case.finding("ECG_QTC_SHORT", f"QTc short{care}", Grade.NOTE, rule, *names, confidence=sure)


def _spoken_of(case: Case, qtc_ms: float) -> tuple[str, ...]:
    """Return the adjusted QTc and the formulas that lie beyond the range on the same side as Fridericia's: one statement speaks for them all."""
    others = [m for m in case.measurements if m.name.startswith("qtc_") and m.name != _NAME]
    is_long = qtc_ms > QTC_SHORT_MS
    beyond_too = [
        m.name for m in others if m.within_reference is False and ((m.value or 0.0) > QTC_SHORT_MS) == is_long
    ]
    adjusted = [m.name for m in others if m.name == _ADJUSTED]
    return tuple(dict.fromkeys((_NAME, *adjusted, *beyond_too)))


def _care(case: Case, adjusted_ms: float | None) -> str:
    notes = []
    if (case.value("qrs_ms") or 0.0) >= 120:
        notes.append("QRS wide" + (f", {adjusted_ms:.0f} ms when adjusted for it" if adjusted_ms is not None else ""))
    if case.rhythm.label == "afib":
        notes.append("irregular rhythm")
    return f"; read with care: {', '.join(notes)}" if notes else ""
