"""WFDB headers (.hea): what they name and claim, read without trusting them.

Belongs here: the text of a header, the files that it names, and the bytes they must have. Not here: samples (wfdb.py).
The published syntax is https://physionet.org/physiotools/wag/header-5.htm.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_MAX_HEADER_BYTES = 1 << 20
_MAX_SIGNALS = 64
_RECORD = re.compile(
    r"^\s*(?P<name>[-\w]+)(?P<segments>/\d+)?\s+(?P<n_signals>\d{1,3})(?:\s+(?P<rate>[\d.]+(?:e[+-]?\d+)?)\S*(?:\s+(?P<n_samples>\d+))?)?(?P<rest>.*)$"
)
_SIGNAL = re.compile(
    r"^\s*(?P<file>\S+)\s+(?P<format>\d+)(?:x(?P<per_frame>\d+))?(?::\d+)?(?:\+(?P<offset>\d+))?(?:\s+(?P<gain>\S+))?"
)
_BITS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12}
_PLAIN_NAME = re.compile(r"^[-\w]+(?:\.[-\w]+)*$")


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One signal: its file, storage format, samples per frame, first byte, and unit ("mV" where the header gives none)."""

    file: str
    format: str
    per_frame: int
    offset: int
    gain: str | None


@dataclass(frozen=True, slots=True)
class WfdbHeader:
    """A header's record line and signal lines, and the comments; `date_and_time` is what follows the sample count."""

    name: str
    is_multi_segment: bool
    rate_hz: float | None
    n_samples: int | None
    date_and_time: str
    signals: tuple[SignalLine, ...]
    signal_lines: tuple[str, ...]
    comments: tuple[str, ...]

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
    return _assemble(record, tuple(body[1 : 1 + int(record["n_signals"])]), comments)


def _assemble(record: re.Match[str], lines: tuple[str, ...], comments: tuple[str, ...]) -> WfdbHeader | None:
    matches = [_SIGNAL.match(line) for line in lines]
    signals = tuple(_signal(m) for m in matches if m is not None)
    if len(signals) != int(record["n_signals"]) and record["segments"] is None:
        return None
    try:
        rate_hz = float(record["rate"]) if record["rate"] else None
    except ValueError:
        return None
    return WfdbHeader(
        name=record["name"],
        is_multi_segment=record["segments"] is not None,
        rate_hz=rate_hz,
        n_samples=int(record["n_samples"]) if record["n_samples"] else None,
        date_and_time=record["rest"].strip(),
        signals=signals,
        signal_lines=lines,
        comments=comments,
    )


def _signal(match: re.Match[str]) -> SignalLine:
    return SignalLine(
        match["file"], match["format"], int(match["per_frame"] or 1), int(match["offset"] or 0), match["gain"]
    )


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


def needed_bytes(header: WfdbHeader, file: str) -> int | None:
    """Return the least size that a signal file must have; None where its format has no fixed width or the length is not given."""
    signals = [s for s in header.signals if s.file == file]
    if header.n_samples is None or any(s.format not in _BITS for s in signals):
        return None
    bits = sum(_BITS[s.format] * s.per_frame for s in signals) * header.n_samples
    return signals[0].offset + -(-bits // 8)
