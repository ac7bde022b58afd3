"""report.json: the report as bytes and back.

Belongs here: encoding and decoding. Not here: the shape (parts.py) or its published schema (schema.py).
"""

from dataclasses import replace

import msgspec

from cardio_dagster.errors import StudyError
from cardio_dagster.reporting.parts import Report


def to_json(report: Report) -> bytes:
    """Return the report as indented UTF-8 JSON ending in a newline; equal reports give equal bytes.

    Keys stand in the order of the dataclasses. A drawing is not repeated here: `svg` is null,
    and `anchor` and `svg_sha256` say where in report.html it stands and what it must hash to.
    """
    encoded = msgspec.json.encode(without_drawings(report))
    return msgspec.json.format(encoded, indent=2) + b"\n"


def from_json(data: bytes) -> Report:
    """Return the Report that `data` encodes, without its drawings.

    Raises StudyError (E_CORRUPT_001) where it is no report of this schema; the message names
    the place in the document.
    """
    try:
        return msgspec.json.decode(data, type=Report)
    except msgspec.MsgspecError as error:
        raise StudyError(
            "E_CORRUPT_001",
            "this is no report.json of this version",
            seen=str(error),
            allowed="a document that fits report.schema.json",
            cure="Write the report again with `cardio process`, or read it with the version that wrote it.",
        ) from None


def without_drawings(report: Report) -> Report:
    """Return the report with every figure by reference only."""
    return replace(report, figures=tuple(replace(figure, svg=None) for figure in report.figures))
