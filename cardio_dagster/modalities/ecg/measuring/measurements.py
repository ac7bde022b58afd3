"""Names, units, codes and ranges of the intervals and axes that the ECG branch reports.

Belongs here: turning numbers into Measurements. Not here: computing them (intervals.py, axis.py) or judging them (statements/); QT has a
file of its own (qt_measurements.py), as have voltages (voltage_measurements.py) and variability (hrv/).
"""

from collections.abc import Callable
from dataclasses import dataclass

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.ecg.measuring import reference
from cardio_dagster.modalities.ecg.measuring.axis import Axes
from cardio_dagster.modalities.ecg.measuring.intervals import MIN_RATE_BEATS, Intervals
from cardio_dagster.modalities.ecg.measuring.reference import Reference

NO_RANGE = Reference(None, None, "")
WITHOUT_P = ("afib", "aflutter")


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a measurement before it is made."""

    name: str
    label: str
    unit: str
    method: str
    reference: Reference = NO_RANGE
    loinc: str | None = None


Make = Callable[[Row, float | None, str], Measurement]
_OVER_BEATS = "median over beats, quartile of leads"
RATE = Row(
    "heart_rate_bpm", "Heart rate", "/min", "60 s over the mean RR interval, all beats", reference.HEART_RATE, "8867-4"
)
P = Row("p_ms", "P duration", "ms", f"{_OVER_BEATS}, P onset to P offset", reference.P)
PR = Row("pr_ms", "PR interval", "ms", f"{_OVER_BEATS}, P onset to QRS onset", reference.PR, "8625-6")
QRS = Row("qrs_ms", "QRS duration", "ms", f"{_OVER_BEATS}, QRS onset to offset", reference.QRS, "8633-0")
_AREAS = "net area in leads I and II (or I and aVF) of the median beat"
P_AXIS = Row("p_axis_deg", "P axis", "deg", f"{_AREAS}, above the line between the edges of P")
QRS_AXIS = Row("qrs_axis_deg", "QRS axis", "deg", _AREAS, reference.AXIS)
T_AXIS = Row("t_axis_deg", "T axis", "deg", _AREAS)
QRS_T = Row("qrs_t_angle_deg", "Frontal QRS-T angle", "deg", "difference of QRS axis and T axis")


def maker(recording_id: str, *, evidence: str) -> Make:
    """Return a function that makes Measurements of one recording, rounded to `0.1`, or null with the reason given."""

    def make(row: Row, value: float | None, reason: str) -> Measurement:
        return Measurement(
            name=row.name,
            label=row.label,
            value=None if value is None else round(value, 2 if row.unit == "mV" else 1),
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


def beats_measured(intervals: Intervals) -> str:
    """Return which beats the values rest on ("11 of 12 beats, the first at 0.61 s")."""
    if intervals.first_s is None:
        return f"{intervals.n_beats} beats"
    kind = f" of type {intervals.letter}" if intervals.letter not in {"N", ""} else ""
    return f"{intervals.n_chosen} of {intervals.n_beats} beats{kind}, the first at {intervals.first_s:.2f} s"


def refusal(intervals: Intervals) -> str | None:
    """Return why nothing at all can be measured; None where it can."""
    few = f"{intervals.n_beats} beats found, at least 2 are needed"
    return intervals.refusal or (few if intervals.n_beats < 2 else None)


def no_rate(intervals: Intervals) -> str:
    """Return why there is no heart rate."""
    few = f"{intervals.n_beats} beats found, at least {MIN_RATE_BEATS} are needed"
    torn = "the signal was lost between almost all beats"
    return refusal(intervals) or (few if intervals.n_beats < MIN_RATE_BEATS else torn)


def interval_measurements(intervals: Intervals, *, rhythm: str, recording_id: str) -> tuple[Measurement, ...]:
    """Return heart rate, P, PR and QRS, each with a value or the reason why there is none.

    In atrial fibrillation and flutter P and PR are null: what is found there are not P waves.
    """
    why = refusal(intervals)
    has_p = rhythm not in WITHOUT_P
    no_p = why or ("no P wave before at least half of the beats" if has_p else f"{rhythm}: no P waves")
    make = maker(recording_id, evidence=beats_measured(intervals))
    rate = maker(recording_id, evidence=f"{intervals.n_beats} beats")
    return (
        rate(RATE, intervals.heart_rate_bpm, no_rate(intervals)),
        make(P, intervals.p_ms if has_p else None, no_p),
        make(PR, intervals.pr_ms if has_p else None, no_p),
        make(QRS, intervals.qrs_ms, why or "no edges of the QRS in at least two beats"),
    )


def axis_measurements(axes: Axes, *, rhythm: str, evidence: str, recording_id: str) -> tuple[Measurement, ...]:
    """Return the axes of P, QRS and T and the QRS-T angle; P has none in atrial fibrillation and flutter."""
    make = maker(recording_id, evidence=evidence)
    has_p = rhythm not in WITHOUT_P
    return (
        make(P_AXIS, axes.p.deg if has_p else None, (axes.p.reason or "") if has_p else f"{rhythm}: no P waves"),
        make(QRS_AXIS, axes.qrs.deg, axes.qrs.reason or ""),
        make(T_AXIS, axes.t.deg, axes.t.reason or ""),
        make(QRS_T, axes.qrs_t_deg, "the axis of QRS or T is not known"),
    )
