"""Whose clip is this? Of the echo formats only DICOM says so.

Belongs here: that choice. Not here: reading DICOM headers (modalities/identity.py).
"""

from pathlib import Path

from cardio_dagster.modalities.identity import StatedId, dicom_ids


def patient_ids(path: Path, format: str) -> tuple[StatedId, ...]:
    """Return the identifiers that a clip states; empty for NPZ, NIfTI and video, which have no place for one."""
    return dicom_ids(path) if format == "dicom" else ()
