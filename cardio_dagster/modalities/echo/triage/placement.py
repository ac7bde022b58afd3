"""Does the plane cut the ventricle whole: inside the sector, and along its true length.

Belongs here: gates judged from the contours that the network found. Not here: gates judged from
pixels (quality.py).
"""

import numpy as np
from scipy import ndimage

from cardio_dagster.outcome import Gate, Verdict

INSIDE_GATE = Gate(
    "echo_ventricle_inside",
    "1",
    "Share of frames in which the ventricle does not touch the sector's border",
    "1",
    minimum=0.90,
)
ELONGATION_GATE = Gate(
    "echo_elongation",
    "1",
    "Squared LV length over LV area at end-diastole; less is round, as if foreshortened",
    "1",
    minimum=1.55,
)
SHORTENING_GATE = Gate(
    "echo_long_axis",
    "1",
    "Shortening of the LV length; more is an apex that moves through the plane",
    "1",
    maximum=0.26,
)
GATES = (INSIDE_GATE, ELONGATION_GATE, SHORTENING_GATE)

_VENTRICLE = 1  # label
_SAMPLE = np.ones((1, 3, 3), bool)


def ventricle_inside(labels: np.ndarray, sector: np.ndarray) -> Verdict:
    """Judge the share of frames in which the ventricle keeps clear of the sector's border.

    `labels` is (n, s, s) uint8 with 1 for the cavity, `sector` (s, s) bool on the same grid, its holes
    (burned-in marks) closed first. Clear means that the cavity, grown by one pixel, lies in the sector and not on the
    image's edge. Frames without a ventricle do not count; where none has one the value is None.
    """
    cavity = labels == _VENTRICLE
    has_one = cavity.any(axis=(1, 2))
    if not has_one.any():
        return INSIDE_GATE.judge(None)
    room = ndimage.binary_fill_holes(sector)
    room[[0, -1]] = room[:, [0, -1]] = False
    grown = ndimage.binary_dilation(cavity[has_one], _SAMPLE)
    clear = ~(grown & ~room).any(axis=(1, 2))
    return INSIDE_GATE.judge(round(float(clear.mean()), 4))


def foreshortening(lengths: np.ndarray, areas: np.ndarray) -> tuple[Verdict, Verdict]:
    """Judge from one plane whether it misses the apex: a round ventricle, or one that shortens too much.

    `lengths` (n,) and `areas` (n,) are the cavity's long axis and area in each frame, in pixels and pixels
    squared or in mm and mm2; NaN where there is no ventricle. End-diastole is the frame of the largest
    area, end-systole that of the smallest. Elongation is length squared over area: 4 / pi times length over
    width of an ellipse. With fewer than two usable frames the shortening is None, which does not pass.

    Limits: both bounds are the outer 1 to 3 % of expert contours of CAMUS four-chamber images, which hold dilated
    hearts; a spherical ventricle fails the first, a hyperdynamic one the second without any
    foreshortening. In simulated clips a foreshortening of 0.6 lowers the elongation by only 0.12, within its scatter
    among hearts (0.25): a passed gate does not prove a true apex. Only a second plane would (Lang et al. 2015,
    10.1016/j.echo.2014.10.003, section on LV volumes: the longest axis is to be shown).
    """
    usable = np.isfinite(lengths) & np.isfinite(areas) & (areas > 0)
    if not usable.any():
        return ELONGATION_GATE.judge(None), SHORTENING_GATE.judge(None)
    lengths, areas = np.asarray(lengths)[usable], np.asarray(areas)[usable]
    diastole, systole = int(areas.argmax()), int(areas.argmin())
    elongation = float(lengths[diastole] ** 2 / areas[diastole])
    shortening = float(1 - lengths[systole] / lengths[diastole]) if len(areas) > 1 else None
    return (
        ELONGATION_GATE.judge(round(elongation, 3)),
        SHORTENING_GATE.judge(None if shortening is None else round(shortening, 3)),
    )
