"""WFDB headers (.hea): what they name and claim, read without trusting them.

Belongs here: the text of a header, the files that it names, and the bytes they must have. Not here: samples (wfdb.py).
The published syntax is https://physionet.org/physiotools/wag/header-5.htm.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cardio_dagster.modalities.ecg.formats.wfdb_samples import BITS

_MAX_HEADER_BYTES = 1 << 20
_MAX_SIGNALS = 64
_RECORD = re.compile(
    r"^\s*(?P<name>[-\w]+)(?P<segments>/\d{1,5})?\s+(?P<n_signals>\d{1,3})"
    r"(?:\s+(?P<rate>[\d.]{1,24}(?:e[+-]?\d{1,3})?)\S*(?:\s+(?P<n_samples>\d{1,15}))?)?(?P<rest>.*)$"
)
_STORAGE = re.compile(r"(\d{1,4})(?:x(\d{1,4}))?(?::(\d{1,12}))?(?:\+(\d{1,12}))?")
_GAIN = re.compile(r"([-+]?[\d.]{1,24}(?:[eE][-+]?\d{1,3})?)(?:\((-?\d{1,10})\))?(?:/(\S+))?")
_TIME = re.compile(r"^(\d{1,2}:\d{2}:\d{2})(?:\.\d+)?(?:\s+(\d{1,2}/\d{1,2}/\d{4}))?")
_DATE_FIRST = re.compile(r"^(\d{4}-\d{2}-\d{2})\s+(\d{1,2}:\d{2}:\d{2})")
_SEGMENT = re.compile(r"^\s*([-\w]{1,200}|~)\s+(\d{1,15})\s*$")
_MAX_SEGMENTS = 1000
_PLAIN_NAME = re.compile(r"^[-\w]+(?:\.[-\w]+)*$")


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One signal: its file, storage format, samples per frame, skew in frames, first byte, and how digits become volts.

    `gain` is in digits per unit, None where the header gives none; `unit` is "mV" where the header gives none (header(5)).
    """

    file: str
    format: str
    per_frame: int
    skew: int
    offset: int
    gain: float | None
    baseline: int
    unit: str
    name: str


@dataclass(frozen=True, slots=True)
class WfdbHeader:
    """A header's record line and signal lines, and the comments; `date_and_time` is what follows the sample count.

    A record of several segments has their names ("~" for a gap) and numbers of samples instead of signals.
    """

    name: str
    is_multi_segment: bool
    rate_hz: float | None
    n_samples: int | None
    date_and_time: str
    signals: tuple[SignalLine, ...]
    signal_lines: tuple[str, ...]
    comments: tuple[str, ...]
    segments: tuple[tuple[str, int], ...] = ()

    def files(self) -> tuple[str, ...]:
        """Return the signal files by name, each once, in the order of the header."""
        return tuple(dict.fromkeys(s.file for s in self.signals))


def parse_header(path: Path) -> WfdbHeader | None:
    """Return the header, or None where the text is none.

    Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        text = file.read(_MAX_HEADER_BYTES + 1)
    if len(text) > _MAX_HEADER_BYTES or b"\0" in text:
        return None
    lines = text.decode("utf-8", errors="replace").splitlines()
    comments = tuple(line.lstrip()[1:].strip() for line in lines if line.lstrip().startswith("#"))
    body = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    record = _RECORD.match(body[0]) if body else None
    if record is None or not 1 <= int(record["n_signals"]) <= _MAX_SIGNALS:
        return None
    n_lines = int(record["segments"][1:]) if record["segments"] else int(record["n_signals"])
    return _assemble(record, tuple(body[1 : 1 + n_lines]), comments)


def _assemble(record: re.Match[str], lines: tuple[str, ...], comments: tuple[str, ...]) -> WfdbHeader | None:
    is_multi = record["segments"] is not None
    matches = [_SEGMENT.match(line) for line in lines] if is_multi else []
    segments = tuple((m[1], int(m[2])) for m in matches if m)
    signals = () if is_multi else tuple(s for s in map(_signal, lines) if s is not None)
    expected = int(record["segments"][1:]) if is_multi else int(record["n_signals"])
    if len(segments or signals) != expected or len(segments) > _MAX_SEGMENTS:
        return None
    try:
        rate_hz = float(record["rate"]) if record["rate"] else None
    except ValueError:
        return None
    return WfdbHeader(
        name=record["name"],
        is_multi_segment=is_multi,
        rate_hz=rate_hz,
        n_samples=int(record["n_samples"]) if record["n_samples"] else None,
        date_and_time=record["rest"].strip(),
        signals=signals,
        signal_lines=lines,
        comments=comments,
        segments=segments,
    )


def _signal(line: str) -> SignalLine | None:
    """Return one signal line, None where it is none; fields after the file and the format may be absent."""
    fields = [*line.split(maxsplit=8), *[""] * 9][:9]
    storage = _STORAGE.fullmatch(fields[1])
    if storage is None or storage[2] == "0":
        return None
    gain, baseline, unit = _gain(fields[2])
    adc_zero = int(fields[4]) if re.fullmatch(r"-?\d{1,10}", fields[4]) else 0
    return SignalLine(
        file=fields[0],
        format=storage[1],
        per_frame=int(storage[2] or 1),
        skew=int(storage[3] or 0),
        offset=int(storage[4] or 0),
        gain=gain,
        baseline=adc_zero if baseline is None else baseline,
        unit=unit,
        name=fields[8].strip(),
    )


def _gain(text: str) -> tuple[float | None, int | None, str]:
    """Return digits per unit, the digit of 0 units, and the unit; a gain of zero says that there is none (header(5))."""
    match = _GAIN.fullmatch(text)
    if match is None:
        return None, None, "mV"
    try:
        gain = float(match[1]) or None
    except ValueError:
        gain = None
    return gain, int(match[2]) if match[2] else None, match[3] or "mV"


def signal_paths(header: WfdbHeader, *, folder: Path) -> dict[str, Path] | None:
    """Return the signal files beside the header; None where one is missing, a link or a header, or leaves the folder."""
    paths = {name: folder / name for name in header.files() if _is_signal_name(name)}
    if len(paths) != len(header.files()) or not paths:
        return None
    plain = all(path.is_file() and not path.is_symlink() for path in paths.values())
    return paths if plain else None


def _is_signal_name(name: str) -> bool:
    """Return whether a name is plain and not that of a header, which no signal file can be."""
    return _PLAIN_NAME.fullmatch(name) is not None and not name.lower().endswith(".hea")


def frame_bits(header: WfdbHeader, file: str) -> int | None:
    """Return the bits of one frame of a signal file; None where its format has no fixed width.

    Formats 310 and 311 hold three samples in 32 bits.
    """
    signals = [s for s in header.signals if s.file == file]
    if any(s.format not in BITS and s.format not in {"8", "310", "311"} for s in signals):
        return None
    widths = {**BITS, "8": 8, "310": 10, "311": 10}  # at least
    return sum(widths[s.format] * s.per_frame for s in signals)


def needed_bytes(header: WfdbHeader, file: str) -> int | None:
    """Return the least size that a signal file must have; None where its format has no fixed width or the length is not given."""
    bits = frame_bits(header, file)
    if header.n_samples is None or bits is None:
        return None
    offset = next(s.offset for s in header.signals if s.file == file)
    return offset + -(-bits * header.n_samples // 8)


def started_at(text: str) -> str | None:
    """Return the start as ISO 8601: date and time, or the time alone; None where absent or malformed."""
    first, usual = _DATE_FIRST.match(text), _TIME.match(text)
    try:
        if first:
            return datetime.fromisoformat(f"{first[1]}T{first[2]:0>8}").isoformat()
        if usual and usual[2]:
            return datetime.strptime(f"{usual[2]} {usual[1]}", "%d/%m/%Y %H:%M:%S").isoformat()  # no zone in the file
    except ValueError:
        return None
    return usual[1] if usual else None
