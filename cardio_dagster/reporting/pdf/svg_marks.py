"""Ink: a path, a line of text or a picture of a drawing, put onto a page.

Belongs here: single marks in the units of the drawing, whose y runs downwards. Not here: walking through the
drawing (svg.py) or the path of a shape (svg_path.py).
"""

import base64
import io
from xml.etree import ElementTree as ET

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from cardio_dagster.reporting.pdf.fonts import BOLD, REGULAR, clean
from cardio_dagster.reporting.pdf.look import LINE
from cardio_dagster.reporting.pdf.svg_style import Properties, Rules, colour, number, opacity, properties_of

_JOINS, _CAPS = {"miter": 0, "round": 1, "bevel": 2}, {"butt": 0, "round": 1, "square": 2}


def floats(text: str) -> list[float]:
    """Return the numbers of a list parted by blanks or commas."""
    return [float(n) for n in text.replace(",", " ").split()]


def paint_shape(canvas: Canvas, path: PDFPathObject, properties: Properties) -> None:
    """Fill and stroke a path; a pattern or a gradient is no colour and is left out."""
    fill, stroke = colour(properties, "fill"), colour(properties, "stroke")
    width = number(properties.get("stroke-width"), 1.0)
    if stroke is not None and width > 0:
        canvas.setStrokeColor(stroke, alpha=opacity(properties, "stroke"))
        canvas.setLineWidth(width)
        canvas.setLineJoin(_JOINS.get(properties.get("stroke-linejoin", "miter"), 0))
        canvas.setLineCap(_CAPS.get(properties.get("stroke-linecap", "butt"), 0))
        dashes = properties.get("stroke-dasharray", "none")
        canvas.setDash(floats(dashes) if dashes != "none" else [])
    if fill is not None:
        canvas.setFillColor(fill, alpha=opacity(properties, "fill"))
    even_odd = properties.get("fill-rule") == "evenodd"
    if fill is not None or stroke is not None:
        canvas.drawPath(path, fill=fill is not None, stroke=stroke is not None and width > 0, fillMode=not even_odd)


def paint_text(canvas: Canvas, element: ET.Element, properties: Properties, rules: Rules) -> None:
    """Write a <text> with its <tspan>s; each that has a place of its own begins anew."""
    x, y = number(element.get("x")), number(element.get("y"))
    x = _line(canvas, element.text or "", x, y, properties)
    for span in element:
        x, y = number(span.get("x"), x) + number(span.get("dx")), number(span.get("y"), y) + number(span.get("dy"))
        x = _line(canvas, span.text or "", x, y, properties_of(span, properties, rules))
        x = _line(canvas, span.tail or "", x, y, properties)


def _line(canvas: Canvas, words: str, x: float, y: float, properties: Properties) -> float:
    """Write one line and return where it ends; PDF space is upright, so the flip of the drawing is undone."""
    words = " ".join(clean(words).split())
    fill = colour(properties, "fill")
    if not words or fill is None:
        return x
    bold = properties.get("font-weight", "") in {"bold", "600", "700", "800", "900"}
    font, size = BOLD if bold else REGULAR, number(properties.get("font-size"), 16.0)
    width = stringWidth(words, font, size)
    x -= {"middle": width / 2, "end": width}.get(properties.get("text-anchor", "start"), 0.0)
    canvas.saveState()
    canvas.transform(1, 0, 0, -1, x, y)
    canvas.setFillColor(fill, alpha=opacity(properties, "fill"))
    canvas.setFont(font, size)
    canvas.drawString(0, 0, words)
    canvas.restoreState()
    return x + width


def paint_image(canvas: Canvas, element: ET.Element) -> None:
    """Paint an embedded picture, of a moving one its first frame, as large as its box allows, in its middle.

    One that cannot be decoded is a grey box, as it is a blank in a browser.
    """
    x, y = number(element.get("x")), number(element.get("y"))
    source = _picture(element.get("href", ""))
    if source is None:
        canvas.setFillColor(LINE)
        canvas.rect(x, y, number(element.get("width")), number(element.get("height")), stroke=0, fill=1)
        return
    picture_width, picture_height = source.getSize()
    box_width, box_height = number(element.get("width"), picture_width), number(element.get("height"), picture_height)
    scale = min(box_width / picture_width, box_height / picture_height)
    width, height = picture_width * scale, picture_height * scale
    canvas.transform(1, 0, 0, -1, x + (box_width - width) / 2, y + (box_height + height) / 2)
    canvas.drawImage(source, 0, 0, width, height)


def _picture(uri: str) -> ImageReader | None:
    """Return a picture; the bytes of a JPEG enter the file as they are. None where it cannot be decoded."""
    try:
        content = base64.b64decode(uri.partition(",")[2])
        picture = Image.open(io.BytesIO(content))
        picture.load()
    except (ValueError, OSError, Image.DecompressionBombError):  # binascii.Error is a ValueError
        return None
    return ImageReader(io.BytesIO(content) if picture.format == "JPEG" else picture.convert("RGB"))
