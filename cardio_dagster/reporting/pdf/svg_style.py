"""How a shape of a drawing is painted: its own attributes, its class, and what it inherits.

Belongs here: the few properties that our drawings use, colours, the little CSS they carry. Not here:
shapes (svg_path.py) or painting (svg.py).
"""

import re
from xml.etree import ElementTree as ET

from reportlab.lib.colors import Color, toColor

from cardio_dagster.reporting.pdf.look import INK

Properties = dict[str, str]
Rules = list[tuple[str, Properties]]
INITIAL: Properties = {"fill": "#000", "stroke": "none", "stroke-width": "1", "font-size": "16"}
_NOT_INHERITED = ("opacity", "clip-path", "display")
_KNOWN = {
    *("fill", "stroke", "stroke-width", "fill-opacity", "stroke-opacity", "opacity", "stroke-dasharray"),
    *("stroke-linejoin", "stroke-linecap", "font-size", "font-weight", "text-anchor", "display", "clip-path"),
    *("fill-rule", "clip-rule", "color"),
}
_MEDIA = re.compile(r"@media([^{]*)\{((?:[^{}]*\{[^{}]*\})*[^{}]*)\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_LENGTH = re.compile(r"-?[\d.]+(?:e-?\d+)?")


def rules_of(root: ET.Element) -> Rules:
    """Return the rules of all <style> elements that hold on paper, as (selector, properties) in their order."""
    found: Rules = []
    for element in root.iter("style"):
        inner = (element.text or "").partition("{")[2].rpartition("}")[0]  # drawing.inline nests it below its id
        for selectors, body in _RULE.findall(_MEDIA.sub(_on_paper, inner)):
            found += [(s.strip(), _declarations(body)) for s in selectors.split(",")]
    return found


def _on_paper(media: re.Match[str]) -> str:
    return media[2] if any(query.strip() == "print" for query in media[1].split(",")) else ""


def _declarations(body: str) -> Properties:
    pairs = (part.partition(":") for part in body.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() in _KNOWN}


def properties_of(element: ET.Element, inherited: Properties, rules: Rules) -> Properties:
    """Return what holds for an element: inherited, then its attributes, its classes, its style attribute."""
    result = {name: value for name, value in inherited.items() if name not in _NOT_INHERITED}
    result |= {name: value for name, value in element.attrib.items() if name in _KNOWN}
    classes = {f".{name}" for name in element.get("class", "").split()}
    chosen = {element.tag, *classes, *(f"{element.tag}{name}" for name in classes)}
    for selector, declared in rules:
        if selector in chosen:
            result |= declared
    return result | _declarations(element.get("style", ""))


def number(text: str | None, default: float = 0.0) -> float:
    """Return the number at the beginning of a length ("11px"); `default` where there is none."""
    found = _LENGTH.match(text.strip()) if text else None
    return float(found[0]) if found else default


def colour(properties: Properties, name: str) -> Color | None:
    """Return the colour of `fill` or `stroke`; None for none and for what is painted otherwise (a pattern)."""
    text = properties.get(name, "none").strip()
    if text in {"none", "transparent"} or text.startswith("url("):
        return None
    if text == "currentColor":
        return INK
    if len(text) == 4 and text.startswith("#"):
        text = "#" + "".join(c * 2 for c in text[1:])
    return toColor(text, INK)


def opacity(properties: Properties, name: str) -> float:
    """Return the opacity of `fill` or `stroke`, 0 to 1, that of the element included."""
    return number(properties.get(f"{name}-opacity"), 1.0) * number(properties.get("opacity"), 1.0)
