import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting import wording
from cardio_dagster.reporting.parts import INTENDED_USE, ReportedFigure, ReportedMeasurement
from cardio_dagster.reporting.pdf import to_pdf
from cardio_dagster.reporting.pdf.pages import release_state
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.pdf.reading import outline, pages, reader, squashed, whole


@pytest.fixture(scope="module")
def full():
    return samples.full()


@pytest.fixture(scope="module")
def pdf(full):
    return to_pdf(full)


def test_every_measurement_stands_beside_its_value_or_its_reason(full, pdf):
    text = whole(pdf)
    for m in full.measurements:
        told = f"not measured: {m.reason}" if m.value is None else f"{wording.number(m)} {wording.unit(m.unit)}"
        assert squashed(m.label + told) in text
        assert squashed(m.method) in text
    assert squashed("44.6 % ▼ low") in text
    assert squashed("486 ms ▲ high") in text


def test_every_statement_is_told_with_the_numbers_of_its_references(full, pdf):
    text, written = whole(pdf), full.written
    assert written.statements
    for s in written.statements:
        numbers = [r.number for r in written.references if set(r.passages) & set(s.citations)]
        cited = f"[{', '.join(map(str, numbers))}]" if numbers else ""
        assert squashed(s.text + cited) in text
    for r in written.references:
        assert squashed(f"[{r.number}] {r.text}") in text


def test_the_rest_of_the_report_is_there(full, pdf):
    text = whole(pdf)
    parts = [full.received_at, full.content_sha256, full.release_status, *full.coverage_notes]
    parts += [f.text for f in full.findings] + [f.rule for f in full.findings]
    parts += [r.sha256 for r in full.recordings] + [v.gate.replace("_", " ") for v in full.verdicts]
    parts += [s.label for s in full.scores] + [s.source for s in full.scores] + [p.message for p in full.problems]
    parts += [t.text for t in full.written.trends] + [s.why for s in full.written.suggestions]
    parts += [f.title for f in full.figures] + [f.description for f in full.figures]
    for part in parts:
        assert squashed(part) in text, part


@pytest.mark.parametrize(
    ("status", "head"),
    [
        ("released: every gate passed", "RELEASED"),
        ("held for review: gate X failed", "HELD FOR REVIEW"),
        ("error response: no valid modality", "NOT RELEASED"),
        ("Not released: nobody has looked", "NOT RELEASED"),
        ("releasedish", "NOT RELEASED"),
        ("", "NOT RELEASED"),
    ],
)
def test_every_page_says_whether_the_report_is_released(status, head):
    report = samples.ecg_only()
    told = pages(to_pdf(replace(report, release_status=status)))
    assert len(told) > 1
    for number, text in enumerate(told, start=1):
        assert re.findall(r"^(?:! )?(HELD FOR REVIEW|NOT RELEASED|RELEASED)$", text, re.MULTILINE) == [head]
        assert INTENDED_USE in text
        assert squashed(f"Page {number} of {len(told)}") in squashed(text)
        assert report.study_id in text


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_nothing_but_the_word_released_counts_as_released(status):
    report = samples.bare()
    state = release_state(replace(report, release_status=status))
    assert (state == "released") == (status.partition(":")[0].strip().lower() == "released")


def test_equal_reports_give_equal_bytes(full, pdf):
    assert to_pdf(samples.full()) == pdf
    assert to_pdf(replace(full, received_at="2026-11-22T08:15:02Z")) != pdf


def test_the_file_names_its_title_and_language_and_has_an_outline(full, pdf):
    found = reader(pdf)
    assert found.metadata.title == f"Cardiology report {full.study_id}, revision 1"
    assert found.trailer["/Root"]["/Lang"] == "en"
    assert found.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]
    titles = outline(pdf)
    for title in (
        "Summary",
        "Report",
        "Figures",
        "12-lead ECG",
        "Measurements",
        "Risk scores",
        "Recordings",
        "References",
    ):
        assert title in titles
    assert found.metadata.creation_date is None or found.metadata.creation_date.year == 2000


def test_every_bookmark_leads_to_the_page_of_its_heading(pdf):
    found = reader(pdf)
    texts = [squashed(page.extract_text()) for page in found.pages]
    flat = [item for item in found.outline if not isinstance(item, list)]
    assert len(flat) > 8
    for item in flat:
        assert squashed(item.title) in texts[found.get_destination_page_number(item)]


def test_fonts_are_embedded_and_small(pdf):
    fonts = {}
    for page in reader(pdf).pages:
        fonts |= dict(page["/Resources"]["/Font"])
    named = [font.get_object() for font in fonts.values()]
    ours = [f for f in named if "DejaVu" in f["/BaseFont"]]
    assert {f["/BaseFont"].partition("+")[2] for f in ours} == {"DejaVuSans", "DejaVuSans-Bold"}
    assert all("/FontFile2" in f["/FontDescriptor"] for f in ours)
    assert len(pdf) < 150_000


def test_a_study_in_error_says_what_stood_in_the_way():
    report = samples.failed()
    text = whole(to_pdf(report))
    assert squashed("This study ended in ERROR at RECEIPT") in text
    for problem in report.error.problems:
        assert squashed(problem.message) in text
        assert squashed(problem.cure or "") in text
    assert "NOTRELEASED" in text


@pytest.mark.parametrize("make", [samples.bare, samples.ecg_only, samples.failed])
def test_every_kind_of_report_can_be_printed(make):
    assert pages(to_pdf(make()))


def test_no_file_name_leaves(pdf):
    assert samples.SURNAME not in whole(pdf)


HOSTILE = ['<b>bold</b> & "quoted" <a href="http://x">', "<para>&#0;</font>", "mL/m² ≤ ≥ µ Ärztin Öß é Ω → Привет", "x" * 3000, "word " * 900]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_are_texts_whatever_stands_in_them(full, text):
    m = replace(full.measurements[0], label=text, method=text)
    refused = ReportedMeasurement("x", text, None, "1", text, reason=text, modality="ecg")
    finding = Finding("CODE", text, Grade.CRITICAL, text)
    score = replace(full.scores[0], label="L", interpretation=text)
    report = replace(full, measurements=(m, refused), findings=(finding,), scores=(score,), release_status=f"held for review: {text}", coverage_notes=(text,), figures=())  # fmt: skip
    letters = "".join(pages(to_pdf(report)))
    if len(text) < 1000:
        assert squashed(letters).count(squashed(text)) >= 6
    else:
        assert letters.count("x" if "x" in text else "word") >= 5 * (3000 if "x" in text else 900)


@given(st.text(max_size=200))
@settings(max_examples=25, deadline=None)
def test_any_text_at_all_can_be_printed(text):
    report = replace(
        samples.bare("ecg"), coverage_notes=(text,), study_id=text or "s", coverage=text, release_status=text
    )
    assert to_pdf(report).startswith(b"%PDF-")


def test_control_signs_and_lone_surrogates_become_blanks():
    report = replace(samples.bare("ecg"), coverage_notes=("a\x00b\ud800c\u202ed",))
    assert "a b c d" in " ".join("".join(pages(to_pdf(report))).split())


def test_a_drawing_that_is_not_plain_is_refused(full):
    bad = ReportedFigure(
        "figure-1", "x", "X", "x", "ecg", "r01", "0" * 64, svg="<svg viewBox='0 0 1 1'><script/></svg>"
    )
    with pytest.raises(StudyError) as caught:
        to_pdf(replace(full, figures=(bad,)))
    assert caught.value.problem.code == "E_INTERNAL_001"


def test_a_figure_without_a_drawing_says_why(full):
    lost = replace(full.figures[0], svg=None, reason="it holds a script")
    assert squashed("No drawing here: it holds a script") in whole(to_pdf(replace(full, figures=(lost,))))
