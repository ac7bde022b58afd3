"""The page of reliability says what was seen, and nothing else."""

import json

from cardio_dagster_tests.chaos.__main__ import EXPERIMENTS
from cardio_dagster_tests.chaos.bench import POSTGRES, SQLITE, Seen
from cardio_dagster_tests.chaos.table import DOCS, Row, keep, page, row_of


def test_a_row_replaces_the_former_one_of_its_experiment_and_database(tmp_path):
    first, *_ = EXPERIMENTS
    keep(row_of(first, SQLITE, Seen(3, ("a study never ended",), "3 kills")), tmp_path)
    keep(row_of(first, POSTGRES, Seen(4, (), "4 kills")), tmp_path)
    keep(row_of(first, SQLITE, Seen(5, (), "5 kills")), tmp_path)
    text = (tmp_path / "reliability.md").read_text()
    assert text.count(f"| {first.title} |") == 2
    assert "| 5 | " in text
    assert "3 kills" not in text
    assert first.expected in text


def test_faults_and_what_was_not_done_are_told():
    first, *_ = EXPERIMENTS
    assert "1 faults: a report is gone" in page([row_of(first, SQLITE, Seen(1, ("a report is gone",)))])
    assert "not done: no disk" in page([row_of(first, SQLITE, Seen(0, skipped="no disk"))])


def test_experiments_have_keys_of_their_own_and_say_what_they_expect():
    assert len({e.key for e in EXPERIMENTS}) == len(EXPERIMENTS)
    assert all(e.expected.endswith(".") and e.repetitions > 0 and e.databases for e in EXPERIMENTS)


def test_the_page_in_the_docs_is_the_one_that_its_data_make():
    data = DOCS / "reliability.json"
    assert data.is_file(), "run `make chaos`"
    assert (DOCS / "reliability.md").read_text() == page([Row(**row) for row in json.loads(data.read_text())])
