"""The ECG report as TID 3700, ECG Report.

Belongs here: its containers (TID 3708, 3713, 3717, 3719). Not here: the number itself (measurement.py), header and file
(document.py).
"""

from dataclasses import replace

from cardio_dagster.finding import Finding
from cardio_dagster.reporting.dicom_sr import codes, concepts
from cardio_dagster.reporting.dicom_sr.common import characteristics, measurements_of, preamble, sentences
from cardio_dagster.reporting.dicom_sr.document import to_bytes
from cardio_dagster.reporting.dicom_sr.identity import date, time, utc
from cardio_dagster.reporting.dicom_sr.items import Item, Relation, code, container, text
from cardio_dagster.reporting.dicom_sr.measurement import numeric, unmeasured
from cardio_dagster.reporting.parts import Report, ReportedMeasurement
from cardio_dagster.stores.review_words import Action

_NOT_THERE = "the report has no such measurement"
_DONE = {Action.WITHDRAW: "withdrawn", Action.REPLACE: "changed"}


def to_ecg_sr(report: Report) -> bytes | None:
    """Return the ECG part of a report as a DICOM Comprehensive SR file (TID 3700).

    None where the study ended in ERROR or has no measurement of an ECG. Rate, QT, PR, QRS and RR always have their place,
    because TID 3713 demands it; without value where the report has none. Further measurements bear a standard code or
    else a private one. Raises StudyError (E_INTERNAL_001) where `received_at` is no time with an offset. Source: DICOM
    PS3.16, TID 3700 to 3719.
    """
    found = measurements_of(report, "ecg")
    if report.error or not found:
        return None
    recordings = tuple(dict.fromkeys(m.recording_id for m in found))
    measured = [_global(r, [m for m in found if m.recording_id == r]) for r in recordings]
    tree = container(
        codes.ECG_REPORT,
        *preamble(report),
        *characteristics(report),
        _waveform(report, recordings),
        container(codes.QUANTITATIVE, *measured),
        *_qualitative(report),
        *_summary(report),
        relation=None,
    )
    return to_bytes(report, replace(tree, template="3700"), kind="ecg", number=2)


def _waveform(report: Report, recordings: tuple[str | None, ...]) -> Item:
    """TID 3708; its mandatory time is that of receipt, as the notes of the report say.

    The offset stands in the header (Timezone Offset From UTC): dcmtk 3.6.7 refuses "+0000" in a DT.
    """
    moment = utc(report.received_at)
    return container(
        codes.CURRENT_PROCEDURE,
        Item(Relation.CONTAINS, "DATETIME", codes.PROCEDURE_DATETIME, f"{date(moment)}{time(moment)}"),
        *(text(codes.IDENTIFIER, f"recording {r}") for r in recordings if r),
    )


def _global(recording_id: str | None, members: list[ReportedMeasurement]) -> Item:
    """TID 3713: the rows of the template in its order, then what the template leaves room for."""
    by_name = {m.name: m for m in members}
    rows = [(row, next((by_name.pop(n) for n in row[2] if n in by_name), None)) for row in concepts.ECG_ROWS]
    corrected = next((by_name.pop(n) for n in concepts.QTC_NAMES if n in by_name), None)
    items = [numeric(name, m, unit=unit) if m else unmeasured(name, unit, _NOT_THERE) for (name, unit, _), m in rows]
    items += [_qtc(corrected)] if corrected else []
    items += [_other(m) for m in by_name.values()]
    identifier = (
        (text(codes.IDENTIFIER, f"recording {recording_id}", relation=Relation.CONTEXT),) if recording_id else ()
    )
    return container(codes.ECG_GLOBAL, *identifier, *items)


def _qtc(measurement: ReportedMeasurement) -> Item:
    formula = concepts.qt_formula(measurement.method)
    named = (code(codes.ALGORITHM_NAME, formula, relation=Relation.PROPERTY),) if formula else ()
    return numeric(concepts.QTC, measurement, *named)


def _other(measurement: ReportedMeasurement) -> Item:
    name = concepts.ECG.get(measurement.name) or codes.private(measurement.name, measurement.label)
    return numeric(name, measurement)


def _qualitative(report: Report) -> tuple[Item, ...]:
    """TID 3717: what was found in the ECG, as text with its grade and rule."""
    found = [f for f in report.findings if f.modality == "ecg" and f.text.strip()]
    return (container(codes.QUALITATIVE, *(_finding(f, report) for f in found)),) if found else ()


def _finding(finding: Finding, report: Report) -> Item:
    """Return a finding; one whose sentence a person withdrew or changed says so in the text itself, which every viewer shows."""
    done = report.review.contests(finding.code, finding.recording_id) if report.review else None
    mark = f"[{_DONE[done]} in review] " if done in _DONE else ""
    told = f"{finding.code}; grade: {finding.grade.value}; rule: {finding.rule}"
    return text(codes.ECG_FINDING, f"{mark}{finding.text}", text(codes.COMMENT, told, relation=Relation.PROPERTY))


def _summary(report: Report) -> tuple[Item, ...]:
    """TID 3719: the sentences in one text; no overall code, which would be a reader's judgement."""
    told = "\n".join(sentences(report, "ecg"))
    return (container(codes.SUMMARY, text(codes.SUMMARY, told)),) if told else ()
