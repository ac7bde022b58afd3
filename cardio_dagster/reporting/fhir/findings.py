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

# A NOTE is neither normal nor abnormal: HL7 has no letter for it, our own grade stands alone.
_LETTERS = {Grade.NORMAL: "N", Grade.ABNORMAL: "A", Grade.CRITICAL: "AA"}


def findings(frame: Frame, sources: list[Source]) -> list[Node]:
    """Return one Observation for each finding: an assertion whose value is the finding, by rule `method`."""
    told = frame.report.findings
    keys = numbered(f"finding/{f.modality}/{f.recording_id}/{f.code}" for f in told)
    return [_finding(frame, frame.id(key), finding, sources) for key, finding in zip(keys, told, strict=True)]


def conclusion_codes(frame: Frame) -> list[Node]:
    """Return the findings that are not normal as CodeableConcepts, each once."""
    told = dict.fromkeys((f.code, f.text) for f in frame.report.findings if f.grade is not Grade.NORMAL)
    return [concept(coding(FINDING, code), text=text) for code, text in told]


def _finding(frame: Frame, own_id: str, finding: Finding, sources: list[Source]) -> Node:
    seen = [r for name in finding.measurements for r in rests_on(sources, name, finding.recording_id)]
    node = observation(
        frame,
        own_id,
        concept(coding(ACT, "ASSERTION"), text="Finding"),
        finding.modality,
        valueCodeableConcept=concept(coding(FINDING, finding.code), text=finding.text),
        interpretation=[_grade(finding.grade)],
        method={"text": finding.rule},
        derivedFrom=[*frame.recording(finding.recording_id), *_once(seen)],
        note=notes(finding.evidence),
        component=confidence(finding.confidence),
    )
    return {**node, "device": frame.device}  # a finding is always this software's, also one on stated values


def _grade(grade: Grade) -> Node:
    letter = [coding(INTERPRETATION, _LETTERS[grade])] if grade in _LETTERS else []
    return concept(*letter, coding(GRADE, grade.value), text=grade.value)


def _once(references: list[Node]) -> list[Node]:
    return list({r["reference"]: r for r in references}.values())
