"""Length, diameters and walls of the left ventricle, in the four-chamber view.

Belongs here: linear sizes. Not here: volumes (ejection.py), the annulus (annulus.py).
The diameters are those of this view. They are not the parasternal ones, and have no reference range here.
"""

from collections.abc import Callable

import numpy as np

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.measuring.ejection import DISCS_METHOD
from cardio_dagster.modalities.echo.measuring.quantity import over_time, phases, quantity, sized
from cardio_dagster.modalities.echo.volumes.discs import DISCS, Chamber
from cardio_dagster.modalities.echo.volumes.walls import Walls, measure_walls

_MISSING = "the chamber was not found"
_BASAL_THIRD, _MID = slice(0, DISCS // 3), slice(DISCS // 2 - 1, DISCS // 2 + 1)  # discs, base to apex


def measure_ventricle(function: Function) -> tuple[Measurement, ...]:
    """Return lengths at ED and ES, diameters and wall thickness at ED; on a still its volume."""
    return (*_lengths(function), *_diameters(function), *_walls(function), *_still(function))


def _lengths(function: Function) -> tuple[Measurement, ...]:
    values = _ventricle_over_time(function, lambda chamber: chamber.axis.length)
    method = "mid-annulus to apex, A4C"
    diastole = quantity("lv_length_cm", "LV length at end-diastole", "cm", method)
    systole = quantity("lv_length_es_cm", "LV length at end-systole", "cm", method)
    pairs = phases(function)
    return (
        sized(diastole, function, values, [ed for ed, _ in pairs], _MISSING),
        sized(systole, function, values, [es for _, es in pairs], _MISSING),
    )


def _diameters(function: Function) -> tuple[Measurement, ...]:
    basal = _ventricle_over_time(function, lambda chamber: float(chamber.diameters[_BASAL_THIRD].max()))
    mid = _ventricle_over_time(function, lambda chamber: float(chamber.diameters[_MID].mean()))
    diastoles = [ed for ed, _ in phases(function)]
    return (
        sized(quantity("lv_basal_diameter_a4c_cm", "LV basal diameter in A4C at end-diastole", "cm",
                       "widest of the basal third, across the long axis, A4C (not parasternal)"),
              function, basal, diastoles, _MISSING),
        sized(quantity("lv_mid_diameter_a4c_cm", "LV mid diameter in A4C at end-diastole", "cm",
                       "half way between annulus and apex, across the long axis, A4C (not parasternal)"),
              function, mid, diastoles, _MISSING),
    )  # fmt: skip


def _walls(function: Function) -> tuple[Measurement, ...]:
    method = "across the myocardium at 40 to 60 % of the long axis, median, A4C; the septum is left when the apex is up"
    empty = (
        quantity("septal_thickness_a4c_mm", "Septal wall at end-diastole, mid level", "mm", method),
        quantity("lateral_thickness_a4c_mm", "Lateral wall at end-diastole, mid level", "mm", method),
    )
    diastoles = [ed for ed, _ in phases(function)]
    septal, lateral = np.full((2, len(function.ventricles)), np.nan)
    for position in diastoles:
        wall = _walls_at(function, position)
        septal[position], lateral[position] = wall.septal, wall.lateral  # None becomes NaN
    lack = "the wall is not seen in full"
    return tuple(
        sized(measurement, function, values, diastoles, lack)
        for measurement, values in zip(empty, (septal, lateral), strict=True)
    )


def _walls_at(function: Function, position: int) -> Walls:
    chamber, found = function.ventricles[position], function.found
    if chamber is None:
        return Walls(None, None)
    return measure_walls(found.labels[position], found.probabilities[position], chamber.axis, function.prepared.sector)


def _still(function: Function) -> tuple[Measurement, ...]:
    if len(function.prepared.frame_indices) > 1:
        return ()
    empty = quantity("lv_volume_ml", "LV volume on this frame", "mL", DISCS_METHOD)
    lack = f"{_MISSING} on frame {function.frame_number(0)}"
    return (sized(empty, function, function.curve, [0] if function.ventricles else [], lack, any_phase=True),)


def _ventricle_over_time(function: Function, size_of: Callable[[Chamber], float]) -> np.ndarray:
    chambers = function.ventricles
    return over_time(function, lambda p: size_of(chamber) if (chamber := chambers[p]) else None)
