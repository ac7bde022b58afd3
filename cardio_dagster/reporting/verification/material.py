"""Material: everything that a draft may quote, by name.

Belongs here: looking up measurements, facts, findings and scores. Not here: checks.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from cardio_dagster.finding import Analysis, Fact, Finding, Grade, Measurement, Score
from cardio_dagster.reporting.verification.units import as_printed
from cardio_dagster.statement import Passage, Statement


class Fused(Protocol):
    """The part of a Fusion that is verified; `relations`, where a fusion has them, are read too."""

    @property
    def consistency(self) -> tuple[Finding, ...]:
        """The contradictions between modalities."""

    @property
    def indexed(self) -> tuple[Analysis, ...]:
        """The measurements that no recording yields alone."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that was learnt of one study, each thing once; findings carry their recording."""

    measurements: tuple[Measurement, ...]
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]
    scores: tuple[Score, ...]
    passages: tuple[Passage, ...]

    def measurement(self, name: str, recording_id: str | None) -> Measurement | None:
        """Return the measurement of that name and recording; None if there is none, or more than one."""
        found = [m for m in self.measurements if m.name == name and m.recording_id == recording_id]
        return found[0] if len(found) == 1 else None

    def value(self, name: str, recording_id: str | None) -> float | None:
        """Return the value of a measurement; None if it is absent."""
        measurement = self.measurement(name, recording_id)
        return measurement.value if measurement else None

    def facts_of(self, name: str, recording_id: str | None) -> tuple[Fact, ...]:
        """Return the facts of that name; of all recordings where `recording_id` is None."""
        return tuple(f for f in self.facts if f.name == name and recording_id in (None, f.recording_id))

    def score(self, name: str) -> Score | None:
        """Return the score of that name."""
        return next((s for s in self.scores if s.name == name), None)

    def findings_of(self, statement: Statement) -> tuple[Finding, ...]:
        """Return the findings that the statement speaks of."""
        return tuple(
            f for f in self.findings if f.code in statement.findings and f.recording_id == statement.recording_id
        )

    def scores_of(self, statement: Statement) -> tuple[Score, ...]:
        """Return the scores that the statement names itself, whose label it prints, or which it quotes."""
        named = {*statement.scores, *(q.name for q in statement.quotes), *self.labelled(statement)}
        return tuple(s for s in self.scores if s.name in named)

    def labelled(self, statement: Statement) -> frozenset[str]:
        """Return the names of the scores whose label the statement prints."""
        return _labelled(statement.text, tuple((s.label, s.name) for s in self.scores))


@lru_cache(maxsize=4096)
def _labelled(text: str, labels: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """Return the names whose labels stand in the text; a label within a longer one does not count."""
    found = set()
    for label, name in sorted(labels, key=lambda pair: -len(pair[0])):
        if label.lower() not in text.lower():  # most are not, and a search costs more
            continue
        without = re.sub(rf"(?<![\w-]){re.escape(label)}(?![\w-])", "\N{WHITE SQUARE}", text, flags=re.IGNORECASE)
        if without != text:
            found.add(name)
        text = without
    return frozenset(found)


def gather(
    analyses: tuple[Analysis, ...], fusion: Fused | None, scores: tuple[Score, ...], passages: tuple[Passage, ...]
) -> Material:
    """Return the material of a study; an analysis that fusion made counts once."""
    every = (*analyses, *(a for a in (fusion.indexed if fusion else ()) if a not in analyses))
    across: tuple[Finding, ...] = (*fusion.consistency, *getattr(fusion, "relations", ())) if fusion else ()
    return Material(
        tuple(replace(m, recording_id=m.recording_id or a.recording_id) for a in every for m in a.measurements),
        tuple(replace(f, recording_id=f.recording_id or a.recording_id) for a in every for f in a.facts),
        (*(replace(f, recording_id=f.recording_id or a.recording_id) for a in every for f in a.findings), *across),
        scores,
        passages,
    )


def told(finding: Finding) -> tuple[str, ...]:
    """Return the texts in which a finding states numbers: its text, rule and evidence."""
    return tuple(as_printed(t) for t in (finding.text, finding.rule, finding.evidence or "") if t)


def told_of_score(score: Score) -> tuple[str, ...]:
    """Return the texts in which a score states numbers: label, interpretation, reason and indications."""
    texts = (score.label, score.interpretation or "", score.reason or "", score.indications)
    return tuple(as_printed(t) for t in texts if t)


def gravest(findings: tuple[Finding, ...]) -> Grade:
    """Return the gravest grade; NORMAL where there is no finding."""
    order = (Grade.CRITICAL, Grade.ABNORMAL, Grade.NOTE, Grade.NORMAL)
    return next((g for g in order if any(f.grade is g for f in findings)), Grade.NORMAL)
