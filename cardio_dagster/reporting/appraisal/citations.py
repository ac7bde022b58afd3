"""Citations: the numbered references of the report, and whether each citation holds.

Belongs here: references in order of appearance, and the check of each citation against the corpus. Not
here: choosing what to cite (drafting/, evidence/).
"""

from collections.abc import Iterable, Mapping, Sequence

from cardio_dagster.evidence.corpus import doi_of, supports
from cardio_dagster.statement import Fault, Passage, QuoteKind, Reference, Statement

_MAY_BE_TOPIC = (QuoteKind.MEASUREMENT, QuoteKind.REFERENCE, QuoteKind.SCORE)


def number_references(statements: Iterable[Statement], passages: Sequence[Passage]) -> tuple[Reference, ...]:
    """Return the works that the cited passages lean on, numbered from 1 in order of appearance.

    A work is known by its DOI, else by its text; where two passages spell it differently the first spelling stands.
    Passages that are cited and not among `passages` are faults (`citation_faults`), not references.
    """
    held = {passage.passage_id: passage for passage in passages}
    cited = dict.fromkeys(c for statement in statements for c in statement.citations if c in held)
    texts: dict[str, str] = {}
    users: dict[str, list[str]] = {}
    for passage_id in cited:
        for text in held[passage_id].references:
            work = (doi_of(text) or text).casefold()
            texts.setdefault(work, text)
            users.setdefault(work, []).append(passage_id)
    return tuple(
        Reference(number, text, doi_of(text), tuple(dict.fromkeys(users[work])))
        for number, (work, text) in enumerate(texts.items(), start=1)
    )


def citation_faults(
    statements: Iterable[Statement], passages: Sequence[Passage], corpus: Sequence[Passage]
) -> tuple[Fault, ...]:
    """Return what is wrong with the citations: not found, changed, or not about the sentence.

    `passages` are those that the draft was given, `corpus` all that the installation holds. A passage is unchanged
    if text, references, topics and sha256 are the corpus's own. It is about the sentence if one of its topics
    (patterns) names a finding, a score or a measurement of it.
    """
    given = {passage.passage_id: passage for passage in passages}
    own = {passage.passage_id: passage for passage in corpus}
    checked = ((s, c, _fault(s, c, given, own)) for s in statements for c in s.citations)
    return tuple(Fault(s.statement_id, "citation", f"passage {c} {why}") for s, c, why in checked if why)


def _fault(
    statement: Statement, passage_id: str, given: Mapping[str, Passage], own: Mapping[str, Passage]
) -> str | None:
    if passage_id not in given:
        return "is cited and was not found for this report"
    if passage_id not in own:
        return "is not in the protocol notes"
    if given[passage_id] != own[passage_id]:
        return f"differs from the protocol notes (sha256 there {own[passage_id].sha256[:12]})"
    if not is_about(given[passage_id], statement):
        return f"is not about {', '.join(subjects(statement)) or 'anything that the sentence states'}"
    return None


def is_about(passage: Passage, statement: Statement) -> bool:
    """Return whether one of the passage's topics names a finding, a score or a measurement of the sentence."""
    return any(supports(passage, subject) for subject in subjects(statement))


def subjects(statement: Statement) -> tuple[str, ...]:
    """Return what a sentence is about: its findings and scores, and the measurements that it quotes, in its order."""
    quoted = (quote.name for quote in statement.quotes if quote.kind in _MAY_BE_TOPIC)
    return tuple(dict.fromkeys((*statement.findings, *statement.scores, *quoted)))
