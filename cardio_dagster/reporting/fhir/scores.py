"""Scores as Observations, and those that are a risk in per cent as RiskAssessments beside them.

Belongs here: value, inputs, indications and refusal of a score. A DiagnosticReport of R4 can refer
to Observations only, so that every score is one; the RiskAssessment says the same in the resource made
for it. Not here: computing scores (scoring/).
"""

import math
import re

from cardio_dagster.finding import Score
from cardio_dagster.reporting.fhir.frame import Frame, numbered, reference
from cardio_dagster.reporting.fhir.observation import Source, observation, rests_on
from cardio_dagster.reporting.fhir.vocabulary import SCORE, Node, coding, concept, notes, valued

_RISK_GRADE = re.compile(r"(?:very )?(?:low|borderline|intermediate|moderate|high)\b(?=[ :;.(]|$)")  # at its beginning
_HIGHEST_PCT = 100.0  # RiskAssessment ras-2


def scores(frame: Frame, sources: list[Source]) -> list[Node]:
    """Return one Observation for each score; a refused one has dataAbsentReason with the reason as text."""
    return [_score(frame, key, score, sources) for key, score in _keyed(frame)]


def risks(frame: Frame, sources: list[Source]) -> list[Node]:
    """Return a RiskAssessment for each computed risk in per cent; probabilityDecimal is in per cent, as R4 has it."""
    return [_risk(frame, key, score, sources) for key, score in _keyed(frame) if _is_risk(score)]


def _keyed(frame: Frame) -> list[tuple[str, Score]]:
    told = frame.report.scores
    return list(zip(numbered(f"score/{s.name}" for s in told), told, strict=True))


def _is_risk(score: Score) -> bool:
    value = score.value
    return score.unit == "%" and value is not None and math.isfinite(value) and 0 <= value <= _HIGHEST_PCT


def _score(frame: Frame, key: str, score: Score, sources: list[Source]) -> Node:
    return observation(
        frame,
        frame.id(key),
        _code(score),
        None,
        **valued(score.value, score.unit, reason=score.reason, absent_code="not-performed"),
        interpretation=[{"text": score.interpretation}] if score.interpretation else [],
        method={"text": score.source},
        derivedFrom=_inputs(score, sources),
        note=_notes(score),
    )


def _risk(frame: Frame, key: str, score: Score, sources: list[Source]) -> Node:
    named = _RISK_GRADE.match(score.interpretation or "")
    grade = {"text": named[0]} if named else None
    return {
        "resourceType": "RiskAssessment",
        "id": frame.id(f"risk/{key}"),
        "status": frame.status,
        "method": {"text": score.source},
        "code": _code(score),
        "subject": frame.patient,
        "performer": frame.device,
        "basis": [reference(frame.id(key)), *_inputs(score, sources)],
        "prediction": [
            {"outcome": {"text": score.label}, "probabilityDecimal": score.value, "qualitativeRisk": grade},
        ],
        "note": _notes(score),
    }


def _code(score: Score) -> Node:
    return concept(coding(SCORE, score.name, score.label), text=score.label)


def _notes(score: Score) -> list[Node]:
    meaning = score.interpretation or None
    inputs = f"Inputs: {'; '.join(score.inputs)}" if score.inputs else None
    missing = f"Missing: {', '.join(score.missing)}" if score.missing else None
    return notes(f"Indications: {score.indications}", meaning, inputs, missing)


def _inputs(score: Score, sources: list[Source]) -> list[Node]:
    """Return the Observations that the inputs name: "age_years = 63 (clinical r03)"."""
    found: dict[str, Node] = {}
    for text in score.inputs:
        name, _, rest = text.partition(" = ")
        recording_id = rest.rpartition(" ")[2].rstrip(")") or None
        found |= {r["reference"]: r for r in rests_on(sources, name, recording_id)}
    return list(found.values())
