"""Piece: a sentence is built of plain text and of numbers that know what they quote.

Belongs here: joining pieces into a sentence with the places of its quotes. Not here: what is said.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cardio_dagster.finding import Grade
from cardio_dagster.statement import Quote, QuoteKind, Statement


@dataclass(frozen=True, slots=True)
class Piece:
    """A bit of a sentence; a number has `kind`, `name` and `recording_id` of what it quotes, plain text has none."""

    text: str
    kind: QuoteKind | None = None
    name: str = ""
    recording_id: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence before it has its number in the draft."""

    section: str
    grade: Grade
    pieces: tuple[Piece, ...]
    findings: tuple[str, ...] = ()
    recording_id: str | None = None
    topics: tuple[str, ...] = ()  # what its citations must support: finding codes, names of scores
    scores: tuple[str, ...] = ()

    def quoted(self) -> set[tuple[str, str | None]]:
        """Return name and recording of every measurement whose value the sentence gives."""
        return {(p.name, p.recording_id) for p in self.pieces if p.kind is QuoteKind.MEASUREMENT}


def plain(text: str) -> tuple[Piece, ...]:
    """Return text without a number as pieces."""
    return (Piece(text),)


def listed(parts: Iterable[tuple[Piece, ...]], *, by: str = ", ") -> tuple[Piece, ...]:
    """Return the parts one after the other with `by` between them."""
    joined: list[Piece] = []
    for part in parts:
        joined += [Piece(by), *part] if joined else part
    return tuple(joined)


def state(line: Line, statement_id: str, citations: tuple[str, ...]) -> Statement:
    """Return the line as a sentence: first letter large, a full stop, and each quote at its place."""
    pieces = _finished(line.pieces)
    quotes, start = [], 0
    for piece in pieces:
        if piece.kind is not None:
            quotes.append(Quote(piece.text, start, piece.kind, piece.name, piece.recording_id))
        start += len(piece.text)
    text = "".join(p.text for p in pieces)
    return Statement(
        statement_id,
        line.section,
        text,
        line.grade,
        line.findings,
        line.recording_id,
        tuple(quotes),
        citations,
        line.scores,
    )


def _finished(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    first, *rest = (p for p in pieces if p.text)
    stop = [] if "".join(p.text for p in pieces).endswith(".") else [Piece(".")]
    return (replace(first, text=first.text[:1].upper() + first.text[1:]), *rest, *stop)
