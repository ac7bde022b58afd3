"""Names, UIDs and dates of a document: the same report gives the same ones, on any machine and day.

Belongs here: what identifies a document. Not here: what stands in it.
"""

import uuid
from datetime import UTC, datetime

from cardio_dagster.errors import StudyError

MANUFACTURER = "cardio_dagster"
DEVICE_NAME = "cardio_dagster report writer"
_SPACE = uuid.UUID("5d3b6b0e-6a0f-5d0b-9c5e-0c8d2f0a7e11")  # any fixed one; never to be changed


def uid(*parts: str) -> str:
    """Return the UID of what `parts` name: 2.25. and a UUID version 5 as a number (PS3.5, annex B.2).

    >>> uid("study", "st-1") == uid("study", "st-1"), uid("study", "st-1") == uid("series", "st-1")
    (True, False)
    """
    return f"2.25.{uuid.uuid5(_SPACE, '/'.join(parts)).int}"


def utc(received_at: str) -> datetime:
    """Return the moment of receipt in UTC.

    Raises StudyError (E_INTERNAL_001) where it is no ISO 8601 date and time with an offset.
    """
    try:
        moment = datetime.fromisoformat(received_at)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise StudyError(
            "E_INTERNAL_001",
            "the report has no usable time of receipt",
            seen=received_at,
            allowed="ISO 8601 with an offset, such as 2026-11-22T08:15:01Z",
        )
    return moment.astimezone(UTC)


def date(moment: datetime) -> str:
    """Return the DA value of a moment."""
    return f"{moment:%Y%m%d}"


def time(moment: datetime) -> str:
    """Return the TM value of a moment, to the microsecond where it has any."""
    return f"{moment:%H%M%S}" + (f".{moment.microsecond:06d}" if moment.microsecond else "")
