"""Everything that is measured on every frame: ventricle, atrium, annulus.

Belongs here: one frame of a segmentation to its chambers. Not here: time (cycles/), names (measuring/).
"""

from dataclasses import dataclass

from cardio_dagster.modalities.echo.clip import Segmentation
from cardio_dagster.modalities.echo.segmentation.plausible import ATRIUM, VENTRICLE
from cardio_dagster.modalities.echo.volumes.annulus import Annulus, find_annulus
from cardio_dagster.modalities.echo.volumes.discs import Chamber, measure_chamber


@dataclass(frozen=True, slots=True)
class FrameChambers:
    """The chambers of one frame in pixels; each is None where it is not found."""

    ventricle: Chamber | None = None
    atrium: Chamber | None = None
    annulus: Annulus | None = None


def measure_frame(found: Segmentation, position: int) -> FrameChambers:
    """Measure ventricle, atrium and annulus on the frame at `position`, counted from 0."""
    labels, probabilities = found.labels[position], found.probabilities[position]
    ventricle = measure_chamber(labels, probabilities, VENTRICLE, ATRIUM)
    atrium = measure_chamber(labels, probabilities, ATRIUM, VENTRICLE)
    return FrameChambers(ventricle, atrium, find_annulus(labels == VENTRICLE, labels == ATRIUM))
