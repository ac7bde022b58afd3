"""Heart rate in the clip, from the images and from the R waves of the file.

Belongs here: the two rates as measurements. Not here: cycle lengths (cycles/).
"""

from dataclasses import replace

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.measuring.quantity import quantity

_LOINC_HEART_RATE = "8867-4"


def measure_rates(function: Function) -> tuple[Measurement, ...]:
    """Return the heart rate from the volume curve and the one from the R waves; each null with its reason."""
    return _from_images(function), _from_r_waves(function)


def _from_images(function: Function) -> Measurement:
    empty = quantity(
        "echo_heart_rate_bpm", "Heart rate in the clip", "/min",
        "interval of the half-emptied moments of the volume curve", loinc=_LOINC_HEART_RATE,
    )  # fmt: skip
    rate = function.cycles and function.cycles.image_rate_bpm
    if not rate:
        timing = function.prepared.timing
        return replace(empty, reason=function.no_beat_reason or timing.reason or "fewer than two beats in the clip")
    evidence = f"{len(function.beats)} beats, rhythm {function.cycles.rhythm if function.cycles else 'unknown'}"
    return replace(empty, value=round(rate, 1), reason=None, evidence=evidence)


def _from_r_waves(function: Function) -> Measurement:
    r_waves = function.prepared.r_waves
    empty = quantity(
        "echo_heart_rate_r_waves_bpm", "Heart rate from the R waves of the clip", "/min", "interval of R waves",
        loinc=_LOINC_HEART_RATE,
    )  # fmt: skip
    rate = function.cycles and function.cycles.r_wave_rate_bpm
    if not rate:
        few = "fewer than two R waves in the clip"
        return replace(empty, reason=function.no_beat_reason or r_waves.reason or few)
    evidence = f"{len(r_waves.times_s)} R waves ({r_waves.source})"
    return replace(empty, value=round(rate, 1), reason=None, evidence=evidence)
