"""VALIDATION of an echo file: read it by its format, or say why it cannot be read.

Belongs here: the dispatch by format. Not here: any format.
"""

import warnings
from pathlib import Path

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip
from cardio_dagster.modalities.echo.formats.dicom import read_dicom
from cardio_dagster.modalities.echo.formats.npz import read_npz
from cardio_dagster.modalities.echo.sniff import sniff
from cardio_dagster.modalities.echo.formats.video import read_video
from cardio_dagster.outcome import Step


def validate(path: Path, options: Options, *, every_frame: bool = False) -> Step[EchoClip]:
    """Read and check an echo file; the clip's frames are grey and cropped to the ultrasound region.

    Of a fast or long video only the frames to analyse are kept, unless `every_frame` is asked for.

    Raises StudyError E_FORMAT_001 where the content is of no echo format, and what the
    readers raise.
    """
    sniffed = sniff(path)
    if sniffed is None:
        raise StudyError("E_FORMAT_001", "this is no echo file", allowed="ultrasound DICOM, NPZ with `image`, AVI, MP4")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's warnings may quote patient data; what matters is coded
        if sniffed.format == "dicom":
            clip, problems = read_dicom(path, options)
        elif sniffed.format == "npz":
            clip, problems = read_npz(path, options)
        else:
            clip, problems = read_video(path, options, container=sniffed.format, every_frame=every_frame)
    return Step(clip, problems)
