"""Words burned into the sector go as a whole, and what is no word stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cardio_dagster.modalities.echo.sector.find import find_sector
from cardio_dagster.modalities.echo.sector.text import boxed, text_lines
from cardio_dagster_tests.modalities.echo.sectors import SHAPE, fan_of, painted, speckled, text

FAN = fan_of()
CLIP = speckled(FAN, frames=12)
# echoes as smooth as a beam leaves them: the speckle of CLIP is finer than any scanner's, and louder than text
SMOOTH = (CLIP[:1] // 4).astype(np.uint8)


@examples(max_examples=12, deadline=None)
@given(row=st.integers(90, 150), column=st.integers(120, 150), size=st.integers(11, 22))
def test_a_name_on_a_still_is_hidden_and_said(row, column, size):
    words = text(SHAPE, "ZORBLATT E", (row, column), size=size)
    found = find_sector(painted(SMOOTH, words), None)
    inside = (words > 110) & found.mask
    assert found.text_suspected
    assert (inside & found.visible).sum() < 0.1 * inside.sum()


@pytest.mark.parametrize("frames", [CLIP, SMOOTH, np.repeat(SMOOTH, 12, axis=0)], ids=["clip", "still", "frozen"])
def test_echoes_alone_are_no_text(frames):
    found = find_sector(frames, None)
    assert found.text_suspected is None
    assert not found.overlay.any()


def test_text_that_stands_on_one_frame_only_is_suspected():
    clip = CLIP // 4
    clip[6] = painted(clip[6], text(SHAPE, "ZORBLATT E", (120, 120), size=18))
    assert find_sector(clip, None).text_suspected


def test_text_of_a_clip_is_hidden_for_sure():
    found = find_sector(painted(CLIP, text(SHAPE, "ZORBLATT E", (120, 120), size=16)), None)
    assert found.overlay[122:130, 122:200].all()
    assert found.text_suspected is None


def test_lines_need_letters_on_one_level_near_each_other():
    image = np.zeros((100, 200), np.uint8)
    for row, column in ((10, 10), (40, 60), (70, 120)):
        image[row : row + 10, column : column + 3] = 255
    assert not text_lines(image, np.ones_like(image, bool)).any()
    image[:] = 0
    for column in (50, 58, 66):
        image[40:50, column : column + 3] = 255
    assert text_lines(image, np.ones_like(image, bool))[40:50, 50:69].all()
    assert not text_lines(image, np.zeros_like(image, bool)).any()


def test_a_trace_and_a_contour_are_not_boxed():
    rows, columns = np.mgrid[:200, :300]
    trace = np.abs(rows - 150 - 15 * np.sin(columns / 12)) < 1.5
    contour = np.abs(np.hypot(rows - 70, columns - 100) - 18) < 1
    assert boxed(trace | contour).sum() == (trace | contour).sum()
