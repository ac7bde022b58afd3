"""Size of the left atrium when it is largest, at the end of ventricular systole.

Belongs here: area, length, diameter and volume of the atrium. Not here: finding it (segmentation/).
Guidelines index the volume by body surface area, which this branch does not know; its range is for the fusion.
"""

from collections.abc import Callable

import numpy as np

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.measuring.ejection import AREA_LENGTH_METHOD, DISCS_METHOD
from cardio_dagster.modalities.echo.measuring.quantity import over_time, phases, quantity, sized
from cardio_dagster.modalities.echo.volumes.area_length import area_length_volume
from cardio_dagster.modalities.echo.volumes.discs import Chamber

AROUND_S = 0.1  # either side of end-systole in which the largest atrium is looked for
_AROUND_FRAMES = 3  # the same where the frame rate is unknown


def measure_atrium(function: Function) -> tuple[Measurement, ...]:
    """Return volume by both methods, area, length and transverse diameter of the left atrium.

    They are read on the frame of the largest atrium within 0.1 s of each end-systole; in a clip without
    a beat, a still among them, they are null: the largest atrium of such a clip may be of any phase.
    """
    volume = _atrium_over_time(function, lambda chamber: chamber.volume)
    area = _atrium_over_time(function, lambda chamber: chamber.area)
    length = _atrium_over_time(function, lambda chamber: chamber.axis.length)
    widest = _atrium_over_time(function, lambda chamber: float(chamber.diameters.max()))
    frames = _largest(function, volume)
    sizes = (
        (quantity("la_volume_ml", "LA volume at end-systole", "mL", DISCS_METHOD), volume),
        (quantity("la_volume_area_length_ml", "LA volume at end-systole by area-length", "mL", AREA_LENGTH_METHOD),
         area_length_volume(area, length)),
        (quantity("la_area_cm2", "LA area at end-systole", "cm2", "area inside the contour, A4C"), area),
        (quantity("la_length_cm", "LA length at end-systole", "cm", "mid-annulus to roof, A4C"), length),
        (quantity("la_transverse_diameter_a4c_cm", "LA transverse diameter in A4C at end-systole", "cm",
                  "widest across the long axis, A4C (not parasternal)"), widest),
    )  # fmt: skip
    lack = _lack(function)
    return tuple(sized(empty, function, values, frames, lack) for empty, values in sizes)


def _atrium_over_time(function: Function, size_of: Callable[[Chamber], float]) -> np.ndarray:
    chambers = function.atria
    return over_time(function, lambda p: size_of(chamber) if (chamber := chambers[p]) else None)


def _largest(function: Function, volume: np.ndarray) -> list[int]:
    """Return the position of the largest atrium of each beat; where none is seen, that of end-systole."""
    rate = function.prepared.timing.frame_rate_hz
    around = _AROUND_FRAMES if rate is None else max(round(AROUND_S * rate), 1)
    spans = [(max(es - around, 0), es + around + 1) for _, es in phases(function)]
    return [start + int(np.nan_to_num(volume[start:end], nan=-1.0).argmax()) for start, end in spans]


def _lack(function: Function) -> str:
    if not function.beat:
        return function.no_beat_reason or "nothing was measured"
    return f"the chamber was not found around end-systole, frame {function.frame_number(function.es)}"
