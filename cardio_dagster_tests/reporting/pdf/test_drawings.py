import base64
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from cardio_dagster.reporting.pdf import to_pdf
from cardio_dagster.reporting.pdf.figures import Drawing
from cardio_dagster.reporting.pdf.fonts import register_fonts
from cardio_dagster.reporting.pdf.svg import Svg
from cardio_dagster.reporting.pdf.svg_path import _Pen
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.pdf.reading import near, pages, pixels, reader

RED, GREEN, BLUE = (255, 0, 0), (0, 128, 0), (0, 0, 255)
PX = 10.0  # to a millimetre


def svg(body, box="0 0 40 30", more=""):
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"{more}>{body}</svg>'


def painted(body, box="0 0 40 30"):
    """Return a drawing painted one millimetre to a unit, as pixels, PX to a unit."""
    register_fonts()
    drawing, buffer = Svg(svg(body, box), "figure-1", label="x"), io.BytesIO()
    canvas = Canvas(buffer, pagesize=(drawing.width * mm, drawing.height * mm), invariant=1)
    drawing.paint(canvas, left=0, top=drawing.height * mm, scale=mm)
    canvas.save()
    return pixels(buffer.getvalue(), 0, px_per_mm=PX)


def extent(found):
    """Return left, top, right, bottom of what was found, in units."""
    rows, columns = np.nonzero(found)
    return tuple(v / PX for v in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))


def ecg_paper(height_mm=116, width_mm=262):
    """Return a paper as modalities/ecg/drawing draws it, one unit a millimetre, with a 10 mm high and 25 mm wide pulse."""
    thick = "".join(f"M{x} 0V{height_mm}" for x in range(0, width_mm + 1, 5))
    return svg(
        f'<rect width="{width_mm}" height="{height_mm}" fill="#fffaf7"/><path d="{thick}" stroke="#e3a9a2" stroke-width="0.3" fill="none"/>'
        '<g fill="none" stroke="#0000ff" stroke-width="40" transform="scale(.01)"><path d="M2000 3000l0 -1000 2500 0 0 1000"/></g>',
        f"0 0 {width_mm} {height_mm}",
        ' class="ecg"',
    )


def with_ecg(drawing):
    report = samples.full()
    return replace(report, figures=(replace(report.figures[0], svg=drawing),))


def test_the_ecg_is_true_to_scale_on_paper():
    content = to_pdf(with_ecg(ecg_paper()))
    found = reader(content)
    across = [i for i, page in enumerate(found.pages) if page.mediabox.width > page.mediabox.height]
    assert len(across) == 1
    width, height = found.pages[across[0]].mediabox.width, found.pages[across[0]].mediabox.height
    assert (float(width), float(height)) == pytest.approx((841.89, 595.28), abs=0.01)  # ISO 216 A4
    picture = pixels(content, across[0], px_per_mm=PX)
    pulse = extent(near(picture, BLUE))
    assert pulse[2] - pulse[0] == pytest.approx(25 + 0.4, abs=0.11)  # one second at 25 mm/s, and the pen
    assert pulse[3] - pulse[1] == pytest.approx(10 + 0.2, abs=0.11)  # one millivolt at 10 mm/mV
    row = near(picture, (0xE3, 0xA9, 0xA2))[int(pulse[3] * PX) + 200]
    lines = np.flatnonzero(row & ~np.roll(row, 1)) / PX * 72 / 25.4
    assert len(lines) == 53
    assert np.diff(lines) == pytest.approx(14.17, abs=0.3)
    assert (lines[-1] - lines[0]) / 52 == pytest.approx(14.173, abs=0.01)  # points in 5 mm
    assert "true to scale" in pages(content)[across[0]]


def test_an_ecg_too_tall_for_a_page_is_cut_between_rows_and_stays_true():
    content = to_pdf(with_ecg(ecg_paper(height_mm=316)))
    across = [i for i, page in enumerate(reader(content).pages) if page.mediabox.width > page.mediabox.height]
    assert len(across) == 3
    grids = [near(pixels(content, i, px_per_mm=4), (0xE3, 0xA9, 0xA2)).sum(axis=1) > 50 for i in across]
    heights = [grid.sum() / 4 for grid in grids]
    assert heights[0] == pytest.approx(135, abs=0.6)  # the margin above and five rows of 25 mm
    assert sum(heights) == pytest.approx(316, abs=1)


def test_an_ecg_wider_than_the_page_does_not_claim_a_scale():
    text = " ".join(pages(to_pdf(with_ecg(ecg_paper(width_mm=400)))))
    assert "Not true to scale" in text
    assert "Printed at 100" not in text


def test_a_drawing_without_a_scale_of_its_own_fits_the_page():
    drawing = Drawing(Svg(svg("", "0 0 100 4000"), "figure-1", label="x"))
    assert drawing.height <= 88 * mm + 0.001
    assert not drawing.is_true


def test_styles_for_paper_hold_and_those_for_screens_do_not():
    style = "<style>.a{display:none}.b{fill:#f00}@media (max-width:40rem){.b{fill:#00f}}@media (prefers-reduced-motion:reduce),print{.a{display:inline}.c{display:none}}</style>"
    picture = painted(
        style + '<rect class="a" width="10" height="10" fill="#008000"/><rect class="b" x="10" width="10" height="10"/>'
        '<rect class="c" x="20" width="10" height="10" fill="#00f"/>'
    )
    assert extent(near(picture, GREEN)) == pytest.approx((0, 0, 10, 10), abs=0.11)
    assert extent(near(picture, RED)) == pytest.approx((10, 0, 20, 10), abs=0.11)
    assert not near(picture, BLUE).any()


def test_transforms_clips_and_patterns():
    picture = painted(
        '<defs><clipPath id="c"><rect width="5" height="30"/></clipPath><pattern id="p" width="4" height="4" patternUnits="userSpaceOnUse">'
        '<rect width="2" height="4" fill="#00f"/></pattern></defs>'
        '<g clip-path="url(#c)"><rect width="40" height="10" fill="#f00"/></g>'
        '<g transform="translate(10 10) scale(2)"><rect width="5" height="5" fill="#008000"/></g>'
        '<rect x="20" width="20" height="8" fill="url(#p)"/>'
    )
    assert extent(near(picture, RED)) == pytest.approx((0, 0, 5, 10), abs=0.11)
    assert extent(near(picture, GREEN)) == pytest.approx((10, 10, 20, 20), abs=0.11)
    assert near(picture, BLUE).sum() / PX**2 == pytest.approx(80, rel=0.05)  # half of 20 x 8


@pytest.mark.parametrize(("anchor", "left"), [("start", 20), ("middle", None), ("end", None)])
def test_text_stands_upright_at_its_anchor(anchor, left):
    picture = painted(f'<text x="20" y="20" font-size="8" fill="#f00" text-anchor="{anchor}">L</text>')
    x0, y0, x1, y1 = extent(near(picture, RED, within=90))
    assert y1 == pytest.approx(20, abs=0.2)
    assert y1 - y0 == pytest.approx(8 * 0.729, abs=0.3)  # height of capitals of DejaVu Sans: 1493 of 2048
    rows, columns = np.nonzero(near(picture, RED, within=90))
    assert np.median(columns[rows == rows.max()]) > np.median(
        columns[rows == rows.min()]
    )  # the foot of an L lies right below
    assert {"start": x0 >= 20, "middle": x0 < 20 < x1, "end": x1 <= 20.2}[anchor]


def image(kind, frames=1):
    pictures = [Image.new("RGB", (20, 10), c) for c in ("#0000ff", "#ff0000", "#008000")[:frames]]
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": pictures[1:], "duration": 40} if frames > 1 else {}
    pictures[0].save(buffer, kind, **more)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.mark.parametrize(("kind", "frames"), [("PNG", 1), ("JPEG", 1), ("WEBP", 1), ("WEBP", 3)])
def test_pictures_are_shown_and_of_moving_ones_the_first_frame(kind, frames):
    picture = painted(f'<image x="5" y="5" width="20" height="20" href="{image(kind, frames)}"/>')
    assert extent(near(picture, BLUE)) == pytest.approx((5, 10, 25, 20), abs=0.11)  # in the middle of its box
    assert not near(picture, RED).any()


def test_a_picture_that_cannot_be_read_is_a_grey_box():
    picture = painted('<image x="5" y="5" width="20" height="20" href="data:image/png;base64,AAAA"/>')
    assert extent(near(picture, (0xC4, 0xC9, 0xD0), within=3)) == pytest.approx((5, 5, 25, 25), abs=0.11)


def test_references_in_a_circle_come_to_an_end():
    painted('<g id="a"><use href="#a"/><rect width="3" height="3"/></g>')


def test_a_half_circle_by_arc_and_a_square_by_curves():
    picture = painted('<path d="M10 20A10 10 0 0 1 30 20Z" fill="#f00"/><path d="m2 2q0 0 4 0t4 0v4h-8z" fill="#00f"/>')
    assert extent(near(picture, RED, 120)) == pytest.approx((10, 10, 30, 20), abs=0.2)
    assert near(picture, RED).sum() / PX**2 == pytest.approx(math.pi * 50, rel=0.02)
    assert extent(near(picture, BLUE, 120)) == pytest.approx((2, 2, 10, 6), abs=0.2)


@given(
    st.floats(1, 50), st.floats(1, 50), st.floats(0, 180), st.booleans(), st.booleans(), st.floats(-40, 40), st.floats(-40, 40)
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_an_arc_ends_where_it_should(rx, ry, turn, large, sweep, x, y):
    path = PDFPathObject()
    pen = _Pen(path)
    pen.draw(f"M0 0A{rx:.3f} {ry:.3f} {turn:.3f} {large:d} {sweep:d} {x:.3f} {y:.3f}L9 9")
    before = path.getCode().split()[:-3]
    if abs(x) + abs(y) > 0.01:
        assert [float(v) for v in before[-3:-1]] == pytest.approx([round(x, 3), round(y, 3)], abs=0.01)


@pytest.mark.parametrize(
    ("flags", "area"),
    [("0 1", math.pi * 25), ("0 0", 100 - math.pi * 25), ("1 1", math.pi * 75 + 100)],
)
def test_of_the_four_arcs_the_flags_choose_one(flags, area):
    picture = painted(f'<path d="M10 20A10 10 0 {flags} 20 10L20 20Z" fill="#f00"/>')
    assert near(picture, RED, 120).sum() / PX**2 == pytest.approx(area, rel=0.02)
