"""The segments of the left ventricle that the apical four-chamber view shows, and their part of the line.

Belongs here: numbers and names, and which points of the endocardial line are whose. Not here: how
they move (excursion.py).

Numbers and names are those of the 17-segment model (Cerqueira et al. 2002,
doi:10.1161/hc0402.102975; Lang et al. 2015, doi:10.1016/j.echo.2014.10.003). Convention: the line of
each frame is cut into seven parts of equal length, as tracking systems do (Voigt et al. 2015,
doi:10.1093/ehjci/jeu184), not by thirds of the long axis.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.motion.endocardium import POINTS

_STEPS = (POINTS - 1) // 7
_CORE = _STEPS // 4  # steps left out at either end: there the neighbour pulls


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment: its number in the 17-segment model, its name, its place along the line from the septum."""

    number: int
    name: str
    place: int
    side: int  # -1 septal, 1 lateral, 0 the tip

    @property
    def points(self) -> slice:
        """Return the points of the line in the middle half of the segment."""
        return slice(self.place * _STEPS + _CORE, (self.place + 1) * _STEPS + 1 - _CORE)


SEGMENTS = (
    Segment(3, "basal inferoseptum", 0, -1),
    Segment(9, "mid inferoseptum", 1, -1),
    Segment(14, "apical septum", 2, -1),
    Segment(17, "apical cap", 3, 0),
    Segment(16, "apical lateral wall", 4, 1),
    Segment(12, "mid anterolateral wall", 5, 1),
    Segment(6, "basal anterolateral wall", 6, 1),
)
SCORED = tuple(segment for segment in SEGMENTS if segment.side)


def mean_of_core(values: np.ndarray) -> np.ndarray:
    """Return (..., 6): the mean of values (..., 85) along the line over the core of each scored segment."""
    return np.stack([values[..., segment.points].mean(axis=-1) for segment in SCORED], axis=-1)
