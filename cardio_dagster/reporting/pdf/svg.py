"""A drawing of a modality, painted onto a page.

Belongs here: walking through a checked <svg>: groups, shapes, text, pictures, patterns, clips. Not here: what
enters (drawing.inline checks it), styles (svg_style.py), shapes (svg_path.py), ink (svg_marks.py).

Own code, because svglib 2.3 stops at `height:auto`, draws neither patterns nor WebP and ignores @media.
Markers, masks and gradients are not painted; no drawing of the package has one.
"""

import math
import re
from xml.etree import ElementTree as ET

from reportlab.pdfgen.canvas import Canvas

from cardio_dagster.reporting.drawing import inline
from cardio_dagster.reporting.pdf.svg_marks import floats, paint_image, paint_shape, paint_text
from cardio_dagster.reporting.pdf.svg_path import shape
from cardio_dagster.reporting.pdf.svg_style import INITIAL, Properties, number, properties_of, rules_of

_TRANSFORM = re.compile(r"(translate|scale|rotate|matrix)\(([^)]*)\)")
_SILENT = {"defs", "clipPath", "pattern", "symbol", "style", "title", "desc", "marker", "mask", "linearGradient", "radialGradient"}  # fmt: skip
_MOST_TILES = 10_000
_DEEPEST = 30


class Svg:
    """A drawing to paint: `width` and `height` in its own units; `in_mm` says that one unit is one millimetre."""

    def __init__(self, svg: str, anchor: str, *, label: str) -> None:
        """Check the drawing; raises StudyError (E_INTERNAL_001) where drawing.inline does."""
        self.root = ET.fromstring(inline(svg, anchor, label=label))
        self.left, self.top, self.width, self.height = floats(self.root.attrib["viewBox"])
        self.in_mm = "ecg" in self.root.get("class", "").split()
        self._rules = rules_of(self.root)
        self._ids = {element.attrib["id"]: element for element in self.root.iter() if "id" in element.attrib}

    def paint(self, canvas: Canvas, *, left: float, top: float, scale: float) -> None:
        """Paint with its upper left corner at (left, top) points, `scale` points to a unit."""
        canvas.saveState()
        canvas.transform(scale, 0, 0, -scale, left - self.left * scale, top + self.top * scale)
        _clip_box(canvas, self.left, self.top, self.width, self.height)
        self._element(canvas, self.root, INITIAL, 0)
        canvas.restoreState()

    def _element(self, canvas: Canvas, element: ET.Element, inherited: Properties, depth: int) -> None:
        properties = properties_of(element, inherited, self._rules)
        if element.tag in _SILENT or properties.get("display") == "none" or depth > _DEEPEST:
            return
        canvas.saveState()
        _transform(canvas, element.get("transform", ""))
        self._clip(canvas, properties)
        self._paint(canvas, element, properties, depth)
        canvas.restoreState()

    def _paint(self, canvas: Canvas, element: ET.Element, properties: Properties, depth: int) -> None:
        if element.tag in {"svg", "g"}:
            self._children(canvas, element, properties, depth)
        elif element.tag == "use":
            self._use(canvas, element, properties, depth)
        elif element.tag == "text":
            paint_text(canvas, element, properties, self._rules)
        elif element.tag == "image":
            paint_image(canvas, element)
        else:
            path = canvas.beginPath()
            if shape(element, path):
                self._fill_with_pattern(canvas, element, properties, depth)
                paint_shape(canvas, path, properties)

    def _children(self, canvas: Canvas, element: ET.Element, properties: Properties, depth: int) -> None:
        for child in element:
            self._element(canvas, child, properties, depth + 1)

    def _use(self, canvas: Canvas, element: ET.Element, properties: Properties, depth: int) -> None:
        target = self._ids.get(element.get("href", "")[1:])
        canvas.translate(number(element.get("x")), number(element.get("y")))
        if target is not None and target.tag == "symbol":
            self._children(canvas, target, properties, depth + 1)
        elif target is not None:
            self._element(canvas, target, properties, depth + 1)

    def _named(self, text: str | None, tag: str) -> ET.Element | None:
        found = re.fullmatch(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)", text or "")
        element = self._ids.get(found[1]) if found else None
        return element if element is not None and element.tag == tag else None

    def _clip(self, canvas: Canvas, properties: Properties) -> None:
        clip = self._named(properties.get("clip-path"), "clipPath")
        if clip is not None:
            path = canvas.beginPath()
            for child in clip:
                shape(child, path)
            canvas.clipPath(path, stroke=0, fill=0)

    def _fill_with_pattern(self, canvas: Canvas, element: ET.Element, properties: Properties, depth: int) -> None:
        """Repeat a pattern over a rectangle; other shapes are not filled with one by any drawing of ours."""
        pattern = self._named(properties.get("fill"), "pattern")
        if pattern is None or element.tag != "rect" or depth > _DEEPEST:
            return
        x, y, width, height = (number(element.get(name)) for name in ("x", "y", "width", "height"))
        dx, dy = number(pattern.get("width")), number(pattern.get("height"))
        if min(dx, dy) <= 0 or math.ceil(width / dx) * math.ceil(height / dy) > _MOST_TILES:
            return
        canvas.saveState()
        _clip_box(canvas, x, y, width, height)
        for row in range(math.floor(y / dy), math.ceil((y + height) / dy)):
            for column in range(math.floor(x / dx), math.ceil((x + width) / dx)):
                canvas.saveState()
                canvas.translate(column * dx, row * dy)
                self._children(canvas, pattern, INITIAL, depth + 1)
                canvas.restoreState()
        canvas.restoreState()


def _clip_box(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    path = canvas.beginPath()
    path.rect(x, y, width, height)
    canvas.clipPath(path, stroke=0, fill=0)


def _transform(canvas: Canvas, text: str) -> None:
    for name, arguments in _TRANSFORM.findall(text):
        v = floats(arguments)
        if name == "matrix":
            canvas.transform(*v)
        elif name == "translate":
            canvas.translate(v[0], v[1] if len(v) > 1 else 0.0)
        elif name == "scale":
            canvas.scale(v[0], v[-1])
        else:
            about = v[1:3] if len(v) == 3 else [0.0, 0.0]
            canvas.translate(*about)
            canvas.rotate(v[0])
            canvas.translate(-about[0], -about[1])
