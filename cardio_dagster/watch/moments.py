"""Moments: times as texts and spans as people read them.

Belongs here: conversions. Not here: any clock but the one that `now` reads.
"""

from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def now() -> datetime:
    """Return the present in UTC."""
    return datetime.now(UTC)


def text_of(moment: datetime) -> str:
    """Return ISO 8601 in UTC with milliseconds; a moment without a zone is UTC, as Dagster stores it."""
    return aware(moment).isoformat(timespec="milliseconds")


def aware(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def age_s(moment: datetime | str, at: datetime) -> float:
    """Return the seconds from a moment until `at`; negative for one to come."""
    return (at - aware(datetime.fromisoformat(moment) if isinstance(moment, str) else moment)).total_seconds()


def span(seconds: float) -> str:
    """Return a span in its largest unit.

    >>> span(7300), span(0.2), span(-5)
    ('2 h', '0 s', '0 s')
    """
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"
