"""Findings as Observations and as conclusion codes.

Belongs here: what each finding says, its rule, grade and the Observations it rests on. Not here: ordering by weight.
"""

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.fhir.frame import Frame, numbered
from cardio_dagster.reporting.fhir.observation import Source, observation, rests_on
from cardio_dagster.reporting.fhir.vocabulary import (
    ACT,
    FINDING,
    GRADE,
    INTERPRETATION,
    Node,
    coding,
    concept,
    confidence,
    notes,
)
from cardio_dagster.stores.review_words import Action

# A NOTE is neither normal nor abnormal: HL7 has no letter for it, our own grade stands alone.
_LETTERS = {Grade.NORMAL: "N", Grade.ABNORMAL: "A", Grade.CRITICAL: "AA"}


def findings(frame: Frame, sources: list[Source]) -> list[Node]:
    """Return one Observation for each finding: an assertion whose value is the finding, by rule `method`."""
    told = frame.report.findings
    keys = numbered(f"finding/{f.modality}/{f.recording_id}/{f.code}" for f in told)
    return [_finding(frame, frame.id(key), finding, sources) for key, finding in zip(keys, told, strict=True)]


def conclusion_codes(frame: Frame) -> list[Node]:
    """Return the findings that are not normal as CodeableConcepts, each once; none whose sentence a person changed."""
    findings = [f for f in frame.report.findings if f.grade is not Grade.NORMAL and not _contested(frame, f)]
    told = dict.fromkeys((f.code, f.text) for f in findings)
    return [concept(coding(FINDING, code), text=text) for code, text in told]


def _finding(frame: Frame, own_id: str, finding: Finding, sources: list[Source]) -> Node:
    seen = [r for name in finding.measurements for r in rests_on(sources, name, finding.recording_id)]
    done = _contested(frame, finding)
    node = observation(
        frame,
        own_id,
        concept(coding(ACT, "ASSERTION"), text="Finding"),
        finding.modality,
        valueCodeableConcept=concept(coding(FINDING, finding.code), text=finding.text),
        interpretation=[_grade(finding.grade)],
        method={"text": finding.rule},
        derivedFrom=[*frame.recording(finding.recording_id), *_once(seen)],
        note=notes(finding.evidence, _told(done)),
        component=confidence(finding.confidence),
    )
    status = "entered-in-error" if done is Action.WITHDRAW else node["status"]
    return {**node, "status": status, "device": frame.device}  # always this software's, also one on stated values


def _contested(frame: Frame, finding: Finding) -> Action | None:
    review = frame.report.review
    return review.contests(finding.code, finding.recording_id) if review else None


def _told(done: Action | None) -> str | None:
    if done is None:
        return None
    return f"The sentence that stated this finding was {'withdrawn' if done is Action.WITHDRAW else 'changed'} by a person."


def _grade(grade: Grade) -> Node:
    letter = [coding(INTERPRETATION, _LETTERS[grade])] if grade in _LETTERS else []
    return concept(*letter, coding(GRADE, grade.value), text=grade.value)


def _once(references: list[Node]) -> list[Node]:
    return list({r["reference"]: r for r in references}.values())
