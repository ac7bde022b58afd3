"""XML that may be hostile, as a plain tree: no entities, no DTD, bounded depth and size.

Belongs here: parsing, and the name of the root. Not here: text to values (xml_text.py), or any format.

It is Python's own expat: it fetches nothing, every entity declaration and every reference to an undeclared entity is
refused, and names lose their namespace. An encoding declaration that does not hold is overruled: all that is measured is ASCII.
"""

import re
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from cardio_dagster.errors import StudyError

MAX_MB = 256.0
_MAX_DEPTH = 64  # an aECG has 25
_MAX_NODES = 200_000  # elements and attributes; a 12-lead aECG with every beat annotated has 10,000
_MAX_TAG_BYTES = 1 << 20
_CHUNK = 1 << 16
_ENCODING_ERRORS = frozenset((4, 6, 18, 19))  # expat: invalid token, partial character, unknown and incorrect encoding
_SKIPPED = ((b"<?", b"?>"), (b"<!--", b"-->"))
_ROOT = re.compile(rb"<(?:[\w.-]{1,64}:)?([\w.-]{1,64})[\s/>]")


class _Reader:
    """One pass of expat over the content; it builds the tree and stops at the first danger."""

    def __init__(self, encoding: str | None) -> None:
        self.tree = TreeBuilder()
        self.depth = 0
        self.nodes = 0
        self.parser = expat.ParserCreate(encoding)
        self.parser.buffer_text = True
        self.parser.buffer_size = _CHUNK
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.tree.data
        self.parser.EntityDeclHandler = self._refuse
        self.parser.SkippedEntityHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse

    def read(self, content: bytes) -> Element:
        """Return the root; raises ExpatError where it is no XML, StudyError where it is hostile."""
        view = memoryview(content)
        for start in range(0, len(content), _CHUNK):
            self.parser.Parse(bytes(view[start : start + _CHUNK]), False)
            if start + _CHUNK - max(self.parser.CurrentByteIndex, 0) > _MAX_TAG_BYTES + _CHUNK:
                raise _too_large(
                    "a single tag or comment", f"more than {_MAX_TAG_BYTES} bytes", f"{_MAX_TAG_BYTES} bytes"
                )
        self.parser.Parse(b"", True)
        root: Element = self.tree.close()
        return root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.nodes += 1 + len(attributes)
        if self.depth > _MAX_DEPTH:
            raise _too_large("elements nested in each other", f"more than {_MAX_DEPTH}", f"{_MAX_DEPTH}")
        if self.nodes > _MAX_NODES:
            raise _too_large("elements and attributes", f"more than {_MAX_NODES}", f"{_MAX_NODES}")
        self.tree.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.tree.end(_local(name))

    def _refuse(self, *_: object) -> int:
        raise StudyError("E_FORMAT_002", "the XML declares or uses entities", allowed="XML without entity declarations")


def _too_large(what: str, seen: str, allowed: str) -> StudyError:
    cure = "Export the recording again, without whatever makes it so large, or as EDF, WFDB or DICOM."
    return StudyError("E_HARD_004", f"the XML is too large: {what}", seen=seen, allowed=allowed, cure=cure)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def read_xml(path: Path) -> Element:
    """Return the root element of a file, all names without namespace or prefix.

    Raises StudyError: E_INTAKE_006 where it cannot be read, E_HARD_004 over 256 MB or too deep or too many elements,
    E_FORMAT_002 with entities, E_CORRUPT_001 where it is not well-formed.
    """
    try:
        size_mb = path.stat().st_size / 1e6
        if size_mb > MAX_MB:
            raise _too_large("the file", f"{size_mb:.0f} MB", f"{MAX_MB:g} MB")
        content = path.read_bytes()
    except OSError as error:
        raise StudyError("E_INTAKE_006", "the file cannot be read", seen=type(error).__name__) from error
    return parse_xml(content)


def parse_xml(content: bytes) -> Element:
    """Return the root element of XML bytes; raises StudyError as `read_xml` does.

    Read as declared first; where the bytes are no such text, as UTF-8, then as ISO-8859-1, which every byte is.
    """
    where = "its encoding"
    for encoding in (None, "utf-8", "iso-8859-1"):
        try:
            return _Reader(encoding).read(content)
        except expat.ExpatError as error:
            where = f"line {error.lineno}, column {error.offset}"
            if error.code not in _ENCODING_ERRORS:
                break
        except (LookupError, ValueError, AssertionError):  # an encoding that Python does not know, or not byte by byte
            continue
    raise StudyError(
        "E_CORRUPT_001", "the XML is not well-formed to its end", seen=f"{len(content)} bytes, fault at {where}"
    )


def root_name(head: bytes) -> str | None:
    """Return the local name of the root element from the first bytes of a file; None where there is none in them."""
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"} or head[:4] in {b"<\0?\0", b"\0<\0?"}:
        head = head.replace(b"\0", b"")
    head = head.lstrip(b"\xef\xbb\xbf\xff\xfe").lstrip()
    while head.startswith((b"<?", b"<!")):
        end = next((e for start, e in _SKIPPED if head.startswith(start)), b">")
        before, found, head = head.partition(end)
        if not found or (b"[" in before[:256] and end == b">"):  # an internal DTD: no ECG format has one
            return None
        head = head.lstrip()
    match = _ROOT.match(head)
    return match[1].decode("ascii", "replace") if match else None
