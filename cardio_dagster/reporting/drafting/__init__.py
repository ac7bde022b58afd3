"""Drafting: findings, values and scores become sentences that carry their numbers' sources and their evidence.

Belongs here: `draft`. Not here: checking what it wrote (verification/, which does not import this) or markup.
"""

from dataclasses import replace

from cardio_dagster.finding import Analysis, Grade, Score
from cardio_dagster.reporting.drafting.cite import cite
from cardio_dagster.reporting.drafting.scores import SECTION, score_lines
from cardio_dagster.reporting.drafting.sentence import Line, Piece, state
from cardio_dagster.reporting.drafting.slots import fill
from cardio_dagster.reporting.drafting.subject import FUSION, Fused, Subject, all_analyses, subjects
from cardio_dagster.reporting.drafting.values import value_lines
from cardio_dagster.statement import Context, Statement

__all__ = ["CODE_VERSION", "draft"]

CODE_VERSION = "2"
_GRADES = (Grade.CRITICAL, Grade.ABNORMAL, Grade.NOTE, Grade.NORMAL)
_SECTIONS = ("ecg", "echo", "clinical", FUSION, SECTION)


def draft(
    analyses: tuple[Analysis, ...], fusion: Fused | None, scores: tuple[Score, ...], context: Context
) -> tuple[Statement, ...]:
    """Return the sentences of the report: critical ones first, then abnormal, notes and normal, each by section.

    Every finding has one sentence, every value outside its range at least one, every score is given or named
    as refused. `analyses` may or may not hold those of `fusion.indexed`; they count once. Citations come from
    `context.passages` only. The same input gives the same sentences.
    """
    joined = all_analyses(analyses, fusion)
    found = [_finding_line(subject) for subject in subjects(joined, fusion)]
    said = {quoted for line in found for quoted in line.quoted()}
    lines = [*found, *(line for a in joined for line in value_lines(a, said)), *score_lines(scores)]
    ordered = [_placed(line, _several(joined)) for line in sorted(lines, key=_order)]
    return tuple(state(line, f"s{n:02d}", cite(line, context.passages)) for n, line in enumerate(ordered, start=1))


def _finding_line(subject: Subject) -> Line:
    finding = subject.finding
    return Line(subject.section, finding.grade, fill(subject), (finding.code,), subject.recording_id)


def _several(analyses: tuple[Analysis, ...]) -> frozenset[str]:
    """Return the recordings that share their modality with another, so that a sentence must say which it means."""
    ids = [(a.modality, a.recording_id) for a in analyses if a.modality != FUSION]
    shared = {modality for modality, _ in ids if len({i for m, i in ids if m == modality}) > 1}
    return frozenset(recording_id for modality, recording_id in ids if modality in shared)


def _placed(line: Line, several: frozenset[str]) -> Line:
    if line.recording_id not in several:
        return line
    *pieces, last = line.pieces
    return replace(
        line, pieces=(*pieces, replace(last, text=last.text.rstrip(".")), Piece(f", in {line.recording_id}"))
    )


def _order(line: Line) -> tuple[int, int]:
    section = _SECTIONS.index(line.section) if line.section in _SECTIONS else _SECTIONS.index(FUSION)
    return _GRADES.index(line.grade), section
