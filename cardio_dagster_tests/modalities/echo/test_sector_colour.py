"""Colour Doppler, a tinted grey scale and coloured marks are told apart."""

import numpy as np
import pytest

from cardio_dagster.modalities.echo.sector.colour import mode_of
from cardio_dagster_tests.modalities.echo.sectors import SHAPE, fan_of, speckled

FAN = fan_of()
FRAMES = speckled(FAN, frames=4)


def coloured(rows, columns):
    colour = np.zeros(SHAPE, np.uint8)
    colour[rows, columns] = 180
    return colour


@pytest.mark.parametrize(
    ("colour", "mode"),
    [
        (None, "b_mode"),
        (np.zeros(SHAPE, np.uint8), "b_mode"),
        (coloured(slice(100, 140), slice(140, 180)), "colour_doppler"),
        (coloured(slice(100, 102), slice(100, 220)), "b_mode"),  # a line
        (coloured(slice(100, 140), slice(2, 30)), "b_mode"),  # a colour bar beside the sector
        ((FRAMES[2] * 0.4).astype(np.uint8), "b_mode"),  # a sepia grey scale
    ],
)
def test_mode(colour, mode):
    assert mode_of(colour, FRAMES, FAN) == mode
