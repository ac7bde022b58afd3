"""Which formats can be read in blocks, and how each is opened.

Belongs here: the choice by format. Not here: what a source is (source.py), or any format (edf.py, ishne.py, parquet.py, wfdb.py).
"""

from pathlib import Path

from cardio_dagster.modalities.ecg.formats.source import BlockSource


def open_blocks(path: Path, format: str) -> BlockSource | None:
    """Open a recording of a known format to be read in blocks; None where the format is read whole (DICOM, XML, SCP, CSV).

    Opening reads the header and checks what it claims against the size of the file; no sample is read.
    Raises StudyError as the reader of the format does.
    """
    if format == "wfdb":
        from cardio_dagster.modalities.ecg.formats.wfdb import open_wfdb

        return open_wfdb(path)
    if format == "edf":
        from cardio_dagster.modalities.ecg.formats.edf import open_edf

        return open_edf(path)
    if format == "ishne":
        from cardio_dagster.modalities.ecg.formats.ishne import open_ishne

        return open_ishne(path)
    if format == "parquet":
        from cardio_dagster.modalities.ecg.formats.parquet import open_parquet

        return open_parquet(path)
    return None
