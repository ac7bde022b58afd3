"""QT, QTc by four formulas, and what takes their place beside a wide QRS.

Belongs here: names, units and ranges of QT. Not here: the formulas (qtc.py) or the statement (statements/repolarisation.py).
"""

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.ecg.measuring import reference
from cardio_dagster.modalities.ecg.measuring.intervals import Intervals
from cardio_dagster.modalities.ecg.measuring.measurements import Make, Row, beats_measured, maker, no_rate, refusal
from cardio_dagster.modalities.ecg.measuring.qtc import (
    MIN_AF_BEATS,
    WIDE_QRS_MS,
    CorrectedQt,
    correct_each_beat,
    correct_qt,
    without_wide_qrs,
)

QT = Row("qt_ms", "QT interval", "ms", "median over beats, quartile of leads, QRS onset to T offset", loinc="8634-8")
_FORMULAS = (
    ("Bazett", "bazett", None),
    ("Fridericia", "fridericia", "8636-3"),
    ("Framingham", "framingham", None),
    ("Hodges", "hodges", None),
)
_EACH_BEAT = "mean over beats of each beat's QT corrected with the RR interval before it"
_MEDIAN = "median RR interval"


def qt_measurements(
    intervals: Intervals, *, rhythm: str, sex: str | None, recording_id: str
) -> tuple[Measurement, ...]:
    """Return QT and QTc by Bazett, Fridericia, Framingham and Hodges; with a QRS of 120 ms or more also JT and the adjusted QTc.

    In atrial fibrillation QTc is the mean over beats of each beat's own, from 8 beats on.
    """
    why = refusal(intervals)
    make = maker(recording_id, evidence=beats_measured(intervals))
    method = _EACH_BEAT if rhythm == "afib" else _MEDIAN
    corrected, reason = _correct(intervals, rhythm)
    limits = reference.qtc(sex)
    rows = (
        make(
            Row(f"qtc_{key}_ms", f"QTc ({title})", "ms", f"{title}, {method}", limits, loinc),
            None if corrected is None else float(getattr(corrected, f"{key}_ms")),
            reason,
        )
        for title, key, loinc in _FORMULAS
    )
    qt = make(QT, intervals.qt_ms, why or "no end of a T wave in at least three of ten beats")
    return (qt, *rows, *_beside_wide_qrs(intervals, rhythm, sex, make))


def _correct(intervals: Intervals, rhythm: str, *, shorter_ms: float = 0.0) -> tuple[CorrectedQt | None, str]:
    """Return QTc of the QT less `shorter_ms`, or None with the reason."""
    if intervals.qt_ms is None or intervals.rr_ms is None:
        return None, refusal(intervals) or ("no QT interval" if intervals.qt_ms is None else no_rate(intervals))
    if rhythm != "afib":
        return correct_qt(qt_ms=intervals.qt_ms - shorter_ms, rr_ms=intervals.rr_ms), ""
    few = f"atrial fibrillation: fewer than {MIN_AF_BEATS} beats with a QT and an RR interval before it"
    return correct_each_beat(qt_ms=intervals.beat_qt_ms - shorter_ms, rr_ms=intervals.beat_rr_ms), few


def _beside_wide_qrs(intervals: Intervals, rhythm: str, sex: str | None, make: Make) -> tuple[Measurement, ...]:
    """Return JT and the adjusted QTc; nothing where the QRS is narrow or unknown, as they would say nothing new."""
    qrs_ms, qt_ms = intervals.qrs_ms, intervals.qt_ms
    if qrs_ms is None or qrs_ms < WIDE_QRS_MS or qt_ms is None:
        return ()
    jt = Row("jt_ms", "JT interval", "ms", "QT less QRS, for QRS >= 120 ms")
    method = "Fridericia of QT less 48.5 % of QRS (Bogossian 2014), for QRS >= 120 ms"
    adjusted = Row("qtc_adjusted_ms", "QTc adjusted for QRS", "ms", method, reference.qtc(sex))
    corrected, reason = _correct(intervals, rhythm, shorter_ms=qt_ms - without_wide_qrs(qt_ms=qt_ms, qrs_ms=qrs_ms))
    return make(jt, qt_ms - qrs_ms, ""), make(adjusted, None if corrected is None else corrected.fridericia_ms, reason)
