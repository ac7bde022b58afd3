"""Answers that were given before: in memory and, if asked, in a SQLite file that several processes may share.

Belongs here: remembering and counting. Not here: ranking (search.py). An answer is known by corpus, version of the ranking and
question, so that none of another corpus is ever served; a cache that fails costs time and nothing else.
"""

import json
import sqlite3
import threading
from collections import OrderedDict
from contextlib import closing
from pathlib import Path

from cardio_dagster.evidence.corpus import load_passages
from cardio_dagster.evidence.index import VERSION, open_index
from cardio_dagster.evidence.search import Answer, Searcher

INDEX_FILE, ANSWERS_FILE = "index.npz", "answers.sqlite"
_TABLE = "CREATE TABLE IF NOT EXISTS answers (corpus TEXT, question TEXT, answer TEXT, PRIMARY KEY (corpus, question))"
_LOCK_WAIT_S = 0.2  # searching anew takes a millisecond, so nobody waits long for a cache
_Rows = list[tuple[str, float]]


class CachingSearcher:
    """A Searcher that remembers; threads may share it. `hits` and `misses` count its questions, `failures` those of the file."""

    def __init__(self, searcher: Searcher, *, size: int = 1024, path: Path | None = None) -> None:
        self.searcher = searcher
        self.hits = self.misses = self.failures = 0
        self._size, self._path = size, path
        self._corpus = f"{searcher.corpus_sha256} {VERSION}"
        self._memory: OrderedDict[str, Answer] = OrderedDict()
        self._lock = threading.Lock()
        self._on_file(_TABLE)
        self._on_file("DELETE FROM answers WHERE corpus != ?", self._corpus)  # the file does not grow over old corpora

    def search(self, query: str, *, k: int = 5, topics: tuple[str, ...] = ()) -> Answer:
        """Return what Searcher.search returns; raises what it raises."""
        question = json.dumps([query, k, sorted(set(topics))])
        with self._lock:
            answer = self._recall(question)
            self.hits += answer is not None
            self.misses += answer is None
            if answer is None:
                answer = self.searcher.search(query, k=k, topics=topics)
                self._write(question, answer)
            self._keep(question, answer)
        return answer

    def _recall(self, question: str) -> Answer | None:
        if question in self._memory:
            return self._memory[question]
        found = self._on_file("SELECT answer FROM answers WHERE corpus = ? AND question = ?", self._corpus, question)
        if not found:
            return None
        try:
            rows: _Rows = json.loads(found[0][0])
            return tuple((self.searcher.passages[name], float(score)) for name, score in rows)
        except (ValueError, KeyError, TypeError):
            self.failures += 1
            return None

    def _write(self, question: str, answer: Answer) -> None:
        rows: _Rows = [(passage.passage_id, score) for passage, score in answer]
        self._on_file("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", self._corpus, question, json.dumps(rows))

    def _keep(self, question: str, answer: Answer) -> None:
        self._memory[question] = answer
        self._memory.move_to_end(question)
        if len(self._memory) > self._size:
            self._memory.popitem(last=False)

    def _on_file(self, statement: str, *values: str) -> list[tuple[str]]:
        """Run one statement on the file; a file that is locked, full, damaged or not to be written yields nothing and is counted."""
        if self._path is None:
            return []
        try:
            with closing(sqlite3.connect(self._path, timeout=_LOCK_WAIT_S)) as connection, connection:
                return connection.execute(statement, values).fetchall()
        except sqlite3.Error:
            self.failures += 1
            return []


def open_searcher(folder: Path | None = None, *, site_dir: Path | None = None) -> CachingSearcher:
    """Return the search in the packaged notes and a site's own, with index and answers kept in `folder`; None keeps nothing.

    An index of other notes is built anew; a folder that cannot be used costs time only. Raises NoteError for a note that is not
    in the format (corpus.py).
    """
    passages = load_passages(site_dir)
    index = open_index(passages, folder and folder / INDEX_FILE)
    return CachingSearcher(Searcher(passages, index), path=folder and folder / ANSWERS_FILE)
