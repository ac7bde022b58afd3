"""FHIR JSON: nothing empty, nothing that XML or JSON could not carry, the same bytes every time.

Belongs here: the rules of hl7.org/fhir/R4/json.html that hold for every resource. Not here: any content.
"""

import re
from typing import Any

import msgspec

# FHIR strings hold no control characters but tab, line feed and carriage return, and XHTML cannot hold these others either.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_bytes(resource: dict[str, Any]) -> bytes:
    """Return the resource as indented UTF-8 JSON ending in a newline, without None, empty texts, lists and objects."""
    return msgspec.json.format(msgspec.json.encode(pruned(resource)), indent=2) + b"\n"


def pruned(node: Any) -> Any:
    """Return the node without what is empty, None where nothing is left; forbidden characters become U+FFFD.

    >>> pruned({"a": [], "b": {"c": None}, "d": 0, "e": False, "f": ["", "x"]})
    {'d': 0, 'e': False, 'f': ['x']}
    """
    if isinstance(node, str):
        return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", node).strip() or None
    if isinstance(node, dict):
        return {name: kept for name, value in node.items() if (kept := pruned(value)) is not None} or None
    if isinstance(node, list | tuple):
        return [kept for value in node if (kept := pruned(value)) is not None] or None
    return node
