"""The cut that misses the apex: what a plane tilted about the mitral annulus shows of round slices.

Belongs here: that one geometry. Not here: the ventricle itself (ventricle.py).
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.demo.simulated_echo.ventricle import LEVELS, Contour

# At a foreshortening of 1, how far the plane passes beside the apex, as a share of the largest radius.
_LARGEST_OFFSET = 0.8


def cut_off_axis(contour: Contour, foreshortening: float) -> Contour:
    """Return the contour that a tilted plane shows; the true volume stays with it.

    At a height z the plane lies z tan(a) beside the long axis, so a slice of radius r shows a chord of
    half-length sqrt(r^2 - (z tan a)^2), at z / cos(a) along the plane; it ends where the chord vanishes.
    """
    radius, height = np.ptp(contour.inner[:, 0]) / 2, contour.inner[:, 1].max()
    slope = foreshortening * _LARGEST_OFFSET * radius / height
    return replace(contour, inner=_chords(contour.inner, slope), outer=_chords(contour.outer, slope))


def _chords(edge: np.ndarray, slope: float) -> np.ndarray:
    top = int(edge[:, 1].argmax())
    fine = np.linspace(0, 1, 800)
    z = (1 - (1 - fine) ** 2) * edge[top, 1]
    left = np.interp(z, edge[: top + 1, 1], edge[: top + 1, 0])
    right = np.interp(z, edge[top:, 1][::-1], edge[top:, 0][::-1])
    chord = ((right - left) / 2) ** 2 - (z * slope) ** 2
    end = int(np.argmax(chord <= 0)) or len(z) - 1
    half = np.sqrt(np.maximum(chord[: end + 1], 0))
    half[end] = 0.0
    levels = z[end] * LEVELS
    centre = np.interp(levels, z, (left + right) / 2)
    wide = np.interp(levels, z[: end + 1], half)
    along = levels * np.hypot(1, slope)
    return np.concatenate([np.stack([centre - wide, along], 1), np.stack([centre + wide, along], 1)[-2::-1]])
