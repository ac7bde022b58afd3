"""How notices look in a terminal, wide or narrow.

Belongs here: tables, lines and spans of time. Not here: asking for notices (notices.py).
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from cardio_dagster.stores.notices import Notice

STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": ""}
NARROW = 100  # columns; below them the table becomes a list


def as_table(found: "tuple[Notice, ...]") -> Table:
    """Return notices as a table, for 100 columns and more."""
    from cardio_dagster.escalation.text import about
    from cardio_dagster.escalation.words_of_codes import words_of

    table = Table(box=None, pad_edge=False)
    for column in ("notice", "impact", "age", "due", "role", "about", "what"):
        table.add_column(column, overflow="fold" if column in {"about", "what"} else "ellipsis")
    now = datetime.now(UTC)
    for notice in found:
        more = f" (+{len(notice.causes) - 1})" if len(notice.causes) > 1 else ""
        style = STYLES[notice.impact.value]
        row = (notice.notice_id[:8], notice.impact.value, _age(notice.raised_at, now), _due(notice, now), notice.role)
        table.add_row(*row, about(notice), words_of(notice.causes[0].code)[0] + more, style=style)
    return table


def as_lines(notice: "Notice") -> Text:
    """Return one notice as three lines, for narrower ones."""
    from cardio_dagster.escalation.text import about
    from cardio_dagster.escalation.words_of_codes import words_of

    now = datetime.now(UTC)
    head = f"{notice.notice_id[:8]} {notice.impact.value.upper()} {words_of(notice.causes[0].code)[0]}"
    due = f"due {_due(notice, now)}" if notice.state.value == "open" else _due(notice, now)
    more = f"  {about(notice)}\n  age {_age(notice.raised_at, now)}, {due}, with {notice.role}\n"
    return Text.assemble((f"{head}\n", STYLES[notice.impact.value]), more)


def standing(notice: "Notice") -> str:
    """Return where a notice stands: with whom and until when, or who took care of it."""
    if notice.answered_by:
        return f"acknowledged by {notice.answered_by} ({notice.answered_role}) at {notice.answered_at}"
    if notice.joined_to:
        return "told by another notice of the same failure"
    if notice.due_at is None:
        return "nobody answered" if notice.state.value == "unanswered" else "told, no answer needed"
    return f"with {notice.role}, level {notice.level}, to be answered until {notice.due_at}"


def _due(notice: "Notice", now: datetime) -> str:
    if notice.state.value != "open" or notice.due_at is None:
        return notice.state.value
    left_s = (datetime.fromisoformat(notice.due_at) - now).total_seconds()
    return f"in {_span(left_s)}" if left_s > 0 else f"{_span(-left_s)} ago"


def _age(raised_at: str, now: datetime) -> str:
    return _span(max(0.0, (now - datetime.fromisoformat(raised_at)).total_seconds()))


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} d"  # fmt: skip
