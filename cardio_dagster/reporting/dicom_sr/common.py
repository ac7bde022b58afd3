"""What both reports say alike: language, observer, notes, the patient's characteristics, the written sentences.

Belongs here: the parts that TID 5200 and TID 3700 share. Not here: their measurements (echo.py, ecg.py).
"""

from cardio_dagster.reporting.dicom_sr import codes, concepts
from cardio_dagster.reporting.dicom_sr.codes import Code
from cardio_dagster.reporting.dicom_sr.identity import DEVICE_NAME, MANUFACTURER, uid
from cardio_dagster.reporting.dicom_sr.items import Item, Relation, code, container, text
from cardio_dagster.reporting.dicom_sr.measurement import numeric
from cardio_dagster.reporting.parts import Report, ReportedMeasurement

_SEXES = {"female": codes.FEMALE, "f": codes.FEMALE, "male": codes.MALE, "m": codes.MALE}
_ACROSS = ("fusion", "scores")  # sections that speak of the patient, not of one modality
NO_REFERENCES = (
    "No image and no waveform is referenced: the report knows its recordings by their hashes, not by their DICOM UIDs. "
    "The recordings are named in the identifiers and comments."
)
NO_EXAMINATION_TIME = (
    "The dates are those at which the study was received; the report does not state when it was recorded."
)


def preamble(report: Report) -> tuple[Item, ...]:
    """Return language (TID 1204), device observer (TID 1001 to 1004) and the notes that every reader must see."""
    device = f"{MANUFACTURER} {report.software_version}"
    notes = (
        f"{report.intended_use}. {_maker(report)}",
        f"Release: {report.release_status}",
        *_changes(report),
        *report.coverage_notes,
        NO_REFERENCES,
        NO_EXAMINATION_TIME,
    )
    return (
        code(codes.LANGUAGE, codes.ENGLISH),
        code(codes.OBSERVER_TYPE, codes.DEVICE, relation=Relation.CONTEXT),
        Item(Relation.CONTEXT, "UIDREF", codes.DEVICE_UID, uid("device", report.software_version)),
        text(codes.DEVICE_NAME, DEVICE_NAME, relation=Relation.CONTEXT),
        text(codes.DEVICE_MAKER, MANUFACTURER, relation=Relation.CONTEXT),
        text(codes.DEVICE_MODEL, device, relation=Relation.CONTEXT),
        *(text(codes.COMMENT, note) for note in notes if note.strip()),
    )


def _maker(report: Report) -> str:
    if report.review is None:
        return "Made by software; no person has verified it."
    last = report.review.last
    return f"Made by software; version {report.version}, on which {last.by}, {last.role_title}, decided."


def _changes(report: Report) -> tuple[str, ...]:
    words = {"withdraw": "withdrawn", "replace": "changed", "add": "added"}
    changes = report.review.changes if report.review else ()
    return tuple(
        f"Sentence {c.statement_id} {words[c.action.value]} by a person{f', before: {c.before}' if c.before else ''}. {c.reason}"
        for c in changes
    )


def measurements_of(report: Report, modality: str) -> tuple[ReportedMeasurement, ...]:
    """Return the measurements that belong to recordings of a modality, those that fusion derived from them too."""
    kinds = {r.recording_id: r.modality for r in report.recordings}
    return tuple(
        m
        for m in report.measurements
        if m.modality == modality or (m.modality == "fusion" and kinds.get(m.recording_id or "") == modality)
    )


def characteristics(report: Report) -> tuple[Item, ...]:
    """Return the container of age, sex, size and pressure (TID 5201, 3704); nothing where none of them is known."""
    clinical = {m.name: m for m in report.measurements if m.modality == "clinical" and m.value is not None}
    rows = [
        (name, next((clinical[n] for n in names if n in clinical), None)) for name, names in concepts.CHARACTERISTICS
    ]
    items = [numeric(name, measurement) for name, measurement in rows if measurement]
    sex = _sex(report)
    if sex:
        items.insert(1 if "age_years" in clinical else 0, code(codes.SUBJECT_SEX, sex, relation=Relation.CONTAINS))
    return (container(codes.PATIENT_CHARACTERISTICS, *items),) if items else ()


def sentences(report: Report, modality: str) -> tuple[str, ...]:
    """Return what was written of a modality and of the patient as a whole; the findings where nothing was written."""
    written = tuple(s.text for s in report.written.statements if s.section in (modality, *_ACROSS))
    return tuple(t for t in written or _unwritten(report, modality) if t.strip())


def _unwritten(report: Report, modality: str) -> tuple[str, ...]:
    found = tuple(f.text for f in report.findings if f.modality in (modality, "fusion", None))
    scored = tuple(
        f"{s.label}: {s.value:g} {s.unit} ({s.source})" if s.value is not None else f"{s.label}: not given, {s.reason}"
        for s in report.scores
    )
    return found + scored


def _sex(report: Report) -> Code | None:
    """Return the sex of the metadata, else of the recordings where they agree; None where it is unknown."""
    facts = [f for f in report.facts if f.name == "sex" and isinstance(f.value, str)]
    stated = [f for f in facts if f.modality == "clinical"] or facts
    sexes = {_SEXES.get(str(f.value).lower()) for f in stated}
    return sexes.pop() if len(sexes) == 1 else None
