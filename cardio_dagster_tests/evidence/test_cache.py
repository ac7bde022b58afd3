"""The cache remembers answers, counts, and never serves one of another corpus or ranking; a broken file costs nothing but time."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from cardio_dagster.evidence import cache as module
from cardio_dagster.evidence.cache import ANSWERS_FILE, INDEX_FILE, CachingSearcher, open_searcher
from cardio_dagster.evidence.corpus import load_passages
from cardio_dagster.evidence.index import build_index
from cardio_dagster.evidence.search import Searcher
from cardio_dagster_tests.evidence.notes import NOTE

PASSAGES = load_passages()
SEARCHER = Searcher(PASSAGES, build_index(PASSAGES))


class Counting(Searcher):
    """A searcher that counts how often it really searched."""

    def __init__(self):
        super().__init__(PASSAGES, SEARCHER.index)
        self.asked = 0

    def search(self, query, *, k=5, topics=()):
        self.asked += 1
        return super().search(query, k=k, topics=topics)


def test_an_answer_is_remembered_and_the_same():
    cache = CachingSearcher(Counting())
    first = cache.search("atrial fibrillation", topics=("ECG_AFIB", "ECG_AFLUTTER"))
    assert cache.search("atrial fibrillation", topics=("ECG_AFLUTTER", "ECG_AFIB", "ECG_AFIB")) is first
    assert first == SEARCHER.search("atrial fibrillation", topics=("ECG_AFIB", "ECG_AFLUTTER"))
    assert (cache.hits, cache.misses, cache.searcher.asked) == (1, 1, 1)


def test_query_number_and_topics_tell_questions_apart():
    cache = CachingSearcher(Counting())
    asked = [
        ("mitral", {}),
        ("mitral", {"k": 2}),
        ("mitral", {"topics": ("LVEF_NORMAL",)}),
        ("mitral annulus", {}),
        ("", {}),
    ]
    for query, options in asked:
        assert cache.search(query, **options) == SEARCHER.search(query, **options)
    assert (cache.hits, cache.misses) == (0, len(asked))


def test_the_memory_forgets_what_was_asked_longest_ago():
    cache = CachingSearcher(Counting(), size=2)
    for query in ("mitral", "septum", "mitral", "aorta", "mitral", "septum"):
        cache.search(query)
    assert (cache.hits, cache.misses) == (2, 4)


def test_the_file_serves_another_process_the_same_answer(tmp_path):
    path = tmp_path / "answers.sqlite"
    first = CachingSearcher(SEARCHER, path=path).search("QTc prolonged", k=3)
    other = CachingSearcher(Counting(), path=path)
    assert other.search("QTc prolonged", k=3) == first
    assert (other.hits, other.searcher.asked, other.failures) == (1, 0, 0)


def test_no_answer_of_another_corpus_is_served(tmp_path):
    path, fewer = tmp_path / "answers.sqlite", PASSAGES[3:]
    answer = CachingSearcher(SEARCHER, path=path).search("Mobitz")
    other = CachingSearcher(Searcher(fewer, build_index(fewer)), path=path)
    assert other.search("Mobitz") == Searcher(fewer, build_index(fewer)).search("Mobitz") != answer
    assert (other.hits, other.misses) == (0, 1)
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT DISTINCT corpus FROM answers").fetchall()
    connection.close()
    assert rows == [(f"{other.searcher.corpus_sha256} {module.VERSION}",)]


def test_no_answer_of_another_corpus_is_served_to_two_that_run_at_once(tmp_path):
    path, fewer = tmp_path / "answers.sqlite", PASSAGES[3:]
    whole, part = CachingSearcher(SEARCHER, path=path), CachingSearcher(Searcher(fewer, build_index(fewer)), path=path)
    assert whole.search("Mobitz") != part.search("Mobitz")
    assert (part.hits, whole.hits) == (0, 0)


def test_no_answer_of_another_ranking_is_served(tmp_path, monkeypatch):
    CachingSearcher(SEARCHER, path=tmp_path / "answers.sqlite").search("mitral")
    monkeypatch.setattr(module, "VERSION", "next")
    newer = CachingSearcher(SEARCHER, path=tmp_path / "answers.sqlite")
    newer.search("mitral")
    assert (newer.hits, newer.misses) == (0, 1)


@pytest.mark.parametrize(
    "text", ["no json", '[["no-such#passage", 1.0]]', "[[1, 2, 3]]", '[["arrhythmia#paced-rhythm", "x"]]', "7"]
)
def test_a_damaged_answer_is_asked_anew_and_mended(tmp_path, text):
    path = tmp_path / "answers.sqlite"
    CachingSearcher(SEARCHER, path=path).search("mitral")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE answers SET answer = ?", (text,))
    connection.close()
    cache = CachingSearcher(SEARCHER, path=path)
    assert cache.search("mitral") == SEARCHER.search("mitral")
    assert (cache.hits, cache.misses, cache.failures) == (0, 1, 1)
    assert CachingSearcher(Counting(), path=path).search("mitral") == SEARCHER.search("mitral")


@pytest.mark.parametrize("spoil", ["damaged", "folder", "absent"])
def test_a_file_that_cannot_be_used_never_fails_a_search(tmp_path, spoil):
    path = tmp_path / "answers.sqlite" if spoil != "absent" else tmp_path / "no" / "folder" / "answers.sqlite"
    if spoil == "damaged":
        path.write_bytes(b"this is no database" * 100)
    if spoil == "folder":
        path.mkdir()
    cache = CachingSearcher(SEARCHER, path=path)
    assert cache.search("mitral") == cache.search("mitral") == SEARCHER.search("mitral")
    assert cache.failures > 0
    assert (cache.hits, cache.misses) == (1, 1)


def test_a_locked_file_delays_a_search_by_little(tmp_path):
    cache = CachingSearcher(SEARCHER, path=tmp_path / "answers.sqlite")
    other = sqlite3.connect(tmp_path / "answers.sqlite")
    other.execute("BEGIN EXCLUSIVE")
    try:
        assert cache.search("mitral") == SEARCHER.search("mitral")
    finally:
        other.close()
    assert cache.failures == 2  # neither read nor written


def test_threads_may_share_it(tmp_path):
    cache = CachingSearcher(Counting(), path=tmp_path / "answers.sqlite")
    queries = ["mitral", "septum", "QTc", "AF"] * 25
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(cache.search, queries))
    assert answers == [SEARCHER.search(query) for query in queries]
    assert (cache.misses, cache.hits, cache.searcher.asked) == (4, 96, 4)


def test_a_wrong_question_is_refused_and_not_remembered():
    cache = CachingSearcher(SEARCHER)
    for _ in range(2):
        with pytest.raises(ValueError, match="at least 1"):
            cache.search("mitral", k=0)
    assert cache.hits == 0


def test_the_door_keeps_index_and_answers_in_its_folder(tmp_path):
    folder, site = tmp_path / "evidence", tmp_path / "notes"
    site.mkdir()
    (site / "local.md").write_text(NOTE)
    plain = open_searcher(folder)
    assert plain.search("on duty by telephone") == open_searcher().search("on duty by telephone")
    assert {p.name for p in folder.iterdir()} == {INDEX_FILE, ANSWERS_FILE}
    before = (folder / INDEX_FILE).read_bytes()
    own = open_searcher(folder, site_dir=site)
    assert own.search("on duty by telephone")[0][0].passage_id == "site/local#who-is-called"
    assert (folder / INDEX_FILE).read_bytes() != before


def test_a_folder_that_cannot_be_used_costs_time_only(tmp_path):
    (tmp_path / "file").write_text("in the way")
    searcher = open_searcher(tmp_path / "file" / "evidence")
    assert searcher.search("mitral") == SEARCHER.search("mitral")
    assert searcher.failures > 0
