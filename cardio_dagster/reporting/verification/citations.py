"""Citations: each passage exists, is unchanged and speaks of what the sentence states.

Belongs here: kind "citation". Not here: numbers or rules.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from hashlib import sha256

from cardio_dagster.finding import Grade
from cardio_dagster.reporting.verification.material import Material, gravest
from cardio_dagster.statement import Passage, Statement

SCORES = "scores"


def citation_faults(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each citation that does not hold, and one where a needed citation is missing.

    A sentence on a finding that is not normal, and one on a score, needs a citation.
    """
    needed = gravest(material.findings_of(statement)) is not Grade.NORMAL or statement.section == SCORES
    if needed and not statement.citations:
        yield "the sentence has no citation"
    if len(set(statement.citations)) != len(statement.citations):
        yield "a passage is cited twice"
    topics = (*statement.findings, *(s.name for s in material.scores_of(statement)))
    for passage_id in statement.citations:
        found = [p for p in material.passages if p.passage_id == passage_id]
        if len(found) != 1:
            yield f"the cited passage {passage_id} exists {len(found)} times"
        else:
            yield from _passage_faults(found[0], topics)


def _hashes(passage: Passage) -> set[str]:
    """Return the hashes that the content of a passage may have (docs/evidence.md): title and heading are joined by a colon in `title`."""
    parts = passage.title.split(": ")
    splits = [(": ".join(parts[:i]), ": ".join(parts[i:])) for i in range(1, len(parts))]
    contents = ("\x1f".join((*t, passage.text, *passage.references, "\x1e", *passage.topics)) for t in splits)
    return {sha256(content.encode()).hexdigest() for content in contents}


def _passage_faults(passage: Passage, topics: tuple[str, ...]) -> Iterator[str]:
    if passage.sha256 not in _hashes(passage):
        yield f"the text of {passage.passage_id} is not the one that its sha256 belongs to"
    if not any(fnmatchcase(topic, pattern) for topic in topics for pattern in passage.topics):
        yield f"{passage.passage_id} does not speak of {', '.join(topics) or 'what the sentence states'}"
