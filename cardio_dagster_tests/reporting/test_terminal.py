"""The terminal's table: within 100 columns, nothing lost, nothing interpreted."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from cardio_dagster.reporting.terminal import summary_table
from cardio_dagster_tests.reporting import samples

PATH = "/home/somebody/a/long/way/down/data/store/reports/st-7f3a91c0/r1/report.html"


def printed(*reports, width=100):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(summary_table((report, PATH) for report in reports))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_table_fits_100_columns(width):
    text = printed(samples.full(), samples.ecg_only(), samples.failed(), width=width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= min(width, 100)
    words = text.split()
    for word in ("COMPLETE", "E_HARD_001,", "E_FORMAT_001", *["QTc", "prolonged,", "486", "ms", "(Fridericia)"]):
        assert word in words


def test_it_says_state_coverage_numbers_and_findings():
    words = printed(samples.full()).split()
    for word in ("st-7f3a91c0", "COMPLETE", "FULL", "44.6", "↓", "72.4", "Sinus", "QTc", "prolonged,"):
        assert word in words


def test_a_study_in_error_shows_its_codes():
    text = printed(samples.failed())
    assert "ERROR" in text
    assert "E_HARD_001" in text
    assert "E_FORMAT_001" in text


def test_the_path_is_whole_though_wrapped():
    first_column = "".join(line[:25].strip() for line in printed(samples.ecg_only()).splitlines())
    assert PATH in first_column


def test_markup_in_a_finding_is_text():
    report = samples.ecg_only()
    findings = tuple(replace(f, text="[red]x[/red]") for f in report.findings)
    assert "[red]x[/red]" in printed(replace(report, findings=findings))


def test_a_long_finding_is_shortened_and_many_are_counted():
    report = samples.full()
    many = tuple(replace(f, text="x " * 60) for f in report.findings * 2)
    text = printed(replace(report, findings=many))
    assert "..." in text
    assert "and 3 more" in text


def test_a_study_without_findings_says_so():
    assert "no findings" in printed(replace(samples.ecg_only(), findings=())).replace("\n", " ")
