"""Samples of WFDB records in formats that are left to the wfdb library (8, 310, 311, FLAC).

Belongs here: handing a header that we trust to wfdb. Not here: the formats of fixed width (wfdb_samples.py), units.
"""

import secrets
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.wfdb_header import WfdbHeader

FORMATS = frozenset({"8", "310", "311", "508", "516", "524"})


def read_frames(
    header: WfdbHeader, files: dict[str, Path], wanted: list[int], *, start: int, stop: int
) -> list[np.ndarray]:
    """Return the wanted signals in the units of the header, frames `start` to `stop`, each flat; NaN where missing.

    The library gets a copy of the header without date, time and comments, so that no name in it can lead out of the folder.
    Format 8 stores differences, so it is read from the beginning. Raises StudyError E_CORRUPT_001 where wfdb fails.
    """
    if start >= stop:
        return [np.empty(0) for _ in wanted]
    wfdb = _library()
    first = 0 if any(s.format == "8" for s in header.signals) else start
    staged = f"header{secrets.token_hex(8)}"  # no name that a header could foresee
    record_line = f"{staged} {len(header.signals)} {header.rate_hz} {header.n_samples}"
    with tempfile.TemporaryDirectory(prefix="cardio-wfdb-") as folder:
        for name, path in files.items():
            (Path(folder) / name).symlink_to(path.resolve())
        with (Path(folder) / f"{staged}.hea").open("x", encoding="utf-8") as file:  # never through a link
            file.write("\n".join([record_line, *header.signal_lines]) + "\n")
        try:
            record = wfdb.rdrecord(
                str(Path(folder) / staged), sampfrom=first, sampto=stop, channels=wanted, smooth_frames=False
            )
        except Exception as error:  # wfdb raises many kinds on damaged input
            raise StudyError("E_CORRUPT_001", "wfdb cannot read the record", seen=type(error).__name__) from error
    per_frame = [header.signals[i].per_frame for i in wanted]
    return [values[(start - first) * k :] for values, k in zip(record.e_p_signal, per_frame, strict=True)]


def _library() -> Any:
    """Return wfdb, without the warnings that pandas 3 gives while wfdb 4.3 is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb
    return wfdb
