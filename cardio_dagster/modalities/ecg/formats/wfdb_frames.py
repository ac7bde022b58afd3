"""Frames of WFDB signal files to mV.

Belongs here: which bytes hold a range of frames, their digits to volts, the skew between signals. Not here: headers, bits.
"""

from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats import wfdb_library, wfdb_samples
from cardio_dagster.modalities.ecg.formats.wfdb_header import WfdbHeader, frame_bits


def count_frames(header: WfdbHeader, files: dict[str, Path]) -> int:
    """Return the number of frames, from the size of the files where the header does not give it."""
    if header.n_samples:
        return header.n_samples
    bits = {name: frame_bits(header, name) for name in files}
    if any(s.format not in wfdb_samples.BITS for s in header.signals):
        raise StudyError("E_VALID_001", "no number of samples in the WFDB record line", allowed="a number above 0")
    offsets = {s.file: s.offset for s in header.signals}
    frames = [(files[n].stat().st_size - offsets[n]) * 8 // b for n, b in bits.items() if b]
    return max(0, min(frames))


def read_millivolts(
    header: WfdbHeader,
    files: dict[str, Path],
    wanted: list[int],
    to_mv: list[float],
    *,
    first: int,
    last: int,
    n_frames: int,
) -> np.ndarray:
    """Return the wanted signals in mV, float32, frames `first` to `last`; a row for each sample of a frame.

    `to_mv` has the mV of one unit of each. NaN is missing, or beyond the end of a skewed signal.
    """
    per_frame = header.signals[wanted[0]].per_frame
    if any(s.format in wfdb_library.FORMATS for s in header.signals):
        columns = wfdb_library.read_frames(header, files, wanted, start=first, stop=last)
        return np.column_stack([c * factor for c, factor in zip(columns, to_mv, strict=True)]).astype(np.float32)
    out = np.empty(((last - first) * per_frame, len(wanted)), np.float32)
    for name, path in files.items():
        group = [i for i, s in enumerate(header.signals) if s.file == name]
        if set(group) & set(wanted):
            frames = _frames(header, path, group, first=first, last=last, n_frames=n_frames)
            _fill(out, header, group, frames, dict(zip(wanted, to_mv, strict=True)))
    return out


def _frames(header: WfdbHeader, path: Path, group: list[int], *, first: int, last: int, n_frames: int) -> np.ndarray:
    """Return the digits of one file's frames, float64 (n_frames, samples of a frame), as many more as the greatest skew."""
    ahead = max(header.signals[i].skew for i in group)
    width = sum(header.signals[i].per_frame for i in group)
    end = max(first, min(last + ahead, n_frames))
    signal = header.signals[group[0]]
    flat = wfdb_samples.read_digital(path, signal.format, offset=signal.offset, start=first * width, stop=end * width)
    frames = flat.reshape(-1, width)
    lacking = last + ahead - end
    return np.concatenate((frames, np.full((lacking, width), np.nan))) if lacking else frames


def _fill(out: np.ndarray, header: WfdbHeader, group: list[int], frames: np.ndarray, to_mv: dict[int, float]) -> None:
    """Write the wanted signals of one file to their columns of `out` in mV, each moved ahead by its skew."""
    columns = {i: j for j, i in enumerate(to_mv)}
    at = 0
    for i in group:
        s = header.signals[i]
        if i in columns:
            digits = frames[s.skew : s.skew + len(out) // s.per_frame, at : at + s.per_frame].reshape(-1)
            out[:, columns[i]] = (digits - s.baseline) / (s.gain or np.nan) * to_mv[i]
        at += s.per_frame
