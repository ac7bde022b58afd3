"""DICOM ultrasound: `read.read_dicom`, and one module for each step from the file's bytes to grey frames."""

from cardio_dagster.modalities.echo.formats.dicom.read import read_dicom

__all__ = ["read_dicom"]
