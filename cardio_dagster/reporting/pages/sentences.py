"""The written part as the page shows it: sentences by section, each with its citations and its basis.

Belongs here: joining a statement with what it names. Not here: writing sentences (drafting/) or checking them (verification/).
"""

from dataclasses import dataclass
from itertools import groupby

from cardio_dagster.finding import Grade
from cardio_dagster.reporting.parts import Report, ReportedMeasurement
from cardio_dagster.reporting.wording import between, number, plain, unit
from cardio_dagster.statement import Quote, QuoteKind, Statement

_WEIGHT = {grade: place for place, grade in enumerate((Grade.CRITICAL, Grade.ABNORMAL, Grade.NOTE, Grade.NORMAL))}

_STRESSED = {QuoteKind.MEASUREMENT, QuoteKind.SCORE}  # bounds and limits are beside the point


@dataclass(frozen=True, slots=True)
class Sentence:
    """A statement for the page: its text in pieces, True where a piece is a measured number or a score, and what it rests on."""

    statement: Statement
    pieces: tuple[tuple[str, bool], ...]
    references: tuple[int, ...]
    basis: tuple[str, ...]
    action: str | None = None  # what a person did to it: withdraw, replace, add
    struck: tuple[str, ...] = ()  # what stood there before, the draft's own first


@dataclass(frozen=True, slots=True)
class Section:
    """The sentences of one section of the draft, the gravest first."""

    name: str
    sentences: tuple[Sentence, ...]


def sections(report: Report) -> tuple[Section, ...]:
    """Return the written part by section, the section with the gravest sentence first; withdrawn sentences keep their place."""
    ranked = sorted((*report.written.statements, *_withdrawn(report)), key=lambda s: _WEIGHT[s.grade])
    order = list(dict.fromkeys(s.section for s in ranked))
    ranked.sort(key=lambda s: order.index(s.section))
    return tuple(
        Section(name, tuple(_sentence(report, s) for s in group))
        for name, group in groupby(ranked, key=lambda s: s.section)
    )


def _sentence(report: Report, statement: Statement) -> Sentence:
    cited = set(statement.citations)
    references = tuple(r.number for r in report.written.references if cited & set(r.passages))
    changes = [c for c in report.review.changes if c.statement_id == statement.statement_id] if report.review else []
    return Sentence(
        statement,
        _pieces(statement),
        references,
        _basis(report, statement),
        changes[-1].action.value if changes else None,
        tuple(c.before for c in changes if c.before is not None),
    )


def _withdrawn(report: Report) -> tuple[Statement, ...]:
    """Return the sentences that people withdrew, without text: what they said stands in `struck`, in its old place."""
    latest = report.review.latest_changes().values() if report.review else ()
    return tuple(
        Statement(c.statement_id, c.section, "", c.before_grade or Grade.NOTE) for _, c in latest if c.after is None
    )


def _pieces(statement: Statement) -> tuple[tuple[str, bool], ...]:
    """Part the text at its measured values; a quote that does not stand where it says is left as plain text."""
    text, done, pieces = statement.text, 0, []
    for quote in sorted((q for q in statement.quotes if q.kind in _STRESSED), key=lambda q: q.start):
        end = quote.start + len(quote.text)
        if quote.start >= done and text[quote.start : end] == quote.text:
            pieces += [(text[done : quote.start], False), (quote.text, True)]
            done = end
    return tuple(piece for piece in (*pieces, (text[done:], False)) if piece[0])


def _basis(report: Report, statement: Statement) -> tuple[str, ...]:
    """Return a line for each thing that the numbers name and for each rule, in order, each once."""
    named = (_named(report, quote) for quote in statement.quotes)
    rules = (f"Rule: {f.rule}" for f in report.findings if _is_of(f.code, f.recording_id, statement))
    return tuple(dict.fromkeys(line for line in (*named, *rules) if line))


def _is_of(code: str, recording_id: str | None, statement: Statement) -> bool:
    return code in statement.findings and statement.recording_id in {None, recording_id}


def _named(report: Report, quote: Quote) -> str | None:
    if quote.kind is QuoteKind.SCORE:
        score = next((s for s in report.scores if s.name == quote.name and s.value is not None), None)
        return f"{score.label}: {plain(score.value or 0.0)} {unit(score.unit)}; {score.source}" if score else None
    if quote.kind is QuoteKind.FACT:
        fact = next((f for f in report.facts if f.name == quote.name and f.value is not None), None)
        return f"{fact.name.replace('_', ' ')}: {fact.value}, as sent" if fact else None
    measured = [m for m in report.measurements if m.name == quote.name and m.value is not None]
    own = [m for m in measured if m.recording_id == quote.recording_id]
    return _measured((own or measured)[0]) if measured else None


def _measured(m: ReportedMeasurement) -> str:
    ranged = m.reference_low is not None or m.reference_high is not None
    return "; ".join(
        part
        for part in (
            f"{m.label}: {number(m)} {unit(m.unit)}".rstrip(),
            f"range {between(m.reference_low, m.reference_high)}" if ranged else "",
            m.method,
            m.evidence or "",
            f"recording {m.recording_id}" if m.recording_id else "",
        )
        if part
    )
