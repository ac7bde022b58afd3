"""Volume of a chamber from its area and length: the second method, beside the discs.

Belongs here: the formula. Not here: areas and lengths (discs.py), names (measuring/).
Single plane: the biplane form needs the two-chamber view as well, which this branch does not read.
"""

import numpy as np

_FACTOR = 8 / (3 * np.pi)


def area_length_volume(area: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return 8 A^2 / (3 pi L), in the cubed unit of the length; NaN where area or length is NaN or the length 0.

    The formula is exact for an ellipsoid of revolution, whole or cut at its equator. Lang et al.
    2015, doi:10.1016/j.echo.2014.10.003, whose biplane form this is with both planes the same.

    >>> round(float(area_length_volume(np.pi * 4 * 2, 8)), 3), round(4 / 3 * np.pi * 4 * 2 * 2, 3)
    (67.021, 67.021)
    """
    known = np.where(np.asarray(length, float) > 0, length, np.nan)
    return np.asarray(_FACTOR * np.square(area) / known)
