"""report.html: self-contained, safe against its own content, and complete."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Analysis, Finding, Grade, Measurement
from cardio_dagster.outcome import State
from cardio_dagster.reporting.html_report import to_html
from cardio_dagster.reporting.json_report import from_json, to_json
from cardio_dagster.reporting.parts import Flag
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.page import Page
from cardio_dagster_tests.reporting.samples import bare

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
STUDIES = pytest.mark.parametrize(
    "report", [samples.full(), samples.ecg_only(), samples.failed()], ids=["full", "ecg", "error"]
)


@STUDIES
def test_tags_balance_and_ids_are_unique(report):
    ids = Page(to_html(report)).attributes("id")
    assert len(ids) == len(set(ids))


@STUDIES
def test_every_link_within_the_page_has_its_target(report):
    page = Page(to_html(report))
    targets = {href[1:] for attrs in page.of("a") if (href := attrs["href"] or "")}
    assert targets <= set(page.attributes("id"))
    assert "content" in targets


@STUDIES
def test_the_page_needs_nothing_from_outside_and_no_script(report):
    html = to_html(report)
    page = Page(html)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "form"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert all(href.startswith(("#", "data:image/")) for href in page.attributes("href") + page.attributes("src"))
    assert not re.search(r"https?://|@import", re.sub(r"xmlns=\S+", "", html))
    assert "default-src 'none'" in html


@STUDIES
def test_headings_never_skip_a_level_and_start_at_one(report):
    levels = [int(tag[1]) for tag, _ in Page(to_html(report)).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@STUDIES
def test_every_table_has_a_caption_and_every_heading_cell_a_scope(report):
    page = Page(to_html(report))
    assert len(page.of("caption")) == len(page.of("table")) > 0
    assert all(attrs.get("scope") in {"row", "col"} for attrs in page.of("th"))


@STUDIES
def test_no_file_name_is_in_it(report):
    assert samples.SURNAME not in to_html(report)


@STUDIES
def test_the_same_report_gives_the_same_page(report):
    assert to_html(report) == to_html(report)


@STUDIES
def test_head_says_state_coverage_and_intended_use(report):
    head = to_html(report).split("<main")[0]
    assert report.final_state in head
    assert report.coverage.replace("_", " ") in head
    assert "Research use, not a medical device" in head


def test_hostile_text_stays_text():
    full = samples.full()
    finding = Finding("X", HOSTILE, Grade.CRITICAL, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE, evidence=HOSTILE)
    hostile = replace(
        full,
        study_id=HOSTILE,
        coverage=HOSTILE,
        coverage_notes=(HOSTILE,),
        release_status=HOSTILE,
        findings=(finding,),
        facts=tuple(replace(f, value=HOSTILE, name=HOSTILE) for f in full.facts),
        figures=tuple(replace(f, title=HOSTILE, description=HOSTILE) for f in full.figures),
        measurements=tuple(replace(m, label=HOSTILE, method=HOSTILE, unit=HOSTILE) for m in full.measurements),
        problems=tuple(replace(p, message=HOSTILE, cure=HOSTILE, seen=HOSTILE) for p in full.problems),
        scores=tuple(replace(s, label=HOSTILE, inputs=(HOSTILE,), missing=(HOSTILE,)) for s in full.scores),
    )
    page = Page(to_html(hostile))
    assert not page.of("script")
    assert not page.of("img")
    assert "&lt;script&gt;" in to_html(hostile)


def test_an_unsafe_drawing_that_slipped_into_a_report_is_refused():
    full = samples.full()
    bad = replace(full.figures[0], svg='<svg viewBox="0 0 1 1" onload="alert(1)"/>')
    with pytest.raises(StudyError, match="onload"):
        to_html(replace(full, figures=(bad,)))


def test_a_report_read_from_json_shows_that_it_has_no_drawings():
    html = to_html(from_json(to_json(samples.full())))
    assert html.count("No drawing here") == 3


def test_an_error_stands_before_all_else_with_what_to_do():
    main = to_html(samples.failed()).split("<main")[1]
    assert main.index("ended in ERROR at RECEIPT") < main.index("E_HARD_001") < main.index("Summary")
    assert "Send at least one readable ECG" in main.split("Summary")[0]


def test_an_error_at_receipt_with_nothing_else_has_a_page():
    html = to_html(bare(error=("E_HARD_001", State.RECEIPT)))
    Page(html)
    assert "No recording was found" in html
    assert "nothing could be judged" in html


def test_a_refused_score_says_why_and_what_was_missing():
    refused = replace(samples.full().scores[1], missing=("smoking", "hdl_cholesterol_mmol_l"))
    text = to_html(replace(samples.full(), scores=(refused,)))
    assert "Not computed" in text
    assert "not indicated in diabetes; smoking is unknown" in text
    assert "<dt>Missing</dt><dd>hdl_cholesterol_mmol_l</dd>" in text  # the reason names smoking already


def test_gates_and_steps_are_marked_in_words():
    text = to_html(samples.full())
    for word in ("passed</span>", "not passed</span>", "done</span>", "degraded</span>", "reused from a checkpoint"):
        assert word in text
    assert to_html(samples.failed()).count("not reached</span>") == 7


NUMBERS = st.floats(-1e4, 1e4, allow_nan=False) | st.integers(-300, 300).map(float)
LIMITS = st.none() | st.integers(-200, 200).map(float)


@st.composite
def measurements(draw):
    value = draw(st.none() | NUMBERS)
    reason = f"reason <{draw(st.integers(0, 99))}>" if value is None else None
    low, high = draw(LIMITS), draw(LIMITS)
    if low is not None and high is not None:
        low, high = sorted((low, high))
    return Measurement("x_ms", "X", value, "ms", "method", low, high, reason=reason)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(measurements(), min_size=1, max_size=6))
def test_every_value_outside_is_marked_in_words_and_every_null_shows_its_reason(values):
    report = bare("ecg", analyses=(Analysis("ecg", "r01", tuple(values)),))
    rows = [text for attrs, text in Page(to_html(report)).rows if attrs.get("data-name") == "x_ms"]
    assert len(rows) == len(values)
    for row, measurement, reported in zip(rows, values, report.measurements, strict=True):
        assert ("▼ low" in row) == (reported.flag is Flag.LOW)
        assert ("▲ high" in row) == (reported.flag is Flag.HIGH)
        assert (reported.flag in {Flag.LOW, Flag.HIGH}) == (measurement.within_reference is False)
        assert (measurement.reason or "X") in row
        assert ("not measured" in row) == (measurement.value is None)
