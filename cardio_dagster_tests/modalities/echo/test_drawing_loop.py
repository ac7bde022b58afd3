"""The moving picture: as many frames as claimed, the duration of the beat, contours where the mask is, and small."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cardio_dagster.modalities.echo.drawing.burn import burned
from cardio_dagster.modalities.echo.drawing.loop import SIZE_MAX_BYTES, draw_loop, plan_loop
from cardio_dagster.modalities.echo.drawing.palette import STRUCTURES, rgb
from cardio_dagster.reporting.drawing import inline
from cardio_dagster_tests.modalities.echo.drawing_samples import beating
from cardio_dagster_tests.modalities.echo.test_drawing_frames import words


def animation(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"data:image/webp;base64,([^\"]+)", svg)[1])))


def durations(image: Image.Image) -> list[int]:
    found = []
    for i in range(image.n_frames):
        image.seek(i)
        image.load()
        found.append(image.info["duration"])
    return found


@pytest.fixture(scope="module")
def drawn():
    return draw_loop(beating())


def test_one_beat_from_end_diastole_to_the_next_at_true_speed(drawn):
    shown = animation(drawn.svg)
    assert shown.n_frames == 12
    assert sum(durations(shown)) == 800  # 12 frames at 15 Hz
    assert shown.info["loop"] == 0  # for ever
    assert shown.width <= 240
    assert "One beat" in drawn.description
    assert "0.80 s, true speed" in words(drawn.svg)


def test_a_fast_clip_is_thinned_and_keeps_its_speed():
    plan = plan_loop(beating(frames=108, period=36, rate_hz=45.0))
    assert len(plan.positions) == 18
    assert set(np.diff(plan.positions)) == {2}
    assert plan.durations_ms.sum() == 800


def test_without_a_whole_beat_as_much_as_one_and_a_half_seconds():
    function = beating(frames=40, period=300, rate_hz=20.0)  # no whole contraction
    plan = plan_loop(function)
    assert not plan.is_beat
    assert len(plan.positions) == 30
    assert plan.durations_ms.sum() == 1500
    assert "Part of the clip" in draw_loop(function).description


def test_a_short_clip_is_shown_whole():
    plan = plan_loop(beating(frames=12, period=300))
    assert plan.positions.tolist() == list(range(12))


def test_a_beat_without_its_end_gives_way_to_one_with():
    function = beating(frames=33)  # the third beat has no end-diastole after it
    last = replace(function, beat=function.beats[-1])
    plan = plan_loop(last)
    assert plan.is_beat
    assert plan.positions[0] in {beat.ed for beat in function.beats[:-1]}


def test_without_a_frame_rate_it_says_that_the_speed_is_not_true():
    figure = draw_loop(beating(rate_hz=None))
    assert "not the true speed" in words(figure.svg)
    assert " s," not in words(figure.svg)


def test_a_still_does_not_move():
    assert draw_loop(beating(frames=1)) is None


def test_untrusted_contours_are_shown_all_the_same():
    assert draw_loop(beating(trusted=False)) is not None


def test_no_clip_makes_it_too_large():
    noise = np.random.default_rng(0).integers(0, 256, (46, 192, 256), np.uint8)  # what compresses worst
    function = beating(frames=46, period=300, rate_hz=30.0, pictures=noise)
    assert len(draw_loop(function).svg) < SIZE_MAX_BYTES


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
def test_burned_contours_lie_on_the_edge_of_the_mask(structure):
    function = beating(frames=1)
    prepared = replace(function.prepared, pictures=np.zeros_like(function.prepared.pictures))
    picture = burned(prepared, function.found, np.array([0]), 240)[0].astype(int)
    ink = (np.abs(picture - rgb(structure.colour)).sum(2) < 30).nonzero()
    rows, columns = (function.found.labels[0] == structure.label).nonzero()
    scale = 240 / 160  # picture pixels for a pixel of the answer grid; 30 of these are padding above
    assert ink[1].min() == pytest.approx(columns.min() * scale, abs=2.5)
    assert ink[1].max() == pytest.approx((columns.max() + 1) * scale, abs=2.5)
    assert ink[0].min() == pytest.approx(rows.min() * scale - 30, abs=2.5)
    assert ink[0].max() == pytest.approx((rows.max() + 1) * scale - 30, abs=2.5)


def test_no_pixel_from_outside_the_sector_is_in_any_frame():
    function = beating()
    written = function.prepared.pictures.copy()
    written[:, :18] = 255
    written[:, 150:, :18] = 255
    svg = draw_loop(replace(function, prepared=replace(function.prepared, pictures=written))).svg
    shown = animation(svg)
    for i in range(shown.n_frames):
        shown.seek(i)
        frame = np.asarray(shown.convert("L"))
        assert frame[:10].max() <= 12  # WebP may ring by a few grey levels
        assert frame[146:, :10].max() <= 12


def test_who_asks_for_less_motion_gets_a_still(drawn):
    svg = drawn.svg
    assert "prefers-reduced-motion:reduce" in svg
    assert 'class="still"' in svg
    assert "data:image/jpeg" in svg


def test_the_moving_picture_passes_the_reports_door(drawn):
    markup = inline(drawn.svg, "figure-1", label="x")
    assert "image/webp" in markup
    assert "prefers-reduced-motion" in markup
