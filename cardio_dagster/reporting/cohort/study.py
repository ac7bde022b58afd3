"""CohortStudy: the part of a report.json that the cohort reads, whatever version wrote it.

Belongs here: reading it. Not here: the shape of a whole report (parts.py) or making a row of it (row.py).
Fields that are not named here are passed over, those that an older report lacks have a default.
"""

from dataclasses import dataclass

import msgspec

from cardio_dagster.errors import StudyError

Value = str | float | bool | None


class Measured(msgspec.Struct, frozen=True):
    """A measurement of one recording."""

    name: str
    value: float | None
    unit: str
    modality: str
    reference_low: float | None = None
    reference_high: float | None = None
    confidence: float | None = None
    recording_id: str | None = None
    loinc: str | None = None
    flag: str | None = None


class Stated(msgspec.Struct, frozen=True):
    """A fact of one recording."""

    name: str
    value: bool | float | str | None
    modality: str
    recording_id: str | None = None


class Found(msgspec.Struct, frozen=True):
    """A finding; its text is not read, so that it cannot reach a table."""

    code: str
    grade: str
    modality: str | None = None
    recording_id: str | None = None


class Scored(msgspec.Struct, frozen=True):
    """A score; None where it was refused."""

    name: str
    value: float | None


class Judged(msgspec.Struct, frozen=True):
    """What a gate said of one recording."""

    gate: str
    passed: bool


class StepOf(msgspec.Struct, frozen=True):
    """What one stage made of one modality."""

    modality: str
    status: str


class Stage(msgspec.Struct, frozen=True):
    """One stage."""

    modalities: tuple[StepOf, ...] = ()


class Received(msgspec.Struct, frozen=True):
    """One recording."""

    modality: str | None = None


class Appraised(msgspec.Struct, frozen=True):
    """The quality of the report in percent."""

    score_pct: float | None = None


class WrittenPart(msgspec.Struct, frozen=True):
    """The written part, of which only the quality is read."""

    quality: Appraised | None = None


class Changed(msgspec.Struct, frozen=True):
    """A sentence that a person changed: the findings that it rested on."""

    findings: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """A decision of a person."""

    changes: tuple[Changed, ...] = ()


class ReviewPart(msgspec.Struct, frozen=True):
    """What people decided; no name and no text is read."""

    steps: tuple[Step, ...] = ()


class ErrorPart(msgspec.Struct, frozen=True):
    """Why a study ended in ERROR."""

    code: str


class CohortStudy(msgspec.Struct, frozen=True):
    """One revision of one study as its report tells it."""

    study_id: str
    revision: int
    received_at: str
    priority: str
    schema_version: str
    software_version: str
    final_state: str
    coverage: str
    release_status: str
    version: int = 1
    review: ReviewPart | None = None
    error: ErrorPart | None = None
    stages: tuple[Stage, ...] = ()
    recordings: tuple[Received, ...] = ()
    measurements: tuple[Measured, ...] = ()
    facts: tuple[Stated, ...] = ()
    findings: tuple[Found, ...] = ()
    scores: tuple[Scored, ...] = ()
    verdicts: tuple[Judged, ...] = ()
    written: WrittenPart = msgspec.field(default_factory=WrittenPart)

    @property
    def contested(self) -> frozenset[str]:
        """Return the codes of findings whose sentence a person withdrew or changed."""
        steps = self.review.steps if self.review else ()
        return frozenset(code for step in steps for change in step.changes for code in change.findings)


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on a study: the newest released revision, or the newest decided one where none is released."""

    study_id: str
    revision: int
    newest_revision: int
    status: str  # "released", "held", "error", "rejected"
    final_state: str
    coverage: str
    error_code: str | None = None
    received_at: str | None = None
    priority: str | None = None
    version: int = 1


_DECODER = msgspec.json.Decoder(CohortStudy)


def read_study(report_json: bytes) -> CohortStudy:
    """Return what the cohort reads of a report.json. Raises StudyError (E_CORRUPT_001) where it is none."""
    try:
        return _DECODER.decode(report_json)
    except msgspec.MsgspecError as error:
        raise StudyError(
            "E_CORRUPT_001",
            "this is no report.json",
            seen=type(error).__name__,
            allowed="a report that this software wrote",
            cure="Launch the study again, so that its report is written anew.",
        ) from None
