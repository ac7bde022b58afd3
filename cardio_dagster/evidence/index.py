"""The BM25 index of the passages: built, saved and loaded, and never used with another corpus.

Belongs here: weights of words in passages and their file. Not here: what counts as a word (words.py) or how passages are ranked
for a question (search.py). The file is one .npz without pickle.

BM25 as of Robertson and Zaragoza 2009, doi:10.1561/1500000019, in the variant of Lucene, computed by the package bm25s.
"""

import io
import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.errors import CardioError
from cardio_dagster.evidence.corpus import corpus_sha256
from cardio_dagster.evidence.words import words
from cardio_dagster.statement import Passage
from cardio_dagster.stores.atomic import write_atomically

VERSION = "1"  # raised by hand when words, weights or the file change
_TITLE_COUNTS = 2  # a word of the title weighs as if it stood twice in the text
_K1, _B = 1.2, 0.75


class IndexRefusedError(CardioError, ValueError):
    """A saved index is of another version or corpus, or damaged."""


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceIndex:
    """Weight of each word in each passage, by columns: `weights[starts[w]:starts[w + 1]]` belong to the passages in `rows` there.

    `vocabulary` is in alphabetical order; `weights` is float32 (n,), `rows` int32 (n,), `starts` int64 (n_words + 1,).
    """

    corpus_sha256: str
    passage_ids: tuple[str, ...]
    vocabulary: dict[str, int]
    weights: np.ndarray
    rows: np.ndarray
    starts: np.ndarray

    def scores(self, asked: tuple[str, ...]) -> np.ndarray:
        """Return the BM25 score of each passage, float64 (n_passages,); a word that is asked twice counts once, an unknown one not."""
        total = np.zeros(len(self.passage_ids))
        for word in dict.fromkeys(asked):
            column = self.vocabulary.get(word)
            if column is not None:
                part = slice(self.starts[column], self.starts[column + 1])
                total[self.rows[part]] += self.weights[part]
        return total


def build_index(passages: tuple[Passage, ...]) -> EvidenceIndex:
    """Return the index of the passages; raises ValueError where there are none."""
    if not passages:
        raise ValueError("no passage to index")
    import bm25s  # type: ignore[import-untyped, unused-ignore]  # only building needs it; it costs 0.3 s to import

    texts = [words(" ".join([p.title] * _TITLE_COUNTS + [p.text, *p.topics])) for p in passages]
    vocabulary = {word: i for i, word in enumerate(sorted({word for text in texts for word in text}))}
    numbers = [[vocabulary[word] for word in text] for text in texts]
    ranker = bm25s.BM25(k1=_K1, b=_B, method="lucene")
    ranker.index((numbers, dict(vocabulary)), create_empty_token=False, show_progress=False)
    weights, rows, starts = (ranker.scores[name] for name in ("data", "indices", "indptr"))
    ids = tuple(p.passage_id for p in passages)
    return EvidenceIndex(
        corpus_sha256(passages), ids, vocabulary, weights, rows.astype(np.int32), starts.astype(np.int64)
    )


def save_index(index: EvidenceIndex, path: Path) -> int:
    """Write the index whole or not at all and return its bytes; the same index gives the same bytes."""
    head = {
        "version": VERSION,
        "corpus_sha256": index.corpus_sha256,
        "passage_ids": index.passage_ids,
        "vocabulary": list(index.vocabulary),
    }
    text = np.frombuffer(json.dumps(head, sort_keys=True).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, head=text, weights=index.weights, rows=index.rows, starts=index.starts)
    write_atomically(path, buffer.getvalue())
    return buffer.tell()


def load_index(path: Path, passages: tuple[Passage, ...]) -> EvidenceIndex:
    """Return a saved index.

    Raises IndexRefusedError where it is of another version, of other passages than these, or damaged; FileNotFoundError where it
    is not there.
    """
    try:
        with np.load(
            io.BytesIO(path.read_bytes()), allow_pickle=False
        ) as file:  # of a path NumPy leaves damaged files open
            head = json.loads(file["head"].tobytes())
            weights, rows, starts = file["weights"], file["rows"], file["starts"]
        version, sha256 = str(head["version"]), str(head["corpus_sha256"])
        ids, listed = tuple(head["passage_ids"]), tuple(head["vocabulary"])
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise IndexRefusedError(f"the saved index is damaged ({type(error).__name__}); it is to be rebuilt") from None
    if version != VERSION:
        raise IndexRefusedError(f"the saved index is of version {version}, not {VERSION}; it is to be rebuilt")
    if sha256 != corpus_sha256(passages) or ids != tuple(p.passage_id for p in passages):
        raise IndexRefusedError("the saved index is of other notes; it is to be rebuilt")
    fits = len(starts) == len(listed) + 1 and len(weights) == len(rows) == (starts[-1] if len(starts) else -1)
    if not fits or (len(rows) and not 0 <= rows.min() <= rows.max() < len(ids)):
        raise IndexRefusedError("the saved index is damaged (its parts do not fit); it is to be rebuilt")
    return EvidenceIndex(sha256, ids, {word: i for i, word in enumerate(listed)}, weights, rows, starts)


def open_index(passages: tuple[Passage, ...], path: Path | None = None) -> EvidenceIndex:
    """Return the saved index where it is there and belongs to the passages, else a new one, which is saved.

    A file that cannot be read or written costs the time of building, never an answer; None saves nothing.
    """
    if path is None:
        return build_index(passages)
    try:
        return load_index(path, passages)
    except (IndexRefusedError, OSError):
        index = build_index(passages)
        with suppress(OSError):
            save_index(index, path)
        return index
