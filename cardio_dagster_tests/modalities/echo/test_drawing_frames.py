"""The still pictures: contours where the mask is, captions that tell the truth, nothing from outside the sector."""

import base64
import io
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, binary_erosion

from cardio_dagster.modalities.echo.drawing.contours import outline
from cardio_dagster.modalities.echo.drawing.frames import draw_frames
from cardio_dagster.modalities.echo.drawing.overlay import draw_discs, draw_scale
from cardio_dagster.modalities.echo.drawing.palette import STRUCTURES
from cardio_dagster.modalities.echo.drawing.pictures import placement, sector_pictures
from cardio_dagster.reporting.drawing import inline
from cardio_dagster_tests.modalities.echo.drawing_samples import LEFT, SIZE, TOP, WIDTH, beating, labels_at

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> str:
    return " | ".join(e.text or "" for e in ET.fromstring(svg).iter(f"{SVG}text"))


def numbers(data: str) -> np.ndarray:
    return np.array(re.findall(r"-?\d+\.?\d*", data), float).reshape(-1, 2)


def filled(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    canvas = Image.new("1", size)
    ImageDraw.Draw(canvas).polygon([tuple(p) for p in points], fill=1)
    return np.asarray(canvas)


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.name)
@pytest.mark.parametrize("fraction", [0.0, 0.24])
def test_an_outline_encloses_its_mask_and_nothing_else(structure, fraction):
    labels = labels_at(fraction)
    probabilities = np.stack([labels == c for c in (1, 2, 3)]).astype(np.uint8) * 255
    line = outline(labels, probabilities, structure.label)
    inside, mask = filled(line[:, ::-1], labels.shape[::-1]), labels == structure.label
    assert not (inside & ~binary_dilation(mask, np.ones((3, 3)))).any()  # the filled polygon holds its own edge
    assert not (binary_erosion(mask, iterations=2) & ~inside).any()


def test_an_absent_structure_has_no_outline():
    nothing = np.zeros((SIZE, SIZE), np.uint8)
    assert outline(nothing, np.zeros((3, SIZE, SIZE), np.uint8), 1) is None


def test_contours_in_the_drawing_lie_on_the_mask_of_the_shown_frame():
    function = beating()
    root = ET.fromstring(draw_frames(function).svg)
    panels = [g for g in root.iter(f"{SVG}g") if g.find(f"{SVG}image") is not None]
    scale = float(panels[0].find(f"{SVG}image").attrib["width"]) / WIDTH  # units of the drawing for a file pixel
    for panel, position in zip(panels, (function.ed, function.es), strict=True):
        (line,) = (p for p in panel.iter(f"{SVG}path") if p.attrib.get("stroke") == "#4cc9f0")
        rows, columns = np.nonzero(function.found.labels[position] == 1)
        side = WIDTH  # the crop is broader than high: padded above and below by (320 - 240) / 2
        at_x = (columns + 0.5) * side / SIZE * scale
        at_y = ((rows + 0.5) * side / SIZE - 40) * scale
        drawn = numbers(line.attrib["d"])
        np.testing.assert_allclose(drawn.min(0), (at_x.min(), at_y.min()), atol=1.5)
        np.testing.assert_allclose(drawn.max(0), (at_x.max(), at_y.max()), atol=1.5)


def test_the_picture_of_a_crop_does_not_move_with_its_place_in_the_file():
    function = beating()
    box = function.prepared.letterbox
    points = np.array([[80.0, 80.0], [10.0, 40.0]])
    elsewhere = replace(box, top=TOP + 7, left=LEFT + 9)
    np.testing.assert_array_equal(placement(box, 200)(points), placement(elsewhere, 200)(points))


def test_captions_name_frame_volume_and_confidence():
    function = beating(missing=())
    said = words(draw_frames(function).svg)
    edv = function.volume_ml(function.beat.edv)
    assert f"End-diastole, frame {function.frame_number(function.ed)}" in said
    assert f"End-systole, frame {function.frame_number(function.es)}" in said
    assert f"{edv:.0f} mL, confidence 0.93" in said
    assert "5 cm" in said


def test_without_a_spacing_there_is_neither_volume_nor_scale():
    figure = draw_frames(beating(mm=None))
    assert " mL" not in words(figure.svg)
    assert " cm" not in words(figure.svg)
    assert "No scale: the file states no pixel spacing" in figure.description


def test_the_scale_has_its_length():
    function = beating()
    bar = draw_scale(function.mm_per_pixel, function.prepared.letterbox, (236.0, 177.0))
    units = float(re.search(r"v(\d+\.\d)", bar)[1])
    assert units == pytest.approx(50 / 0.5 * 236 / WIDTH, abs=0.1)  # 5 cm at 0.5 mm a file pixel
    assert draw_scale(None, function.prepared.letterbox, (236.0, 177.0)) == ""
    assert draw_scale(0.2, function.prepared.letterbox, (236.0, 177.0)).count("1 cm") == 1
    assert draw_scale(0.001, function.prepared.letterbox, (236.0, 177.0)) == ""  # no whole centimetre fits


def test_twenty_discs_of_the_measured_diameters_share_the_axis():
    function = beating()
    chamber = function.ventricles[function.ed]
    drawn = ET.fromstring(draw_discs(chamber, lambda points: points[:, ::-1]))
    discs = [numbers(part) for part in drawn[0].attrib["d"].split("Z") if part]
    assert len(discs) == 20
    for disc, diameter in zip(discs, chamber.diameters, strict=True):
        assert np.hypot(*(disc[1] - disc[0])) == pytest.approx(diameter, abs=0.15)
    heights = [np.hypot(*(disc[2] - disc[1])) for disc in discs]
    assert sum(heights) == pytest.approx(chamber.axis.length, abs=1.5)


@pytest.mark.parametrize(
    ("function", "title"),
    [
        (lambda: beating(frames=1), "Largest ventricle, frame 1"),
        (lambda: beating(trusted=False), "Middle frame, frame 19"),
        (lambda: beating(frames=1, mm=None, rate_hz=None), "Largest ventricle, frame 1"),
    ],
    ids=["still", "untrusted", "still without spacing"],
)
def test_without_a_beat_one_frame_is_shown(function, title):
    figure = draw_frames(function())
    assert title in words(figure.svg)
    assert figure.svg.count("<image") == 1
    assert "nan" not in re.sub(r"base64,[^\"]*", "", figure.svg).lower()


def test_no_pixel_from_outside_the_sector_reaches_the_picture():
    function = beating(frames=1)
    prepared = function.prepared
    written = prepared.pictures.copy()
    written[:, :18] = 255  # "burned-in text" at the top and in the corner of the file frame
    written[:, 150:, :18] = 255
    shown = sector_pictures(replace(prepared, pictures=written), [0])[0]
    assert shown[:18].max() == 0
    assert shown[150:, :18].max() == 0
    assert shown.max() > 60  # the rest is still a picture
    svg = draw_frames(replace(function, prepared=replace(prepared, pictures=written))).svg
    content = base64.b64decode(re.search(r"data:image/jpeg;base64,([^\"]+)", svg)[1])
    jpeg = np.asarray(Image.open(io.BytesIO(content)))
    assert jpeg[:12].max() <= 8  # JPEG may ring by a few grey levels
    assert jpeg[158:, :10].max() <= 8


def test_the_drawing_passes_the_reports_door_and_is_small():
    svg = draw_frames(beating()).svg
    assert "<image" in inline(svg, "figure-1", label="x")
    assert len(svg) < 90_000
