"""What `cardio ecg FILE` shows a person: one screen of an ECG document.

Belongs here: choosing and laying out. Not here: the document itself (modalities/ecg/document.py) or its JSON.
"""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from cardio_dagster.modalities.ecg.document import EcgDocument

_STYLES = {"critical": "bold red", "abnormal": "yellow", "note": "", "normal": "green"}  # the gravest first
_SHOWN = ("pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms", "p_axis_deg", "qrs_axis_deg", "t_axis_deg")
_MOST_LEADS = 12


def show_ecg(document: "EcgDocument", console: Console) -> None:
    """Print the recording, its statements, and the main numbers beside the device's."""
    for part in (_recording(document), _statements(document), _numbers(document)):
        console.print(part)
        console.print()
    for problem in document.problems:
        console.print(Text(f"{problem.code}: {problem.message} ({problem.seen})", style="yellow"))
    console.print(Text("Research use, not a medical device. Everything else, with the reasons: --json", style="dim"))


def _recording(document: "EcgDocument") -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    leads = " ".join(document.leads[:_MOST_LEADS]) + (" ..." if len(document.leads) > _MOST_LEADS else "")
    rate = "" if document.heart_rate_bpm is None else f", {document.heart_rate_bpm:g}/min"
    sure = "" if document.rhythm.confidence is None else f" (confidence {document.rhythm.confidence:g})"
    why = f": {document.rhythm.reason}" if document.rhythm.reason else ""
    kinds = sorted({beat.type for beat in document.beats})
    counts = ", ".join(f"{sum(beat.type == kind for beat in document.beats)} {kind}" for kind in kinds)
    table.add_row(
        "recording", f"{document.format}, {document.duration_s:g} s at {document.sampling_rate_hz:g} Hz, {leads}"
    )
    table.add_row("quality", document.quality.verdict)
    table.add_row("rhythm", f"{document.rhythm.label}{sure}{rate}{why}")
    table.add_row("beats", f"{len(document.beats)} ({counts})" if counts else "none")
    return table


def _statements(document: "EcgDocument") -> Table:
    table = Table("grade", "statement", "where to look", box=None, pad_edge=False, header_style="dim")
    for statement in sorted(document.statements, key=lambda s: list(_STYLES).index(s.grade)):
        grade = Text(statement.grade, style=_STYLES.get(statement.grade, ""))
        table.add_row(grade, statement.text, statement.evidence or "")
    return table


def _numbers(document: "EcgDocument") -> Table:
    printed = {value.name: value.device for value in document.device.values}
    table = Table("measurement", "value", "device", box=None, pad_edge=False, header_style="dim")
    for name in _SHOWN:
        value = document.intervals.get(name)
        shown = "-" if value is None else f"{value:g}"
        reason = f" ({document.reasons[name]})" if name in document.reasons else ""
        device = printed.get(name)
        table.add_row(name, shown + reason, "" if device is None else f"{device:g}")
    return table
