"""The shapes of a drawing as paths of straight lines and cubic curves.

Belongs here: path data and the basic shapes, SVG 1.1 chapters 8 and 9. Not here: how they are painted (svg.py).
"""

import math
import re
from xml.etree import ElementTree as ET

from reportlab.pdfgen.pathobject import PDFPathObject

from cardio_dagster.reporting.pdf.svg_style import number

_COMMAND = re.compile(r"([MmLlHhVvCcSsQqTtAaZz])([^MmLlHhVvCcSsQqTtAaZz]*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_COUNT = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7}


def shape(element: ET.Element, path: PDFPathObject) -> bool:
    """Add the shape of `element` to `path`; return False for what is no shape."""

    def value(name: str) -> float:
        return number(element.get(name))

    match element.tag:
        case "path":
            _Pen(path).draw(element.get("d", ""))
        case "rect":
            path.rect(value("x"), value("y"), value("width"), value("height"))
        case "circle" | "ellipse":
            rx, ry = value("rx") or value("r"), value("ry") or value("r")
            path.ellipse(value("cx") - rx, value("cy") - ry, 2 * rx, 2 * ry)
        case "line":
            path.moveTo(value("x1"), value("y1"))
            path.lineTo(value("x2"), value("y2"))
        case "polyline" | "polygon":
            _polyline(element, path)
        case _:
            return False
    return True


def _polyline(element: ET.Element, path: PDFPathObject) -> None:
    at = [float(n) for n in _NUMBER.findall(element.get("points", ""))]
    for i, (x, y) in enumerate(zip(at[::2], at[1::2], strict=False)):
        (path.lineTo if i else path.moveTo)(x, y)
    if element.tag == "polygon" and len(at) >= 2:
        path.close()


class _Pen:
    """Follows path data; (x, y) is the current point, (cx, cy) the last handle, (sx, sy) where the subpath began."""

    def __init__(self, path: PDFPathObject) -> None:
        self.path = path
        self.x = self.y = self.cx = self.cy = self.sx = self.sy = 0.0

    def draw(self, data: str) -> None:
        for letter, tail in _COMMAND.findall(data):
            kind, relative = letter.upper(), letter.islower()
            if kind == "Z":
                self.path.close()
                self.x, self.y = self.sx, self.sy
                continue
            values, count = [float(n) for n in _NUMBER.findall(tail)], _COUNT[kind]
            for i in range(0, len(values) - count + 1, count):
                self._step("L" if kind == "M" and i else kind, values[i : i + count], relative)

    def _step(self, kind: str, v: list[float], relative: bool) -> None:
        dx, dy = (self.x, self.y) if relative else (0.0, 0.0)
        if kind == "H":
            self._line(v[0] + dx, self.y)
        elif kind == "V":
            self._line(self.x, v[0] + dy)
        elif kind == "L":
            self._line(v[0] + dx, v[1] + dy)
        elif kind == "M":
            self.x, self.y = self.sx, self.sy = v[0] + dx, v[1] + dy
            self.cx, self.cy = self.x, self.y
            self.path.moveTo(self.x, self.y)
        elif kind == "A":
            self._arc(v, v[5] + dx, v[6] + dy)
        else:
            self._curve(kind, [a + (dy if i % 2 else dx) for i, a in enumerate(v)])

    def _line(self, x: float, y: float) -> None:
        self.x, self.y = self.cx, self.cy = x, y
        self.path.lineTo(x, y)

    def _curve(self, kind: str, v: list[float]) -> None:
        """Draw C, S, Q or T; S and T mirror the last handle, Q and T have one handle for both ends."""
        mirrored = [2 * self.x - self.cx, 2 * self.y - self.cy]
        v = [*mirrored, *v] if kind in "ST" else v
        x, y = v[-2:]
        if kind in "QT":
            self.cx, self.cy = qx, qy = v[0], v[1]
            v = [self.x + (qx - self.x) * 2 / 3, self.y + (qy - self.y) * 2 / 3, x + (qx - x) * 2 / 3, y + (qy - y) * 2 / 3, x, y]  # fmt: skip
        else:
            self.cx, self.cy = v[2], v[3]
        self.path.curveTo(*v)
        self.x, self.y = x, y

    def _arc(self, v: list[float], x: float, y: float) -> None:
        """Draw an elliptical arc by its centre (SVG 1.1 appendix F.6.5), in pieces of at most a quarter."""
        rx, ry, turn = abs(v[0]), abs(v[1]), complex(math.cos(math.radians(v[2])), math.sin(math.radians(v[2])))
        half = complex(self.x - x, self.y - y) / 2 / turn
        if not (rx and ry and half):
            return self._line(x, y)
        size = max(1.0, math.hypot(half.real / rx, half.imag / ry))
        start = complex(half.real / rx, half.imag / ry) / size  # on the unit circle, seen from the middle of the chord
        side = 1 if bool(v[3]) != bool(v[4]) else -1
        centre = complex(start.imag, -start.real) / abs(start) * side * math.sqrt(max(0.0, 1 - abs(start) ** 2))
        first, last = start - centre, -start - centre
        angle = math.atan2((last / first).imag, (last / first).real)
        if (v[4] and angle < 0) or (not v[4] and angle > 0):
            angle += math.tau if v[4] else -math.tau
        middle = complex(self.x + x, self.y + y) / 2
        n = max(1, math.ceil(abs(angle) / (math.pi / 2) - 1e-9))
        handle = 4 / 3 * math.tan(angle / n / 4)

        def place(unit: complex) -> tuple[float, float]:
            point = unit + centre
            out = complex(point.real * rx * size, point.imag * ry * size) * turn + middle
            return out.real, out.imag

        for i in range(n):
            a, b = (first * complex(math.cos(angle * k / n), math.sin(angle * k / n)) for k in (i, i + 1))
            self.path.curveTo(*place(a * complex(1, handle)), *place(b * complex(1, -handle)), *place(b))
        self.x, self.y = self.cx, self.cy = x, y
        return None
