"""Each beat of a clip as it is reported.

Belongs here: frame numbers, milliseconds and millilitres of one beat. Not here: means (ejection.py), finding beats.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.function import Function


@dataclass(frozen=True, slots=True)
class BeatResult:
    """One beat: frame numbers in the file from 1, method of discs.

    `r_wave_s` is the time of its R wave from the first frame of the file, None where the file has none or
    it was not used. `rr_ms` is the length of the cycle that starts with the beat, from R waves where it
    has one, else from the images; None for the last beat. Volumes are None without a pixel spacing.
    `confidence` is the mean of its two frames, `is_averaged` whether the means of the clip rest on it.
    """

    ed_frame: int
    es_frame: int
    r_wave_s: float | None
    rr_ms: float | None
    lvef_pct: float
    lv_edv_ml: float | None
    lv_esv_ml: float | None
    confidence: float
    is_averaged: bool


def beat_results(function: Function) -> tuple[BeatResult, ...]:
    """Return every whole beat of the clip in order of time."""
    return tuple(_result(function, beat) for beat in function.beats)


def _result(function: Function, beat: Beat) -> BeatResult:
    return BeatResult(
        ed_frame=function.frame_number(beat.ed),
        es_frame=function.frame_number(beat.es),
        r_wave_s=_rounded(beat.r_wave_s, 3),
        rr_ms=_rounded(None if beat.rr_s is None else 1000 * beat.rr_s, 0),
        lvef_pct=round(beat.ef_pct, 1),
        lv_edv_ml=_rounded(function.volume_ml(beat.edv), 2),
        lv_esv_ml=_rounded(function.volume_ml(beat.esv), 2),
        confidence=round(float(np.mean(function.found.confidence[[beat.ed, beat.es]])), 3),
        is_averaged=beat in function.averaged,
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
