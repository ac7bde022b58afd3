"""WFDB records of several segments as one BlockSource.

Belongs here: segments of one layout, one after the other. Not here: a segment itself (wfdb.py).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.source import BlockSource
from cardio_dagster.modalities.ecg.formats.wfdb_header import WfdbHeader, started_at

_GAP = "~"


def open_segments(header: WfdbHeader, folder: Path, open_one: Callable[[Path], BlockSource]) -> BlockSource:
    """Open all segments; a gap ("~") is NaN. Sex and age are those of the first segment that is none.

    Raises StudyError: E_FORMAT_002 for segments within segments, of several layouts or sampling rates; E_CORRUPT_001 where a segment
    is missing or has not the samples that the record gives it; and what opening a segment raises.
    """
    sources = [None if name == _GAP else open_one(_segment_path(folder, name)) for name, _ in header.segments]
    there = [s for s in sources if s is not None]
    if not there or any(n == 0 for _, n in header.segments):
        raise StudyError(
            "E_FORMAT_002", "a WFDB record of segments of several layouts", allowed="segments of one layout"
        )
    first = there[0]
    if any(s.leads != first.leads or s.sampling_rate_hz != first.sampling_rate_hz for s in there):
        raise StudyError(
            "E_FORMAT_002", "a WFDB record of segments of several layouts", allowed="segments of one layout"
        )
    lengths = [n for _, n in header.segments]
    if any(s is not None and s.n_samples != n for s, n in zip(sources, lengths, strict=True)):
        raise StudyError("E_CORRUPT_001", "a segment of the WFDB record has not the length that the record gives it")
    _check_gaps(sources, lengths)
    bounds = np.concatenate(([0], np.cumsum(lengths)))

    def read(start: int, stop: int) -> np.ndarray:
        out = np.full((stop - start, len(first.leads)), np.nan, np.float32)
        for source, begin, end in zip(sources, bounds[:-1], bounds[1:], strict=True):
            low, high = max(start, int(begin)), min(stop, int(end))
            if source is not None and low < high:
                out[low - start : high - start] = source.read(low - int(begin), high - int(begin))
        return out

    began = started_at(header.date_and_time) or (first.started_at if sources[0] is first else None)
    return replace(first, n_samples=int(bounds[-1]), read=read, started_at=began)


def _segment_path(folder: Path, name: str) -> Path:
    """Return the header of a segment; refuse one that is missing, a link, or itself of segments."""
    from cardio_dagster.modalities.ecg.formats.wfdb_header import parse_header

    path = folder / f"{name}.hea"
    if not path.is_file() or path.is_symlink():
        raise StudyError("E_CORRUPT_001", "a segment of the WFDB record is not beside it")
    header = parse_header(path)
    if header is not None and header.is_multi_segment:
        raise StudyError(
            "E_FORMAT_002", "a WFDB record of segments within segments", allowed="segments that hold signals"
        )
    return path


def _check_gaps(sources: list[BlockSource | None], lengths: list[int]) -> None:
    """Refuse gaps longer than the recording and an hour: a damaged number would fill the memory with nothing."""
    gaps = sum(n for s, n in zip(sources, lengths, strict=True) if s is None)
    there = [s for s in sources if s is not None]
    if gaps > sum(s.n_samples for s in there) + 3600 * there[0].sampling_rate_hz:
        raise StudyError("E_VALID_002", "the gaps in the WFDB record are longer than the recording")
