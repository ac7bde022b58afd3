"""How a size over time becomes a Measurement: which frames, which unit, what evidence.

Belongs here: the one way in which values of beats are averaged and documented. Not here: what is measured
(ventricle.py, atrium.py, annulus.py), names and ranges.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.echo import references
from cardio_dagster.modalities.echo.cycles.curve import smooth_known
from cardio_dagster.modalities.echo.cycles.rhythm import BEATS_WANTED
from cardio_dagster.modalities.echo.function import Function

_POWER = {"mm": 1, "cm": 1, "cm2": 2, "mL": 3}
_MM = {"mm": 1.0, "cm": 10.0, "cm2": 100.0, "mL": 1000.0}  # plain, square or cubic millimetres in one unit
UNKNOWN_VIEW = "the view is not known, measured as apical four-chamber"
NO_PHASE = "phase unknown"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one beat and the positions of the frames it was read from."""

    value: float
    frames: tuple[int, ...]


def quantity(name: str, label: str, unit: str, method: str, *, loinc: str | None = None) -> Measurement:
    """Return an empty Measurement with the reference range of its name, where the table holds one."""
    empty = Measurement(name, label, None, unit, method, reason="not measured", loinc=loinc)
    limits = references.RANGES.get(name)
    if limits is None:
        return empty
    return replace(empty, reference_low=limits.low, reference_high=limits.high, reference_source=limits.source)


def over_time(function: Function, read: Callable[[int], float | None]) -> np.ndarray:
    """Return a size, smoothed like the volume curve, on every frame (n,); NaN where it cannot be relied on.

    `read` gives the size on the frame at a position, None where there is none.
    """
    raw = [read(position) for position in range(len(function.ventricles))]
    values = np.array([np.nan if value is None else value for value in raw])
    return smooth_known(values, function.prepared.timing.frame_rate_hz)


def phases(function: Function) -> list[tuple[int, int]]:
    """Return (end-diastole, end-systole) of each beat to average."""
    return [(beat.ed, beat.es) for beat in function.averaged]


def sized(
    empty: Measurement, function: Function, values: np.ndarray, positions: list[int], lack: str, *, any_phase: bool = False
) -> Measurement:  # fmt: skip
    """Fill in the mean of `values` (n,), in pixels to the power of the unit, over the frames at `positions`.

    `lack` is the reason where no frame has a value; without a pixel spacing the reason is the spacing's, and
    without a beat the beat's: a size of an unknown phase must not stand under the name of one, unless `any_phase`.
    """
    mm = function.mm_per_pixel
    if not function.ventricles or not (function.beat or any_phase):
        return replace(empty, reason=function.no_beat_reason)
    if mm is None:
        return replace(empty, reason=function.no_size_reason)
    factor = mm ** _POWER[empty.unit] / _MM[empty.unit]
    readings = [Reading(float(values[p]) * factor, (p,)) for p in positions if np.isfinite(values[p])]
    if any_phase:
        empty = replace(empty, method=f"{empty.method}; {NO_PHASE}")
    return filled(empty, function, readings, lack)


def filled(empty: Measurement, function: Function, readings: list[Reading], lack: str) -> Measurement:
    """Fill in the mean of the readings with frames, confidence and doubts; without one the reason is `lack`."""
    if not readings:
        return replace(empty, reason=lack)
    frames = [position for reading in readings for position in reading.frames]
    confidence = round(float(np.mean(function.found.confidence[frames])), 3)
    value = round(float(np.mean([reading.value for reading in readings])), 2)
    evidence = "; ".join([_frames_text(function, frames), *doubts(function)])
    return replace(empty, value=value, reason=None, evidence=evidence, confidence=confidence)


def doubts(function: Function) -> list[str]:
    """Return what a reader must know of every value: an unknown view, too few beats for a mean."""
    said = [UNKNOWN_VIEW] if function.prepared.view.view == "unknown" else []
    if function.cycles and function.beats:
        wanted = BEATS_WANTED[function.cycles.rhythm]
        if len(function.averaged) < wanted:
            said.append(f"{len(function.averaged)} of the {wanted} beats that a mean should rest on")
    return said


def _frames_text(function: Function, positions: list[int]) -> str:
    numbers = [str(function.frame_number(position)) for position in dict.fromkeys(positions)]
    return f"frame{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
