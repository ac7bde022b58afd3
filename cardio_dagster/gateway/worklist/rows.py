"""The lineage of a sentence as rows of plain words.

Belongs here: grouping for a page. Not here: the words (audit/lineage/rows.py).
"""

from itertools import groupby

from cardio_dagster.audit.lineage.parts import SentenceTraced
from cardio_dagster.audit.lineage.rows import of_sentence


def rows_of(sentence: SentenceTraced) -> list[tuple[str, list[str]]]:
    """Return what a sentence rests on: a label and its lines."""
    return [(label, [text.plain for _, text in rows]) for label, rows in groupby(of_sentence(sentence), lambda r: r[0])]
