"""The verb `analyse`: what was read from one ECG, the facts of its file and its figure, as every modality gives them.

Belongs here: facts and figure. Not here: the reading (interpret.py).
"""

from cardio_dagster.finding import Analysis, Fact, Figure, Finding, Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.drawing.paper import draw_ecg
from cardio_dagster.modalities.ecg.drawing.trend import TREND_S, draw_trend
from cardio_dagster.modalities.ecg.interpret import interpret
from cardio_dagster.modalities.ecg.measuring.intervals import MIN_RATE_BEATS
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm
from cardio_dagster.modalities.ecg.signal import EcgRecord, EcgStructures
from cardio_dagster.outcome import Step


def analyse(prepared: PreparedEcg, found: EcgStructures, recording_id: str, options: Options) -> Step[Analysis]:
    """Return what the recording says of the heart; a recording without beats gives reasons and a critical finding."""
    got = interpret(prepared, found, recording_id=recording_id, threads=options.threads)
    figures = (
        _figure(prepared, found, got.measurements, got.findings, recording_id),
        *_trend(prepared, found, got.rhythm, recording_id),
    )
    facts = _facts(prepared.record, got.rhythm, recording_id)
    return Step(Analysis("ecg", recording_id, got.measurements, got.findings, facts, figures))


def _facts(record: EcgRecord, rhythm: Rhythm, recording_id: str) -> tuple[Fact, ...]:
    """Return what the file itself said, and the rhythm as one word for those who compute with it."""

    def fact(name: str, value: str | float | None, unit: str | None = None) -> Fact:
        return Fact(name, value, unit, None if value is not None else "not in the file", recording_id)

    return (
        fact("rhythm", rhythm.label),
        fact("sex", record.patient_sex),
        fact("age_years", record.age_years, "a"),
        *(fact("recording_note", text) for text in record.notes),
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


def _trend(prepared: PreparedEcg, found: EcgStructures, rhythm: Rhythm, recording_id: str) -> tuple[Figure, ...]:
    """Return the course of the heart rate of a recording longer than a minute; none without beats."""
    duration_s = prepared.record.duration_s
    if duration_s <= TREND_S or len(found.beat_time_s) < MIN_RATE_BEATS:
        return ()
    title = f"Heart rate and rhythm over {duration_s / 3600:.1f} h" if duration_s >= 5400 else "Heart rate and rhythm"
    told = ", ".join(f"{e.label} from {e.start_s:.0f} to {e.end_s:.0f} s" for e in rhythm.episodes[:20])
    svg = draw_trend(found, rhythm, duration_s=duration_s, title=title)
    return (Figure("ecg_trend", title, svg, f"{title}. {told or 'no episodes'}.", recording_id),)
