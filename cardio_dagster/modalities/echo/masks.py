"""Label maps of every frame of a clip, in the file's own pixels.

Belongs here: from a segmentation of the chosen frames to masks of all. Not here: measuring.
"""

from pathlib import Path

import numpy as np

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import PreparedClip, Segmentation
from cardio_dagster.modalities.echo.detect import detect
from cardio_dagster.modalities.echo.formats.limits import allocate_frames
from cardio_dagster.modalities.echo.preprocess import prepare
from cardio_dagster.modalities.echo.segmentation.letterbox import native_labels
from cardio_dagster.modalities.echo.validate import validate


def native_masks(path: Path, prepared: PreparedClip, found: Segmentation, options: Options) -> np.ndarray | None:
    """Return the label maps (t, h, w) uint8 of every frame, in the file's own pixels, uncropped.

    Labels: 0 background, 1 left-ventricle cavity, 2 myocardium, 3 left atrium. Where frames were passed
    over for measuring, the file is read again and every frame is labelled. None where then too few
    frames show a ventricle; StudyError E_HARD_002 where the masks exceed the memory limit.
    """
    if len(found.labels) < prepared.frames_in_file:
        clip = validate(path, options, every_frame=True).data
        whole = None if clip is None else prepare(clip, np.arange(len(clip.frames)), options).data
        again = None if whole is None else detect(whole, options).data
        if whole is None or again is None:
            return None
        prepared, found = whole, again
    box = prepared.letterbox
    masks = allocate_frames(len(found.labels), *box.file_shape, options)
    for index, labels in enumerate(native_labels(found, box)):
        masks[index] = labels
    return masks
