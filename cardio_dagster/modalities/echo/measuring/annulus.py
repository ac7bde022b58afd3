"""Width of the mitral annulus and how far it moves towards the apex in systole.

Belongs here: the annulus between end-diastole and end-systole. Not here: strain and segments (motion/).
The excursion is that of the contours' hinges on 2D frames; it resembles MAPSE, which is an M-mode measurement.
"""

import numpy as np

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.measuring.quantity import Reading, filled, over_time, phases, quantity, sized

_LACK = "ventricle and atrium are not seen to touch"
_METHOD = "way of the contours' hinge along the long axis from ED to ES, A4C (MAPSE-like, not M-mode)"


def measure_annulus(function: Function) -> tuple[Measurement, ...]:
    """Return the width at end-diastole and the excursion of the septal and the lateral hinge and of their middle."""
    width = over_time(function, lambda p: annulus.width if (annulus := function.annuli[p]) else None)
    empty = quantity(
        "mitral_annulus_width_a4c_cm",
        "Mitral annulus width in A4C at end-diastole",
        "cm",
        "distance of the hinges, A4C",
    )
    excursions = _excursions(function)
    return (
        sized(empty, function, width, [ed for ed, _ in phases(function)], _LACK),
        _excursion(function, excursions, "mitral_annulus_excursion_mm", "Mitral annulus excursion", (0, 1)),
        _excursion(function, excursions, "mitral_annulus_excursion_septal_mm", "Septal annulus excursion", (0,)),
        _excursion(function, excursions, "mitral_annulus_excursion_lateral_mm", "Lateral annulus excursion", (1,)),
    )


def _excursion(
    function: Function, excursions: list[tuple[Beat, np.ndarray]], name: str, label: str, hinges: tuple[int, ...]
) -> Measurement:
    empty = quantity(name, label, "mm", f"{_METHOD}{'; mean of both hinges' if len(hinges) == 2 else ''}")
    lack = function.no_beat_reason or function.no_size_reason or _LACK
    mm = function.mm_per_pixel
    if mm is None or not function.beat:
        return filled(empty, function, [], lack)
    means = [(beat, float(np.mean(way[list(hinges)])) * mm) for beat, way in excursions]
    return filled(empty, function, [Reading(value, (beat.ed, beat.es)) for beat, value in means], lack)


def _excursions(function: Function) -> list[tuple[Beat, np.ndarray]]:
    """Return, for each averaged beat with a known annulus, the way (2,) of septal and lateral hinge in pixels."""
    hinges = np.stack([_hinge_over_time(function, side, axis) for side in (0, 1) for axis in (0, 1)], axis=-1)
    ways = []
    for beat in function.averaged:
        chamber = function.ventricles[beat.ed]
        if chamber is None or not np.isfinite(hinges[[beat.ed, beat.es]]).all():
            continue
        apexwards = (np.array(chamber.axis.apex) - chamber.axis.base) / chamber.axis.length
        moved = (hinges[beat.es] - hinges[beat.ed]).reshape(2, 2)
        ways.append((beat, moved @ apexwards))
    return ways


def _hinge_over_time(function: Function, side: int, axis: int) -> np.ndarray:
    def read(position: int) -> float | None:
        annulus = function.annuli[position]
        return None if annulus is None else (annulus.septal, annulus.lateral)[side][axis]

    return over_time(function, read)
