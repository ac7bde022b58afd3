"""SVG drawings on their way into a page: checked, and named so that two never collide.

Belongs here: the only door by which markup that is not ours-by-template enters report.html.
Not here: drawing (modalities/) or the page (html_report.py).
"""

import re
from xml.etree import ElementTree as ET

from cardio_dagster.errors import StudyError

ELEMENTS = frozenset({"svg", "g", "path", "line", "polyline", "polygon", "rect", "circle", "ellipse", "text", "tspan", "title", "desc", "defs", "clipPath", "use", "marker", "pattern", "symbol", "mask", "linearGradient", "radialGradient", "stop", "image", "style"})  # fmt: skip
_EMBEDDED_IMAGE = re.compile(r"data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/=\s]*")
_FOREIGN_STYLE = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:|expression\(|\\|</", re.IGNORECASE)
_REFERENCE = re.compile(r"#([A-Za-z_][\w.-]*)")
_NUMBER = re.compile(r"[\d.]+")


def inline(svg: str, anchor: str, *, label: str) -> str:
    """Return `svg` as markup for an HTML page: checked, its ids and styles confined to `anchor`.

    The element gets the id `<anchor>-svg`, role img and `label` as its name; its fixed size
    goes, so that the page's style decides. Raises StudyError (E_INTERNAL_001) where it is no
    lone well-formed <svg>, holds an element outside ELEMENTS (such as <script>), an on...
    handler, or a reference to anything but itself and embedded PNG, JPEG or WebP images.
    """
    root = _parsed(svg)
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    for element in root.iter():
        _check(element)
        _confine(element, ids, anchor)
    _size_by_view_box(root)
    root.attrib.update({"id": f"{anchor}-svg", "role": "img", "aria-label": label})
    return ET.tostring(root, encoding="unicode")


def units_wide(svg: str) -> float:
    """Return the width of the drawing in its own units, by its viewBox or else its width; 0 where it has neither."""
    root = _parsed(svg)
    view_box = root.attrib.get("viewBox", "").replace(",", " ").split()
    width = _NUMBER.match(view_box[2] if len(view_box) == 4 else root.attrib.get("width", ""))
    return float(width[0]) if width else 0.0


def in_millimetres(svg: str) -> bool:
    """Return whether one unit of the drawing is a millimetre of paper: the ECG's drawings say so by their class `ecg`."""
    return "ecg" in _parsed(svg).attrib.get("class", "").split()


def _parsed(svg: str) -> ET.Element:
    if re.search("<!(doctype|entity)", svg, re.IGNORECASE):
        raise _refusal("a document type or entity")
    try:
        root = ET.fromstring(svg)
    except ET.ParseError as error:
        raise _refusal(f"markup that is not well formed ({error})") from None
    for element in root.iter():  # inline SVG in HTML has no namespace prefixes
        element.tag = _local(element.tag)
        element.attrib = {_local(name): value for name, value in element.attrib.items()}
    if root.tag != "svg":
        raise _refusal(f"<{root.tag}> as its outermost element")
    return root


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _check(element: ET.Element) -> None:
    if element.tag not in ELEMENTS:
        raise _refusal(f"the element <{element.tag}>")
    for name, value in element.attrib.items():
        if name.lower().startswith("on"):
            raise _refusal(f"the handler {name}")
        if name.lower() in {"href", "src"}:
            if not (value.startswith("#") or _EMBEDDED_IMAGE.fullmatch(value)):
                raise _refusal("a link that leads out of the drawing")
        elif _FOREIGN_STYLE.search(value):
            raise _refusal(f"an outside reference in {name}")
    if element.tag == "style" and _FOREIGN_STYLE.search(element.text or ""):
        raise _refusal("an outside reference in its style")


def _confine(element: ET.Element, ids: set[str], anchor: str) -> None:
    """Prefix every id of the drawing and every reference to one; nest its style below its own element."""

    def own(match: re.Match[str]) -> str:
        return f"#{anchor}-{match[1]}" if match[1] in ids else match[0]

    for name, value in element.attrib.items():
        if name == "id":
            element.attrib[name] = f"{anchor}-{value}"
        elif name in {"aria-labelledby", "aria-describedby"}:
            element.attrib[name] = " ".join(f"{anchor}-{word}" if word in ids else word for word in value.split(" "))
        elif name == "href" or "url(" in value:
            element.attrib[name] = _REFERENCE.sub(own, value) if not value.startswith("data:") else value
    if element.tag == "style":
        element.text = f"#{anchor}-svg {{ {_REFERENCE.sub(own, element.text or '')} }}"


def _size_by_view_box(root: ET.Element) -> None:
    width, height = (_NUMBER.match(root.attrib.pop(name, "")) for name in ("width", "height"))
    if "viewBox" not in root.attrib:
        if not (width and height):
            raise _refusal("neither a viewBox nor a width and height")
        root.attrib["viewBox"] = f"0 0 {width[0]} {height[0]}"


def _refusal(seen: str) -> StudyError:
    return StudyError(
        "E_INTERNAL_001",
        "a figure was refused because it is not a plain, self-contained drawing",
        seen=seen,
        allowed="one <svg> of shapes, text and embedded PNG, JPEG or WebP images, without script or outside link",
    )
