"""Everything between waves and words: the one entry from structures to measurements, per-lead values and findings.

Belongs here: the order of measuring. Not here: any measurement (intervals.py, amplitudes.py ...) or rule (statements/).
"""

from dataclasses import dataclass

from cardio_dagster.finding import Finding, Measurement
from cardio_dagster.modalities.ecg.measuring.amplitudes import measure_amplitudes
from cardio_dagster.modalities.ecg.measuring.axis import NO_LEADS, Axes, Axis, measure_axes
from cardio_dagster.modalities.ecg.measuring.edges import Edges, edges_of
from cardio_dagster.modalities.ecg.measuring.intervals import Intervals, lead_intervals, measure_intervals
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues, lead_table
from cardio_dagster.modalities.ecg.measuring.measurements import (
    WITHOUT_P,
    axis_measurements,
    beats_measured,
    interval_measurements,
    refusal,
)
from cardio_dagster.modalities.ecg.measuring.median_beat import MedianBeat, make_median_beat
from cardio_dagster.modalities.ecg.measuring.qt_measurements import qt_measurements
from cardio_dagster.modalities.ecg.measuring.voltage import measure_voltages
from cardio_dagster.modalities.ecg.measuring.voltage_measurements import voltage_measurements
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm
from cardio_dagster.modalities.ecg.signal import EcgRecord, EcgStructures
from cardio_dagster.modalities.ecg.statements import Case, state

_NO_BEAT = "no whole beat with edges of the QRS"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one ECG gave: global measurements, the values of each lead, and the findings with the rhythm first."""

    measurements: tuple[Measurement, ...]
    leads: dict[str, LeadValues]
    findings: tuple[Finding, ...]


def measure_all(
    prepared: PreparedEcg,
    found: EcgStructures,
    rhythm: Rhythm,
    *,
    recording_id: str,
) -> Measured:
    """Return measurements, per-lead values and findings of one ECG.

    Intervals come from the edges of up to 200 dominant beats, voltages and axes from the median of up to 100 of them.
    """
    edges = edges_of(found)
    intervals = measure_intervals(found, edges)
    why = refusal(intervals)
    beat = make_median_beat(prepared, edges) if why is None else None
    leads = _by_lead(prepared.record.leads, edges, beat, rhythm, why=why or _NO_BEAT)
    measurements = _globally(prepared.record, intervals, beat, leads, rhythm=rhythm.label, recording_id=recording_id)
    case = Case(
        measurements=measurements,
        rhythm=rhythm,
        beat_types=found.beat_types,
        beat_time_s=found.beat_time_s,
        recording_id=recording_id,
        duration_s=prepared.record.duration_s,
        lost_s=found.lost_s,
        leads=leads,
        sex=prepared.record.patient_sex,
        age_years=prepared.record.age_years,
        is_trusted=intervals.refusal is None,
        intervals=intervals,
    )
    return Measured(measurements, leads, state(case))


def _by_lead(
    names: tuple[str, ...], edges: Edges, beat: MedianBeat | None, rhythm: Rhythm, *, why: str
) -> dict[str, LeadValues]:
    if beat is None:
        return {lead: LeadValues(reason=why) for lead in names}
    return lead_table(names, lead_intervals(edges), measure_amplitudes(beat), has_p=rhythm.label not in WITHOUT_P)


def _globally(
    record: EcgRecord,
    intervals: Intervals,
    beat: MedianBeat | None,
    leads: dict[str, LeadValues],
    *,
    rhythm: str,
    recording_id: str,
) -> tuple[Measurement, ...]:
    sex, names = record.patient_sex, record.leads
    why = refusal(intervals) or (_NO_BEAT if beat is None else None)
    axes = Axes(*(Axis(None, why or NO_LEADS) for _ in range(3))) if beat is None else measure_axes(beat, names)
    averaged = f"median of {beat.n_beats} beats; {beats_measured(intervals)}" if beat is not None else ""
    voltages = measure_voltages(leads, qrs_ms=intervals.qrs_ms, sex=sex)
    return (
        *interval_measurements(intervals, rhythm=rhythm, recording_id=recording_id),
        *qt_measurements(intervals, rhythm=rhythm, sex=sex, recording_id=recording_id),
        *axis_measurements(axes, rhythm=rhythm, evidence=averaged, recording_id=recording_id),
        *voltage_measurements(voltages, names, sex=sex, evidence=averaged, recording_id=recording_id),
    )
