"""VALIDATION of an echo file: read it by its format, or say why it cannot be read.

Belongs here: the dispatch by format. Not here: any format.
"""

import warnings
from pathlib import Path

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip
from cardio_dagster.modalities.echo.sniff import refusal, sniff
from cardio_dagster.outcome import Problem, Step


def validate(path: Path, options: Options, *, every_frame: bool = False) -> Step[EchoClip]:
    """Read and check an echo file; the clip's frames are grey, cropped to the sector and black beside it.

    Of a fast or long clip only the frames to analyse are kept, unless `every_frame` is asked for.

    Raises StudyError E_FORMAT_001 where the content is of no echo format, and what the
    readers raise.
    """
    sniffed = sniff(path)
    if sniffed is None:
        allowed = "ultrasound DICOM, NPZ with `image`, NIfTI, AVI, MP4"
        seen, cure = refusal(path)
        raise StudyError(
            "E_FORMAT_001", "this is no echo file", seen=seen, allowed=allowed, cure=f"It is {seen}. {cure}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's warnings may quote patient data; what matters is coded
        clip, problems = _read(sniffed.format, path, options, every_frame)
    return Step(clip, problems)


def _read(format: str, path: Path, options: Options, every_frame: bool) -> tuple[EchoClip, tuple[Problem, ...]]:
    # imported here, so that the decoders of the other formats are not loaded
    if format == "dicom":
        from cardio_dagster.modalities.echo.formats.dicom import read_dicom

        return read_dicom(path, options, every_frame=every_frame)
    if format == "npz":
        from cardio_dagster.modalities.echo.formats.npz import read_npz

        return read_npz(path, options, every_frame=every_frame)
    if format == "nifti":
        from cardio_dagster.modalities.echo.formats.nifti import read_nifti

        return read_nifti(path, options, every_frame=every_frame)
    from cardio_dagster.modalities.echo.formats.video import read_video

    return read_video(path, options, container=format, every_frame=every_frame)
