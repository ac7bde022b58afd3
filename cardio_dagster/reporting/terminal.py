"""The table that `cardio process` and `make demo` print: one line of sense for each study.

Belongs here: choosing and fitting into 100 columns. Not here: reading reports from disk or printing.
"""

from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten

from rich import box
from rich.style import Style
from rich.table import Table
from rich.text import Text

from cardio_dagster.finding import Grade
from cardio_dagster.reporting import summary
from cardio_dagster.reporting.parts import Flag, Report
from cardio_dagster.reporting.wording import ABSENT

_STYLES = {Grade.CRITICAL: "bold red", Grade.ABNORMAL: "yellow", Grade.NOTE: "", Grade.NORMAL: ""}
_ARROWS = {Flag.LOW: " \N{DOWNWARDS ARROW}", Flag.HIGH: " \N{UPWARDS ARROW}"}
_MOST_FINDINGS, _LONGEST = 3, 64  # the report tells them all, and in full


def summary_table(reports: Iterable[tuple[Report, Path | str]]) -> Table:
    """Return the table of (report, where it was written); it fits 100 columns and down to 80, long texts wrap.

    A wrapped path is still one link in terminals that know links.

    Columns: study with its report's path below, state, coverage, LVEF in %, heart rate per
    minute, rhythm, and the key findings or, for a study in ERROR, the codes of its problems.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_lines=True)
    table.add_column("Study and report", min_width=13, max_width=23, overflow="fold")
    table.add_column("State", width=8)
    table.add_column("Coverage", width=8, overflow="fold")
    table.add_column("LVEF %", width=6, justify="right")
    table.add_column("HR/min", width=6, justify="right")
    table.add_column("Rhythm", min_width=9, max_width=12, overflow="fold")
    table.add_column("Key findings or problem", min_width=13, max_width=23, overflow="fold")
    for report, path in reports:
        table.add_row(*_cells(report, str(path)))
    return table


def _cells(report: Report, path: str) -> tuple[Text, ...]:
    failed = report.error is not None
    return (
        Text.assemble((report.study_id, "bold"), "\n", (path, Style(dim=True, link=Path(path).absolute().as_uri()))),
        _state(report),
        Text(report.coverage.replace("_", " ")),
        _number(summary.lvef(report)),
        _number(summary.heart_rate(report)),
        Text(summary.rhythm(report).text or ABSENT),
        _problem(report) if failed else _findings(report),
    )


def _state(report: Report) -> Text:
    """Return the state, with the word "held" below it where a person must decide first."""
    if report.error is not None:
        return Text(report.final_state, style="bold red")
    if report.release_status.startswith("held"):
        return Text.assemble((report.final_state, "green"), "\n", ("held", "bold yellow"))
    return Text(report.final_state, style="green")


def _number(key: summary.KeyNumber) -> Text:
    arrow = _ARROWS.get(key.flag, "") if key.flag else ""
    return Text((key.text or ABSENT) + arrow, style="yellow" if arrow else "")


def _findings(report: Report) -> Text:
    found = summary.key_findings(report)
    lines = [
        Text(shorten(f.text, _LONGEST, placeholder=" ..."), style=_STYLES[f.grade]) for f in found[:_MOST_FINDINGS]
    ]
    if len(found) > _MOST_FINDINGS:
        lines.append(Text(f"and {len(found) - _MOST_FINDINGS} more", style="dim"))
    return Text("\n").join(lines) if lines else Text(_when_quiet(report), style="dim")


def _when_quiet(report: Report) -> str:
    return "nothing abnormal found" if report.findings else "no findings"


def _problem(report: Report) -> Text:
    if report.error is None:
        return Text(ABSENT)
    codes = dict.fromkeys((report.error.code, *(p.code for p in report.error.problems)))
    return Text.assemble((", ".join(codes), "bold red"), "\n", report.error.message)
