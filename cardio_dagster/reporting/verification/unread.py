"""What the reading of numbers passes over: numbers in words, strange digits, and names that hold a digit.

Belongs here: each of them against what the sentence rests on. Not here: numbers with a quote (quotes.py) or the list of names (names.py).
"""

from collections.abc import Iterator

from cardio_dagster.reporting.verification.citations import SCORES
from cardio_dagster.reporting.verification.material import Material, told, told_of_score
from cardio_dagster.reporting.verification.numbers import names, number_words, strange
from cardio_dagster.statement import Statement


def unread(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each number said in another form than digits, and each name with a digit that stands nowhere."""
    yield from (f"a number is said in a form that cannot be checked: {word!r}" for word in strange(statement.text))
    yield from _number_words(statement, material)
    yield from _strange_names(statement, material)


def _number_words(statement: Statement, material: Material) -> Iterator[str]:
    """Give a fault for each number that is said in words, unless what the sentence rests on says it so."""
    texts = [t for f in material.findings_of(statement) for t in told(f)]
    texts += [t for s in material.scores_of(statement) for t in told_of_score(s)]
    held = {words for text in texts for words in number_words(text)}
    yield from (f"a number is said in words: {words!r}" for words in number_words(statement.text) if words not in held)


def _strange_names(statement: Statement, material: Material) -> Iterator[str]:
    """Give a fault where names with digits (leads, recordings, scores) do not stand in this order where they come from."""
    said = names(statement.text.rstrip(".").removesuffix(f", in {statement.recording_id}"))
    texts = [*(t for f in material.findings_of(statement) for t in told(f)[:1]), *_labels(statement, material)]
    held = [names(t) for t in texts if names(t)]
    others = [names(t) for f in material.findings_of(statement) for t in told(f)[1:]]
    joined = tuple(n for h in held for n in h)
    if statement.section == SCORES and set(said) <= set(joined):  # refused scores stand grouped by their reasons
        return
    if said and not any(_in_order(said, known) for known in (*held, joined, *([] if held else others))):
        yield f"{', '.join(said)} does not stand so in what the sentence rests on"


def _labels(statement: Statement, material: Material) -> tuple[str, ...]:
    quoted = [material.measurement(q.name, q.recording_id) for q in statement.quotes]
    of_scores = [t for s in material.scores_of(statement) for t in (s.label, s.reason or "", s.interpretation or "")]
    return (*(m.label for m in quoted if m), *of_scores)


def _in_order(said: tuple[str, ...], known: tuple[str, ...]) -> bool:
    rest = iter(known)
    return all(name in rest for name in said)
