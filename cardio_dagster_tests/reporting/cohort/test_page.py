"""The page: masks small numbers, shows what is there, holds no script."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.reporting.cohort.dictionary import columns
from cardio_dagster.reporting.cohort.page import to_page
from cardio_dagster.reporting.cohort.summary import Share, masked, share_shown, summarise
from cardio_dagster.reporting.cohort.tables import COHORT, write_tables
from cardio_dagster_tests.reporting.cohort.sites import crowd

DASH = "\N{EN DASH}"


def page_of(folder, size):
    folder.mkdir(exist_ok=True)
    write_tables(crowd(size), folder)
    summary = summarise(folder / COHORT)
    return summary, to_page(summary)


@given(st.integers(0, 100_000))
def test_a_masked_count_never_tells_of_fewer_than_five(count):
    shown = masked(count)
    assert (shown == "<5") == (0 < count < 5)
    assert shown == "<5" or (int(shown) % 5 == 0 and abs(int(shown) - count) <= 2)


@pytest.mark.parametrize(
    ("count", "of", "text"), [(3, 100, DASH), (0, 19, DASH), (25, 100, "25 %"), (0, 40, "0 %"), (0, 0, DASH)]
)
def test_shares(count, of, text):
    assert share_shown(Share("x", count, of)) == text


def test_the_page_of_a_crowd(tmp_path):
    summary, page = page_of(tmp_path / "a", 300)
    assert (summary.studies, summary.measured) == (300, 270)
    assert sum(share.count for share in summary.statuses) == 300
    assert page == page_of(tmp_path / "b", 300)[1]
    assert "<script" not in page
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert page.count("<svg") == sum(bool(d.counts) for d in (*summary.measurements, *summary.scores)) + 1
    assert 'class="reference"' in page
    assert not re.search(r">[1-4]</td>", page)


def test_a_few_studies_show_no_distribution(tmp_path):
    summary, page = page_of(tmp_path / "a", 6)
    assert not any(d.counts for d in (*summary.measurements, *summary.scores))
    assert "Too few values" in page
    assert "&lt;5" in page


def test_no_study_at_all(tmp_path):
    summary, page = page_of(tmp_path / "a", 0)
    assert summary.degraded_share is None
    assert "Cohort" in page


def test_every_bin_counts_every_value(tmp_path):
    summary, _ = page_of(tmp_path / "a", 200)
    assert all(sum(d.counts) == d.known for d in summary.measurements if d.counts)
    assert set(summary.implausible) <= {c.column for c in columns()}
