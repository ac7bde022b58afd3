"""From a sentence of the report to what it rests on.

Belongs here: following a statement's own references through the report. Not here: the ledger, files or people
(trace.py); nothing is guessed that the report does not name.
"""

import re
from collections.abc import Iterable

from cardio_dagster.audit.lineage.parts import (
    FindingTraced,
    PassageTraced,
    ScoreTraced,
    ValueTraced,
)
from cardio_dagster.finding import Finding, Score
from cardio_dagster.reporting.parts import Report, ReportedFact, ReportedMeasurement
from cardio_dagster.statement import QuoteKind, Statement

_INPUT_FROM = re.compile(r"\([a-z_]+ (r\d+)\)$")  # "age_years = 63 (clinical r02)"
_INPUT_NAME = re.compile(r"^(\w+) = ")
_OF_VALUES = {QuoteKind.MEASUREMENT, QuoteKind.REFERENCE}


def findings_under(report: Report, statement: Statement) -> tuple[Finding, ...]:
    """Return the findings that a sentence states, of its recording where it names one."""
    return tuple(
        f
        for f in report.findings
        if f.code in statement.findings and statement.recording_id in (None, f.recording_id or statement.recording_id)
    )


def scores_under(report: Report, statement: Statement) -> tuple[Score, ...]:
    """Return the scores that a sentence gives, or names as refused."""
    quoted = {quote.name for quote in statement.quotes if quote.kind is QuoteKind.SCORE}
    return tuple(score for score in report.scores if score.name in {*statement.scores, *quoted})


def values_under(report: Report, statement: Statement) -> tuple[ReportedMeasurement | ReportedFact, ...]:
    """Return the measured and stated values under a sentence: quoted in it, under its findings, and put into its scores."""
    wanted = _quoted(statement) | _under(findings_under(report, statement)) | _put_in(scores_under(report, statement))

    def is_wanted(value: ReportedMeasurement | ReportedFact) -> bool:
        return (value.name, value.recording_id) in wanted or (value.name, None) in wanted

    return (*filter(is_wanted, report.measurements), *filter(is_wanted, report.facts))


def recordings_under(report: Report, statement: Statement) -> tuple[str, ...]:
    """Return the ids of the recordings that a sentence rests on, in the order of the study."""
    named = {statement.recording_id}
    named |= {finding.recording_id for finding in findings_under(report, statement)}
    named |= {value.recording_id for value in values_under(report, statement)}
    named |= {match[1] for score in scores_under(report, statement) for match in _places(score)}
    return tuple(r.recording_id for r in report.recordings if r.recording_id in named)


def _quoted(statement: Statement) -> set[tuple[str, str | None]]:
    of_values = {(q.name, q.recording_id) for q in statement.quotes if q.kind in _OF_VALUES}
    return of_values | {(q.name, q.recording_id) for q in statement.quotes if q.kind is QuoteKind.FACT}


def _under(findings: Iterable[Finding]) -> set[tuple[str, str | None]]:
    return {(name, finding.recording_id) for finding in findings for name in finding.measurements}


def _put_in(scores: Iterable[Score]) -> set[tuple[str, str | None]]:
    """Return the inputs of scores; one that names no recording (the site's region) is none of the report's values."""
    return {
        (name[1], place[1])
        for score in scores
        for text in score.inputs
        if (name := _INPUT_NAME.match(text)) and (place := _INPUT_FROM.search(text))
    }


def _places(score: Score) -> Iterable[re.Match[str]]:
    return (match for text in score.inputs if (match := _INPUT_FROM.search(text)))


def traced_findings(report: Report, statement: Statement) -> tuple[FindingTraced, ...]:
    """Return the findings under a sentence as lineage tells them."""
    return tuple(
        FindingTraced(f.code, f.text, f.rule, f.modality, f.recording_id, f.evidence, f.measurements)
        for f in findings_under(report, statement)
    )


def traced_values(report: Report, statement: Statement) -> tuple[ValueTraced, ...]:
    """Return the values under a sentence as lineage tells them."""
    return tuple(
        ValueTraced(
            v.name,
            v.value,
            v.unit,
            v.method if isinstance(v, ReportedMeasurement) else "stated",
            v.modality,
            v.recording_id,
            v.evidence if isinstance(v, ReportedMeasurement) else None,
            v.reason,
        )
        for v in values_under(report, statement)
    )


def traced_scores(report: Report, statement: Statement) -> tuple[ScoreTraced, ...]:
    """Return the scores under a sentence as lineage tells them."""
    return tuple(
        ScoreTraced(s.name, s.value, s.unit, s.inputs, s.source, s.reason) for s in scores_under(report, statement)
    )


def traced_passages(report: Report, statement: Statement) -> tuple[PassageTraced, ...]:
    """Return the passages that a sentence cites, in its order; one that the report does not carry is left out."""
    known = {p.passage_id: p for p in report.written.passages}
    cited = [known[name] for name in statement.citations if name in known]
    return tuple(PassageTraced(p.passage_id, p.title, p.sha256, p.references) for p in cited)
