"""Frame rate of a DICOM ultrasound cine, with the element that says so, taken only where it is plausible.

Belongs here: judging the time elements of the header. Not here: R waves (dicom/ecg_trace.py).

RecommendedDisplayFrameRate (0008,2144) is the speed at which to show a clip and no capture rate:
it is not read.
"""

from statistics import median

from pydicom.dataset import Dataset

from cardio_dagster.errors import problem
from cardio_dagster.modalities.echo.clip import Timing
from cardio_dagster.modalities.echo.formats.calibration import FRAME_RATE_HZ_MAX, FRAME_RATE_HZ_MIN
from cardio_dagster.modalities.echo.formats.elements import naming, number, several
from cardio_dagster.outcome import Problem

TIME_ELEMENTS = ("FrameTime", "FrameTimeVector", "CineRate", "ActualFrameDuration", "EffectiveDuration")
IRREGULAR = 0.10  # share of the median interval by which the 90th percentile of intervals may differ
STILL = "a single frame has no frame rate"
NO_RATE = "the header has no plausible frame time, cine rate or duration, and no ECG trace of known length"


def timing(header: Dataset, *, frames: int, trace_s: float | None = None) -> tuple[Timing, tuple[Problem, ...]]:
    """Return the frame rate of the file and what must be said of it.

    In this order: FrameTime, FrameTimeVector (median), CineRate, ActualFrameDuration, EffectiveDuration
    over the frames, and `trace_s`, the length in seconds of an ECG trace stored with the cine, over the
    frames (an E_QUALITY_002 says so). A value outside 1 to 1000 Hz is passed over as if it were absent;
    a still has none; a cine without any is an E_VALID_004, or an E_VALID_005 where a value is implausible. Intervals of FrameTimeVector that differ by more than 10 % are an E_QUALITY_002.

    Raises StudyError E_CORRUPT_001, naming the element, where one cannot be read.
    Source: DICOM PS3.3 C.7.6.5 (Cine Module).
    """
    if frames < 2:
        return Timing(None, None, STILL), ()
    intervals = _intervals_ms(header)
    for source, rate in _candidates(header, intervals, frames, trace_s):
        if rate is not None and FRAME_RATE_HZ_MIN <= rate <= FRAME_RATE_HZ_MAX:
            return Timing(rate, source, None), _notes(source, intervals)
    return Timing(None, None, NO_RATE), (_missing(header),)


def _missing(header: Dataset) -> Problem:
    """Return E_VALID_005 with the values that are implausible, E_VALID_004 where none is stated."""
    stated = {name: number(_value(header, name)) for name in TIME_ELEMENTS}
    seen = ", ".join(f"{name} {value:g}" for name, value in stated.items() if value is not None)
    allowed = f"FrameTime of {1000 / FRAME_RATE_HZ_MAX:g} to {1000 / FRAME_RATE_HZ_MIN:g} ms"
    code = "E_VALID_005" if seen else "E_VALID_004"
    return problem(code, NO_RATE, seen=seen or None, allowed=allowed)


def _candidates(
    header: Dataset, intervals: list[float], frames: int, trace_s: float | None
) -> tuple[tuple[str, float | None], ...]:
    duration_s = number(_value(header, "EffectiveDuration"))
    return (
        ("FrameTime (0018,1063)", _inverse_ms(number(_value(header, "FrameTime")))),
        ("FrameTimeVector (0018,1065), median", _inverse_ms(median(intervals)) if intervals else None),
        ("CineRate (0018,0040)", number(_value(header, "CineRate"))),
        ("ActualFrameDuration (0018,1242)", _inverse_ms(number(_value(header, "ActualFrameDuration")))),
        ("EffectiveDuration (0018,0072) over the frames", frames / duration_s if duration_s else None),
        ("length of the ECG trace over the frames", frames / trace_s if trace_s else None),
    )


def _notes(source: str, intervals: list[float]) -> tuple[Problem, ...]:
    if source.startswith("length of the ECG"):
        message = "the frame rate was taken from the length of the ECG trace"
        return (problem("E_QUALITY_002", message, cure="Check heart rate and volumes over time against the clip."),)
    if not source.startswith("FrameTimeVector") or len(intervals) < 2:
        return ()
    middle = median(intervals)
    spread = sorted(abs(i - middle) / middle for i in intervals)[int(0.9 * (len(intervals) - 1))]
    if spread <= IRREGULAR:
        return ()
    seen = f"1 in 10 differs by more than {100 * spread:.0f} % from {middle:.4g} ms"
    return (problem("E_QUALITY_002", "the frames are not equally spaced in time", seen=seen, allowed="10 %"),)


def _intervals_ms(header: Dataset) -> list[float]:
    values = (number(v) for v in several(_value(header, "FrameTimeVector")))
    return [v for v in values if v is not None and v > 0]  # the first is 0 by definition


def _value(header: Dataset, name: str) -> object:
    with naming(name):
        return header.get(name)


def _inverse_ms(interval_ms: float | None) -> float | None:
    return 1000 / interval_ms if interval_ms and interval_ms > 0 else None
