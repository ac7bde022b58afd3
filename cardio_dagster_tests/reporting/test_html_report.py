"""report.html: self-contained, safe against its own content, and complete."""

import re
from dataclasses import replace
from html import unescape
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
from cardio_dagster.statement import Fault, Quality, QualityItem, Reference, Verification
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
    targets = {href[1:] for attrs in page.of("a") if (href := attrs["href"] or "").startswith("#")}
    assert targets <= set(page.attributes("id"))
    assert "content" in targets


@STUDIES
def test_the_page_needs_nothing_from_outside_and_no_script(report):
    html = to_html(report)
    page = Page(html)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "form"}
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    led_out = [a for a in page.of("a") if not (a["href"] or "").startswith("#")]
    assert all((a["href"] or "").startswith("https://doi.org/10.") and a["rel"] == "noreferrer" for a in led_out)
    assert all(src.startswith("data:image/") for src in page.attributes("src"))
    assert not re.search(r"https?://|@import", re.sub(r'xmlns=\S+|<a href="https://doi[^>]*>', "", html))
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
        models=tuple(replace(m, name=HOSTILE, version=HOSTILE) for m in full.models),
        code_versions={HOSTILE: HOSTILE},
        written=hostile_written(full.written),
    )
    page = Page(to_html(hostile))
    assert not page.of("script")
    assert not page.of("img")
    assert "&lt;script&gt;" in to_html(hostile)


def hostile_written(written):
    return replace(
        written,
        statements=tuple(replace(s, text=HOSTILE, section=HOSTILE, quotes=()) for s in written.statements),
        passages=tuple(replace(p, title=HOSTILE, text=HOSTILE, passage_id=HOSTILE) for p in written.passages),
        references=tuple(replace(r, text=HOSTILE, doi=f"10.1234/{HOSTILE}") for r in written.references),
        trends=tuple(
            replace(
                t,
                label=HOSTILE,
                text=HOSTILE,
                unit=HOSTILE,
                points=tuple(replace(p, study_id=HOSTILE) for p in t.points),
            )
            for t in written.trends
        ),
        suggestions=tuple(replace(s, label=HOSTILE, why=HOSTILE, needs=(HOSTILE,)) for s in written.suggestions),
        verification=Verification(1, 1, 1, (HOSTILE,), (Fault("s01", HOSTILE, HOSTILE),)),
        quality=Quality(1.0, (QualityItem(HOSTILE, 0.1, (HOSTILE,)),)),
        notes=(HOSTILE,),
    )


def test_a_study_name_cannot_close_the_style_sheet():
    hostile = replace(samples.full(), study_id='x"; } </style><b>')
    style = to_html(hostile).split("<style>")[1].split("</style>")[0]
    assert 'content: "Study xstyleb, revision 1. Not released."' in style


HELD = "held for review: two values contradict each other; a gate did not pass"


@pytest.mark.parametrize(
    ("report", "word"),
    [
        (replace(samples.full(), release_status=HELD), "Held for review, not released"),
        (samples.full(), "Not released"),
        (samples.failed(), "Error at RECEIPT, no released result"),
    ],
    ids=["held", "pending", "error"],
)
def test_what_is_not_released_says_so_in_a_banner_and_at_the_foot_of_each_printed_page(report, word):
    html = to_html(report)
    assert f'aria-label="Release state"><strong>{word}</strong>' in html
    assert f'. {word}."; }}' in html.split("@bottom-left")[-1]


def test_a_released_report_has_no_banner_and_every_reason_of_a_held_one_is_told():
    released = to_html(replace(samples.full(), release_status="released: every gate passed"))
    assert '<aside class="banner' not in released
    assert "<strong>Released</strong>: every gate passed" in released
    held = to_html(replace(samples.full(), release_status=HELD))
    assert "<li>two values contradict each other</li><li>a gate did not pass</li>" in held


def test_every_sentence_stands_once_with_its_citations_and_its_basis():
    report = samples.full()
    html = to_html(report)
    for statement in report.written.statements:
        item = html.split(f'<li id="{statement.statement_id}">')[1].split("</li>")[0]
        told = unescape(re.sub("<[^>]+>", "", item.split("<a class")[0].split("<button")[0]))
        assert told.strip().endswith(statement.text)
        cited = [r.number for r in report.written.references if set(r.passages) & set(statement.citations)]
        assert re.findall(r"#ref-(\d+)", item) == [str(n) for n in cited]
        assert ('role="tooltip"' in item) == bool(statement.quotes)
    assert html.index('id="s01"') < html.index('id="h-figures"')


def test_a_doi_is_a_link_and_a_work_without_one_is_plain():
    html = to_html(samples.full())
    assert (
        '<a href="https://doi.org/10.1016/j.echo.2014.10.003" rel="noreferrer">doi:10.1016/j.echo.2014.10.003</a>'
        in html
    )
    assert '<li id="ref-3" value="3">Protocol of this laboratory for long QT intervals, without a DOI.</li>' in html


def test_a_doi_that_is_none_makes_no_link():
    reference = Reference(1, "x doi:javascript:alert(1)", "javascript:alert(1)", ())
    written = replace(samples.written(), references=(reference,), statements=())
    assert "javascript" not in "".join(Page(to_html(replace(samples.full(), written=written))).attributes("href"))


def test_a_refused_score_shows_what_it_could_be():
    what_if = "Between 4 and 7 %, depending on smoking."
    refused = replace(samples.full().scores[1], interpretation=what_if)
    after = to_html(replace(samples.full(), scores=(refused,))).split("Not computed</h3>")[1]
    assert what_if in after


def test_faults_rules_not_checked_and_what_lacks_are_told():
    fault = Fault("s02", "number", "486 is not 468")
    written = replace(samples.written(), verification=Verification(11, 5, 4, ("ODD_RULE",), (fault,)))
    html = to_html(replace(samples.full(), written=written))
    assert "does not verify" in html
    assert 'Number, <a href="#s02">sentence s02</a>: 486 is not 468' in html
    assert "ODD_RULE" in html
    assert "lacking: la_volume_ml" in html
    assert "does not verify" not in to_html(samples.full())


def test_long_parts_are_closed_and_say_what_they_hold():
    html = to_html(samples.full())
    assert "<details open" not in html
    told = dict(re.findall(r'fold-title">([^<]+)</span> <span class="muted">([^<]+)<', html))
    assert told["Electrocardiogram"] == "6 values, 1 outside the range, 1 not measured"
    assert told["Quality gates"] == "1 passed, 1 not passed"
    assert told["Steps"] == "7 done, 1 degraded"


def test_a_paper_ecg_is_true_to_scale_and_other_drawings_are_not():
    full = samples.full()
    paper = '<svg xmlns="http://www.w3.org/2000/svg" class="ecg" viewBox="0 0 262 116"/>'
    html = to_html(replace(full, figures=(replace(full.figures[0], svg=paper), full.figures[1])))
    assert 'class="scroll paper to-scale" style="--wide:262"' in html
    assert 'class="scroll paper free" style="--wide:960"' in html
    assert 'on-wide-page"' in html
    assert 'to-scale"' not in to_html(full)


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
    assert main.index("ended in ERROR at RECEIPT") < main.index("E_HARD_001") < main.index('id="h-summary"')
    assert "Send at least one readable ECG" in main.split('id="h-summary"')[0]


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
    assert "Also missing: hdl cholesterol mmol l." in text  # the reason names smoking already


def test_gates_and_steps_are_marked_in_words():
    text = to_html(samples.full())
    for word in ("passed</span>", "not passed</span>", "done</span>", "degraded</span>"):
        assert word in text
    assert to_html(samples.failed()).count('skipped">not reached</span>') == 7


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


def test_only_a_finding_is_called_normal():
    """A risk or a plain value has no grade of its own, and must not look as if it were judged."""
    report = samples.full()
    plain = replace(report.written.statements[0], grade=Grade.NORMAL, findings=(), scores=("prevent_cvd_10y_pct",))
    page = to_html(replace(report, findings=(), written=replace(report.written, statements=(plain,))))
    item = page.split(f'<li id="{plain.statement_id}">')[1].split("</li>")[0]
    assert "badge" not in item
    assert "score</span>" in item
