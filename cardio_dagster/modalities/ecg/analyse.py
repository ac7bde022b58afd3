"""The verb `analyse`: measurements, rhythm, statements, facts and the figure of one ECG.

Belongs here: putting the parts together. Not here: any of the parts.
"""

from cardio_dagster.finding import Analysis, Fact, Figure, Finding, Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.draw import draw_ecg
from cardio_dagster.modalities.ecg.hrv import measure_hrv
from cardio_dagster.modalities.ecg.intervals import measure_intervals
from cardio_dagster.modalities.ecg.measurements import hrv_measurements, interval_measurements
from cardio_dagster.modalities.ecg.rhythm import Rhythm, classify_rhythm
from cardio_dagster.modalities.ecg.signal import EcgRecord, EcgStructures, PreparedEcg
from cardio_dagster.modalities.ecg.statements import state
from cardio_dagster.modalities.ecg.trust import longest_silence_s
from cardio_dagster.outcome import Step


def analyse(prepared: PreparedEcg, found: EcgStructures, recording_id: str, options: Options) -> Step[Analysis]:
    """Return what the recording says of the heart; a recording without beats gives reasons and a critical finding."""
    record = prepared.record
    rhythm = classify_rhythm(found)
    measurements = measure(prepared, found, rhythm, recording_id=recording_id)
    findings = state(
        measurements,
        rhythm,
        found.beat_types,
        sex=record.patient_sex,
        recording_id=recording_id,
        silence_s=longest_silence_s(found, duration_s=record.duration_s),
    )
    figure = _figure(prepared, found, measurements, findings, recording_id)
    return Step(Analysis("ecg", recording_id, measurements, findings, _facts(record, rhythm, recording_id), (figure,)))


def measure(
    prepared: PreparedEcg, found: EcgStructures, rhythm: Rhythm, *, recording_id: str
) -> tuple[Measurement, ...]:
    """Return intervals and heart rate variability."""
    intervals = measure_intervals(prepared, found)
    hrv = measure_hrv(found.beat_time_s, found.beat_types, rhythm=rhythm.label, refusal=intervals.refusal)
    return (
        *interval_measurements(intervals, sex=prepared.record.patient_sex, recording_id=recording_id),
        *hrv_measurements(hrv, recording_id=recording_id),
    )


def _facts(record: EcgRecord, rhythm: Rhythm, recording_id: str) -> tuple[Fact, ...]:
    """Return what the file itself said, and the rhythm as one word for those who compute with it."""

    def fact(name: str, value: str | float | None, unit: str | None = None) -> Fact:
        return Fact(name, value, unit, None if value is not None else "not in the file", recording_id)

    return (
        fact("rhythm", rhythm.label),
        fact("sex", record.patient_sex),
        fact("age_years", record.age_years, "a"),
        *(fact("device_statement", text) for text in record.device_statements),
        *((fact("device_texts_left_out", record.n_device_texts_left_out),) if record.n_device_texts_left_out else ()),
        *(fact(f"device: {v.name}", v.value, v.unit or None) for v in record.device_values),
    )


def _figure(
    prepared: PreparedEcg,
    found: EcgStructures,
    measurements: tuple[Measurement, ...],
    findings: tuple[Finding, ...],
    recording_id: str,
) -> Figure:
    record = prepared.record
    rate = next(m for m in measurements if m.name == "heart_rate_bpm")
    shown = f"{len(record.leads)}-lead ECG, first {min(10.0, record.duration_s):.0f} s of {record.duration_s:.0f} s"
    spoken = "; ".join(f.text for f in findings)
    description = f"{shown}. Heart rate {'not measured' if rate.value is None else f'{rate.value:.0f}/min'}. {spoken}."
    svg = draw_ecg(prepared, found, title=shown, description=description)
    return Figure("ecg", shown, svg, description, recording_id)
