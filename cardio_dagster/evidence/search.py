"""Search: the passages that answer a question or may support a finding, the best first.

Belongs here: ranking. Not here: weights of words (index.py) or remembering answers (cache.py).
"""

from typing import Protocol

from cardio_dagster.errors import CardioError
from cardio_dagster.evidence.corpus import corpus_sha256, supports
from cardio_dagster.evidence.index import EvidenceIndex
from cardio_dagster.evidence.words import words
from cardio_dagster.statement import Passage

Answer = tuple[tuple[Passage, float], ...]


class Searching(Protocol):
    """What can be asked: a Searcher, or one that remembers its answers (cache.py)."""

    def search(self, query: str, *, k: int = 5, topics: tuple[str, ...] = ()) -> Answer:
        """Return the best passages with their scores."""
        ...  # pragma: no cover


class Searcher:
    """The search in one corpus; not changed by being asked, so that threads may share it."""

    def __init__(self, passages: tuple[Passage, ...], index: EvidenceIndex) -> None:
        if index.corpus_sha256 != corpus_sha256(passages):
            raise CardioError("the index is of other notes than the passages; build it again")
        self.passages = {p.passage_id: p for p in passages}
        self.index = index

    @property
    def corpus_sha256(self) -> str:
        """The SHA-256 of the corpus that is searched."""
        return self.index.corpus_sha256

    def search(self, query: str, *, k: int = 5, topics: tuple[str, ...] = ()) -> Answer:
        """Return at most `k` passages with their BM25 scores, the highest first, equal ones in the order of their ids.

        With `topics` (finding codes, names of scores or measurements) only passages that declare to support one of them are
        returned, even those that share no word with the query (score 0), so that a finding is never cited to a passage on
        something else. Without `topics` only passages that share a word with the query. () where there is none.
        Raises ValueError for a `k` below 1.
        """
        if k < 1:
            raise ValueError(f"k={k}: at least 1 passage must be asked for")
        scores = self.index.scores(words(query))
        pairs = zip(self.index.passage_ids, scores.tolist(), strict=True)
        rated = [(self.passages[name], round(score, 6)) for name, score in pairs]
        if topics:
            rated = [(p, score) for p, score in rated if any(supports(p, topic) for topic in topics)]
        else:
            rated = [(p, score) for p, score in rated if score > 0]
        return tuple(sorted(rated, key=lambda pair: (-pair[1], pair[0].passage_id))[:k])
