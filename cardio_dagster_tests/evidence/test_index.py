"""The index: BM25 by its formula, the same bytes for the same notes, and refused for any other."""

import io
import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.evidence import index as module
from cardio_dagster.evidence.corpus import corpus_sha256, load_passages
from cardio_dagster.evidence.index import IndexRefusedError, build_index, load_index, open_index, save_index
from cardio_dagster.evidence.words import words
from cardio_dagster.statement import Passage


def passage(name: str, text: str) -> Passage:
    return Passage(f"note#{name}", "", text, ("r",), (), f"sha-{name}-{text}")


SMALL = (passage("a", "apex septum"), passage("b", "septum septum wall"), passage("c", "wall"))


def by_formula(texts: list[list[str]], word: str) -> list[float]:
    """BM25 as Lucene states it: ln(1 + (N - n + 0.5) / (n + 0.5)) * f / (f + k1 (1 - b + b l / mean l))."""
    k1, b, mean = 1.2, 0.75, sum(map(len, texts)) / len(texts)
    n = sum(word in text for text in texts)
    idf = math.log(1 + (len(texts) - n + 0.5) / (n + 0.5))
    return [idf * t.count(word) / (t.count(word) + k1 * (1 - b + b * len(t) / mean)) for t in texts]


@pytest.mark.parametrize("word", ["apex", "septum", "wall"])
def test_scores_are_those_of_the_formula(word):
    texts = [list(words(p.text)) for p in SMALL]
    (stem,) = words(word)
    np.testing.assert_allclose(build_index(SMALL).scores((stem,)), by_formula(texts, stem), rtol=1e-5)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["apex", "wall", "mitral", "septum", "aorta"]), min_size=1, max_size=8),
        min_size=1,
        max_size=6,
    )
)
def test_scores_are_those_of_the_formula_for_any_notes(texts):
    passages = tuple(passage(str(i), " ".join(text)) for i, text in enumerate(texts))
    stems = [list(words(p.text)) for p in passages]
    asked = tuple(dict.fromkeys(stems[0]))
    expected = np.sum([by_formula(stems, word) for word in asked], axis=0)
    np.testing.assert_allclose(build_index(passages).scores(asked), expected, rtol=1e-4)


def test_a_word_asked_twice_counts_once_and_an_unknown_one_not():
    index = build_index(SMALL)
    once = index.scores(words("septum"))
    assert (index.scores(words("septum septum zebra")) == once).all()
    assert (index.scores(()) == 0).all()


def test_a_word_of_the_title_weighs_more_than_one_of_the_text():
    plain = passage("a", "mitral aorta")
    titled = replace(passage("b", "aorta tricuspid"), title="mitral")
    low, high = build_index((plain, titled)).scores(words("mitral"))
    assert high > low > 0


def test_no_passage_no_index():
    with pytest.raises(ValueError, match="no passage"):
        build_index(())


def test_saved_and_loaded_is_the_same(tmp_path):
    passages = load_passages()
    index = build_index(passages)
    size = save_index(index, tmp_path / "deep" / "index.npz")
    found = load_index(tmp_path / "deep" / "index.npz", passages)
    assert size == (tmp_path / "deep" / "index.npz").stat().st_size < 500_000
    assert found.vocabulary == index.vocabulary
    assert (found.scores(words("atrial fibrillation")) == index.scores(words("atrial fibrillation"))).all()
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["index.npz"]


def test_the_same_notes_give_the_same_bytes_in_any_process(tmp_path):
    code = (
        "import sys; from pathlib import Path; from cardio_dagster.evidence.index import *;"
        "from cardio_dagster.evidence.corpus import load_passages;"
        "save_index(build_index(load_passages()), Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / seed)],
            env={"PYTHONHASHSEED": seed},
            check=False,
            timeout=60,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_searching_needs_neither_bm25s_nor_pyarrow(tmp_path):
    open_index(load_passages(), tmp_path / "index.npz")
    code = (
        "import sys; from pathlib import Path; from cardio_dagster.evidence.cache import open_searcher;"
        "assert open_searcher(Path(sys.argv[1])).search('mitral'); print([m for m in ('bm25s', 'pyarrow', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def saved(tmp_path, **changes):
    path = tmp_path / "index.npz"
    save_index(build_index(SMALL), path)
    with np.load(path) as file:
        parts = dict(file)
    head = json.loads(parts["head"].tobytes())
    head.update({k: v for k, v in changes.items() if k not in parts})
    parts.update({k: v for k, v in changes.items() if k in parts})
    if "head" not in changes:
        parts["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **parts)
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": "0"}, "version 0"),
        ({"corpus_sha256": "other"}, "other notes"),
        ({"passage_ids": ["note#b", "note#a", "note#c"]}, "other notes"),
        ({"vocabulary": ["wall"]}, "do not fit"),
        ({"weights": np.zeros(1, np.float32)}, "do not fit"),
        ({"rows": np.array([0, 1, 1, 99], np.int32)}, "do not fit"),
        ({"starts": np.zeros(0, np.int64)}, "do not fit"),
        ({"head": np.frombuffer(b"{", np.uint8)}, "damaged"),
        ({"head": np.frombuffer(b"[]", np.uint8)}, "damaged"),
        ({"weights": np.array([{}, {}], dtype=object)}, "damaged"),
    ],
)
def test_an_index_that_does_not_belong_or_is_damaged_is_refused_and_rebuilt(tmp_path, changes, why):
    path = saved(tmp_path, **changes)
    with pytest.raises(IndexRefusedError, match=why):
        load_index(path, SMALL)
    assert open_index(SMALL, path).corpus_sha256 == corpus_sha256(SMALL)
    assert load_index(path, SMALL).passage_ids == tuple(p.passage_id for p in SMALL)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_index_is_refused(tmp_path, content):
    (tmp_path / "index.npz").write_bytes(content)
    with pytest.raises(IndexRefusedError, match="damaged"):
        load_index(tmp_path / "index.npz", SMALL)


def test_a_cut_file_is_refused_at_any_length(tmp_path):
    whole = saved(tmp_path).read_bytes()
    for length in range(0, len(whole) - 1, 97):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(IndexRefusedError):
            load_index(tmp_path / "cut.npz", SMALL)


def test_an_index_of_changed_notes_is_refused_and_rebuilt(tmp_path):
    path = tmp_path / "index.npz"
    open_index(SMALL, path)
    changed = (*SMALL[:2], passage("c", "aorta"))
    with pytest.raises(IndexRefusedError, match="other notes"):
        load_index(path, changed)
    assert open_index(changed, path).scores(words("aorta")).tolist()[2] > 0


def test_a_sound_index_is_not_built_again(tmp_path, monkeypatch):
    open_index(SMALL, tmp_path / "index.npz")
    monkeypatch.setattr(module, "build_index", lambda passages: pytest.fail("built again"))
    assert open_index(SMALL, tmp_path / "index.npz").passage_ids[0] == "note#a"
