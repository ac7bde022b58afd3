"""Statement, Quote, Passage, Trend, Suggestion, Verification: what the written part of a report is made of.

Belongs here: the values that evidence, drafting, verifying and the report formats share. Not
here: how they are found (evidence/), written (reporting/drafting/) or checked
(reporting/verification/). Imports nothing of the package but the words of finding.py.
"""

from dataclasses import dataclass
from enum import StrEnum

from cardio_dagster.finding import Grade


class QuoteKind(StrEnum):
    """What a number in a sentence claims to be."""

    MEASUREMENT = "measurement"  # the value of a measurement
    REFERENCE = "reference"  # a bound of that measurement's reference range
    SCORE = "score"  # the value of a score
    FACT = "fact"  # a number of the metadata
    RULE = "rule"  # a limit or a count that the finding's own rule, text or evidence states


@dataclass(frozen=True, slots=True)
class Quote:
    """A number as it is printed in a sentence, and the name of what it must equal.

    `text` is exactly what stands in the sentence ("62.9"); `name` is a measurement, score or
    fact (`lvef_pct`), or for a RULE the finding's code or the score's name. `start` is its place in the sentence's text.
    """

    text: str
    start: int
    kind: QuoteKind
    name: str
    recording_id: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of the draft with everything it rests on.

    `findings` are codes, `scores` names of the scores that it gives or names as refused, `citations` ids
    of passages; a sentence without a finding (a plain measured value) has no grade but NORMAL.
    """

    statement_id: str  # "s01", in order of the text
    section: str  # "ecg", "echo", "clinical", "fusion", "scores"
    text: str
    grade: Grade
    findings: tuple[str, ...] = ()
    recording_id: str | None = None
    quotes: tuple[Quote, ...] = ()
    citations: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A section of a protocol note: the unit that is found and cited.

    `topics` are patterns of finding codes and names of scores and measurements that the passage may support
    (`LVEF_*`, `cha2ds2_va`); `references` are complete citations with DOI.
    """

    passage_id: str  # "chamber-quantification#ejection-fraction"
    title: str
    text: str
    references: tuple[str, ...]
    topics: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One earlier value of the same patient; `study_id` is a pseudonym."""

    study_id: str
    received_at: str  # ISO 8601, UTC
    value: float | None
    text: str | None = None  # for a rhythm


@dataclass(frozen=True, slots=True)
class Trend:
    """One quantity over the patient's studies, the oldest first, this one last, and what it did."""

    name: str
    label: str
    unit: str
    points: tuple[TrendPoint, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A score or a measurement that would apply, why, and what it still needs."""

    name: str
    label: str
    why: str
    needs: tuple[str, ...] = ()


class TaskStatus(StrEnum):
    """How a task of a tier ended."""

    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of a tier: what became of it; `note` says what its failure leaves out of the report."""

    name: str
    status: TaskStatus
    duration_ms: float
    note: str | None = None


@dataclass(frozen=True, slots=True)
class TierRun:
    """How a tier ran. `speedup_vs_sequential` is the sum of the tasks' times over the time that passed; None if nothing ran."""

    tier: str  # "tier1", "tier2"
    parallel: bool
    duration_ms: float
    tasks: tuple[TaskRun, ...]
    speedup_vs_sequential: float | None


@dataclass(frozen=True, slots=True)
class Context:
    """What tier 1 found for a draft; empty where a task failed, and `notes` say so."""

    passages: tuple[Passage, ...] = ()  # the best first; the draft cites from these only
    trends: tuple[Trend, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that the verifier could not confirm: where, what it says and what it should say."""

    statement_id: str | None
    kind: str  # "number", "citation", "rule"
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on a draft; it passes when there is no fault."""

    numbers_checked: int
    citations_checked: int
    rules_checked: int
    rules_unchecked: tuple[str, ...]  # codes of findings that have no machine rule
    faults: tuple[Fault, ...]

    @property
    def passed(self) -> bool:
        """Whether every number, citation and rule was confirmed."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class QualityItem:
    """One property of the report: what share of it holds (0 to 1) and what is lacking."""

    name: str
    share: float
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """How complete and how well supported the report is, 0 to 100; None if tier 2 could not say."""

    score_pct: float | None
    items: tuple[QualityItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A work cited in the report, numbered in order of appearance, with the passages that lean on it."""

    number: int
    text: str
    doi: str | None
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What the study cost so far; never part of report.json, which must not depend on the machine."""

    cpu_s: float
    bytes_in: int
    bytes_stored: int
