"""What `cardio echo FILE` shows a person: one screen of an echo document.

Belongs here: choosing and laying out. Not here: the document itself (modalities/echo/document.py) or its JSON.
"""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from cardio_dagster.finding import Measurement
    from cardio_dagster.modalities.echo.document import EchoDocument, SegmentEntry
    from cardio_dagster.outcome import Verdict

_STYLES = {"critical": "bold red", "abnormal": "yellow", "note": "", "normal": "green"}  # the gravest first
_SHOWN = {  # short, so that value, range and frames fit beside it on 80 columns
    "lvef_pct": "ejection fraction",
    "lv_edv_ml": "end-diastolic volume",
    "lv_esv_ml": "end-systolic volume",
    "lv_volume_ml": "volume on this frame",
    "lv_stroke_volume_ml": "stroke volume",
    "cardiac_output_l_min": "cardiac output",
    "lv_length_cm": "length of the ventricle",
    "la_volume_ml": "left atrial volume",
    "la_area_cm2": "left atrial area",
    "gls_contour_pct": "longitudinal shortening",
    "wall_motion_score_index": "wall motion score index",
}
_MODES = {"b_mode": "B-mode", "colour_doppler": "colour Doppler"}
_SCORES = {1: "normal", 2: "hypokinetic", 3: "akinetic", 4: "dyskinetic", None: "not scored"}
_MOST_BEATS = 8
_WHERE_LENGTH = 30


def show_echo(document: "EchoDocument", console: Console) -> None:
    """Print the recording, its statements, and the main numbers, with the reasons for those that are missing."""
    for part in (_recording(document), _statements(document), _numbers(document)):
        if part.row_count:
            console.print(part)
            console.print()
    for line in _not_measured(document):
        console.print(Text(line))
    for problem in document.problems:
        seen = f" ({problem.seen})" if problem.seen else ""
        console.print(Text(f"{problem.code}: {problem.message}{seen}", style="yellow"))
    console.print(Text("Research use, not a medical device. Everything else, with the reasons: --json", style="dim"))


def _recording(document: "EchoDocument") -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    sure = "" if document.view_probability is None else f" (probability of A4C {document.view_probability:.2f})"
    table.add_row("recording", _file(document))
    table.add_row("view", f"{document.view or 'not reached'}{sure}")
    table.add_row("quality", _quality(document.verdicts))
    if document.confidence is not None:
        table.add_row("contours", f"expected Dice of the ventricle {document.confidence:.2f}")
    table.add_row("beats", _beats(document))
    if document.wall_motion:
        table.add_row("wall motion", _segments(document.wall_motion.segments))
    return table


def _file(document: "EchoDocument") -> str:
    count, rate, mm = document.frames or 0, document.frame_rate_hz, document.pixel_spacing_mm
    frames = "one frame" if count == 1 else f"{count} frames"
    if count > 1:
        frames += " at an unknown rate" if rate is None else f" at {rate:.3g} Hz ({count / rate:.1f} s)"
    size = "no pixel spacing" if mm is None else f"{mm:.3g} mm a pixel"
    mode = _MODES.get(document.mode or "", "mode unknown")
    return f"{document.format}, {frames}, {size}, {mode}"


def _quality(verdicts: "tuple[Verdict, ...]") -> str:
    failed = [f"{_words(v.gate)} {_value(v)} ({_limits(v)})" for v in verdicts if not v.passed]
    passed = len(verdicts) - len(failed)
    return f"{passed} of {len(verdicts)} gates passed" + (f"; failed: {', '.join(failed)}" if failed else "")


def _words(gate: str) -> str:
    return gate.removeprefix("echo_").replace("_", " ")


def _value(verdict: "Verdict") -> str:
    return "unknown" if verdict.value is None else f"{verdict.value:.3g}"


def _limits(verdict: "Verdict") -> str:
    low, high = verdict.minimum, verdict.maximum
    unit = "" if verdict.unit == "1" else f" {verdict.unit}"
    if low is not None and high is not None:
        return f"{low:g} to {high:g}{unit}"
    return f"{low:g}{unit} or more" if low is not None else f"{high:g}{unit} or less"


def _beats(document: "EchoDocument") -> str:
    if not document.beats:
        return "none"
    rate = next((m.value for m in document.measurements if "heart_rate" in m.name and m.value is not None), None)
    bpm = "" if rate is None else f", {rate:.0f}/min"
    shown = [f"{b.lvef_pct:.0f}" + ("" if b.is_averaged else " (not averaged)") for b in document.beats[:_MOST_BEATS]]
    more = ", ..." if len(document.beats) > _MOST_BEATS else ""
    return f"{len(document.beats)}{bpm}; ejection fraction {', '.join(shown)}{more} %"


def _segments(segments: "tuple[SegmentEntry, ...]") -> str:
    groups = {word: [s.name for s in segments if s.score == score] for score, word in _SCORES.items()}
    return "; ".join(f"{word}: {', '.join(names)}" for word, names in groups.items() if names)


def _statements(document: "EchoDocument") -> Table:
    table = Table("grade", "statement", box=None, pad_edge=False, header_style="dim")
    for finding in sorted(document.findings, key=lambda f: list(_STYLES).index(f.grade)):
        table.add_row(Text(finding.grade, style=_STYLES[finding.grade]), Text(finding.text))
    return table


def _numbers(document: "EchoDocument") -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("measurement", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("normal", no_wrap=True)
    table.add_column("where to look")
    for label, m in _chosen(document):
        if m.value is not None:
            table.add_row(label, _number(m.value), "" if m.unit == "1" else m.unit, _normal(m), _where(m))
    return table


def _where(m: "Measurement") -> str:
    """Return the frames, cut where the line would not hold them."""
    frames = (m.evidence or "").split(";")[0]
    if len(frames) <= _WHERE_LENGTH:
        return frames
    return frames[:_WHERE_LENGTH].rsplit(",", 1)[0] + ", ..."


def _number(value: float) -> str:
    """Return three digits, as many as a reader can use, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _normal(m: "Measurement") -> Text:
    low, high = m.reference_low, m.reference_high
    if low is None or high is None:
        return Text("")
    style = "yellow" if m.within_reference is False else ""
    return Text(f"{low:g}" if low == high else f"{low:g}-{high:g}", style=style)


def _chosen(document: "EchoDocument") -> "list[tuple[str, Measurement]]":
    by_name = {m.name: m for m in document.measurements}
    return [(label, by_name[name]) for name, label in _SHOWN.items() if name in by_name]


def _not_measured(document: "EchoDocument") -> list[str]:
    """Return a line for each reason, with what it keeps from being measured."""
    chosen = _chosen(document)
    kept: dict[str, list[str]] = {}
    for label, m in chosen:
        if m.reason is not None:
            kept.setdefault(m.reason, []).append(label)
    if len(kept) == 1 and all(m.value is None for _, m in chosen):
        return [f"Nothing was measured: {next(iter(kept))}"]
    return [f"Not measured: {', '.join(labels)} ({reason})" for reason, labels in kept.items()]
