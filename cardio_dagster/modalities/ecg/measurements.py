"""Names, units, codes and ranges of what the ECG branch reports.

Belongs here: turning numbers into Measurements. Not here: computing them (intervals.py, hrv.py) or judging them (statements.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.ecg import reference
from cardio_dagster.modalities.ecg.hrv import Hrv
from cardio_dagster.modalities.ecg.intervals import MIN_RATE_BEATS, Intervals, correct_qt
from cardio_dagster.modalities.ecg.reference import Reference

_NO_RANGE = Reference(None, None, "")


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    label: str
    unit: str
    method: str
    reference: Reference = _NO_RANGE
    loinc: str | None = None


def interval_measurements(intervals: Intervals, *, sex: str | None, recording_id: str) -> tuple[Measurement, ...]:
    """Return heart rate, PR, QRS, QT, four QTc and the axis, each with a value or the reason why there is none."""
    few = f"{intervals.n_beats} beats found, at least 2 are needed"
    why = intervals.refusal or (few if intervals.n_beats < 2 else None)
    no_rate = why or f"{intervals.n_beats} beats found, at least {MIN_RATE_BEATS} are needed"
    rate = _Row(
        "heart_rate_bpm",
        "Heart rate",
        "/min",
        "60 s over the mean RR interval, all beats",
        reference.HEART_RATE,
        "8867-4",
    )
    pr = _Row("pr_ms", "PR interval", "ms", "median over beats, P onset to QRS onset", reference.PR, "8625-6")
    qrs = _Row("qrs_ms", "QRS duration", "ms", "median over beats, quartile of leads", reference.QRS, "8633-0")
    qt = _Row("qt_ms", "QT interval", "ms", "median over beats, QRS onset to T offset", _NO_RANGE, "8634-8")
    axis = _Row("qrs_axis_deg", "QRS axis", "deg", "net QRS area in leads I and II", reference.AXIS)
    make = _maker(recording_id, evidence=f"{intervals.n_beats} beats")
    return (
        make(rate, intervals.heart_rate_bpm, no_rate),
        make(pr, intervals.pr_ms, why or "no P wave before at least half of the beats"),
        make(qrs, intervals.qrs_ms, why or "no edges of the QRS in at least two beats"),
        make(qt, intervals.qt_ms, why or "no end of a T wave in at least three of ten beats"),
        *_corrected(intervals, make, sex, why or ("no QT interval" if intervals.qt_ms is None else no_rate)),
        make(axis, intervals.qrs_axis_deg, why or "leads I and II are needed, usable and with edges of the QRS"),
    )


_Make = Callable[[_Row, float | None, str], Measurement]


def _maker(recording_id: str, *, evidence: str) -> _Make:
    def make(row: _Row, value: float | None, reason: str) -> Measurement:
        return Measurement(
            name=row.name,
            label=row.label,
            value=None if value is None else round(value, 1),
            unit=row.unit,
            method=row.method,
            reference_low=row.reference.low,
            reference_high=row.reference.high,
            reference_source=row.reference.source or None,
            reason=reason if value is None else None,
            loinc=row.loinc,
            evidence=None if value is None else evidence,
            recording_id=recording_id,
        )

    return make


def _corrected(intervals: Intervals, make: _Make, sex: str | None, reason: str) -> tuple[Measurement, ...]:
    has_both = intervals.qt_ms is not None and intervals.rr_ms is not None
    qtc = correct_qt(qt_ms=intervals.qt_ms or 0.0, rr_ms=intervals.rr_ms or 1000.0) if has_both else None
    limits = reference.qtc(sex)
    formulas = (
        ("Bazett", "bazett", None),
        ("Fridericia", "fridericia", "8636-3"),
        ("Framingham", "framingham", None),
        ("Hodges", "hodges", None),
    )
    return tuple(
        make(
            _Row(f"qtc_{key}_ms", f"QTc ({title})", "ms", f"{title}, median RR interval", limits, loinc),
            None if qtc is None else float(getattr(qtc, f"{key}_ms")),
            reason,
        )
        for title, key, loinc in formulas
    )


def hrv_measurements(hrv: Hrv, *, recording_id: str) -> tuple[Measurement, ...]:
    """Return the variability of the NN intervals; refused values carry the reason."""
    make = _maker(
        recording_id, evidence=f"{hrv.n_nn} NN intervals in {hrv.duration_s:.0f} s; compare only equal lengths"
    )
    source = "Task Force 1996"
    time_reason, spectrum_reason = hrv.time_reason or "", hrv.spectrum_reason or "no power in the HF band"
    return (
        make(_Row("mean_nn_ms", "Mean NN interval", "ms", source), hrv.mean_nn_ms, time_reason),
        make(_Row("sdnn_ms", "SDNN", "ms", source), hrv.sdnn_ms, time_reason),
        make(_Row("rmssd_ms", "RMSSD", "ms", source), hrv.rmssd_ms, time_reason),
        make(_Row("pnn50_pct", "pNN50", "%", source), hrv.pnn50_pct, time_reason),
        make(_Row("lf_ms2", "LF power", "ms2", f"{source}, Welch, 0.04 to 0.15 Hz"), hrv.lf_ms2, spectrum_reason),
        make(_Row("hf_ms2", "HF power", "ms2", f"{source}, Welch, 0.15 to 0.40 Hz"), hrv.hf_ms2, spectrum_reason),
        make(_Row("lf_hf", "LF/HF", "{ratio}", source), hrv.lf_hf, spectrum_reason),
    )
