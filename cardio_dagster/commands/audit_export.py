"""`cardio audit export`: the ledger, or a part of it, for another system.

Belongs here: choosing, where it is written, and what is said when it cannot be. Not here: the formats (audit/export/).
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from cardio_dagster.commands.installation import open_ledger
from cardio_dagster.settings import settings

if TYPE_CHECKING:
    from cardio_dagster.audit.export import Selection
    from cardio_dagster.stores.ledger import Ledger

ERROR_EXIT = 2


def audit_export(
    format_name: str,
    *,
    study_id: str | None = None,
    since: str | None = None,
    until: str | None = None,
    out: Path | None = None,
) -> int:
    """Write the chosen records to `out`, or to standard output; return the exit code, 2 where nothing can be written.

    `since` and `until` are ISO dates or times (a time without a zone is UTC), the first included, the second not.
    A file takes its place in one step when it is whole.
    """
    from cardio_dagster.audit.export import FORMATS, Selection

    console = Console(markup=False, stderr=True)
    if format_name not in FORMATS:
        console.print(f"No format is called {format_name}. Use one of: {', '.join(FORMATS)}.")
        return ERROR_EXIT
    try:
        chosen = Selection(study_id, _moment(since), _moment(until))
    except (ValueError, OverflowError):
        console.print("A time does not parse. Give --since and --until as 2026-11-22 or 2026-11-22T13:00:00Z.")
        return ERROR_EXIT
    ledger = open_ledger(settings())
    if study_id is not None and next(ledger.records(study_id=study_id), None) is None:
        console.print(f"The ledger has no record of {study_id}. Look the id up in the study's report.")
        return ERROR_EXIT
    return _write(ledger, format_name, chosen, out, console)


def _write(ledger: "Ledger", format_name: str, chosen: "Selection", out: Path | None, console: Console) -> int:
    from cardio_dagster.audit.export import export

    parts = export(ledger, format_name, chosen)
    if out is None:
        with suppress(BrokenPipeError):  # the reader, `head` for one, has seen enough
            sys.stdout.buffer.writelines(parts)
            sys.stdout.buffer.flush()
        return 0
    try:
        size_bytes = _write_file(out, parts)
    except OSError as error:
        console.print(f"The file cannot be written: {error.strerror}. Choose another place with --out.")
        return ERROR_EXIT
    console.print(f"{format_name}: {size_bytes:,} bytes written.")
    return 0


def _write_file(out: Path, parts: Iterator[bytes]) -> int:
    draft = out.with_name(f".{out.name}.draft")
    try:
        with draft.open("wb") as file:
            size_bytes = sum(file.write(part) for part in parts)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return size_bytes


def _moment(text: str | None) -> str | None:
    """Return an ISO date or time as the ledger writes times: UTC, milliseconds. None stays None."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
