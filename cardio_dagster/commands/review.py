"""`cardio review list|show|accept|amend|reject`: what waits for a person, and deciding on it.

Belongs here: arguments to decisions, and laying out. Not here: the rules (review/), or what follows (defs/review.py).
"""

import getpass
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cardio_dagster.commands.installation import open_database, open_ledger
from cardio_dagster.finding import Grade
from cardio_dagster.settings import settings
from cardio_dagster.stores.review_words import Choice, ReviewDecision

if TYPE_CHECKING:
    from cardio_dagster.review.worklist import Shown
    from cardio_dagster.stores.reviews import ReviewItem, ReviewStore

_WIDTH = 100
_STYLES = {Grade.CRITICAL: "bold red", Grade.ABNORMAL: "yellow"}
_DONE = {Choice.ACCEPT: "accepted", Choice.AMEND: "amended", Choice.REJECT: "rejected"}


def review_list(*, as_json: bool = False) -> int:
    """Print what waits for a person, the most urgent and oldest first; return 0."""
    from cardio_dagster.review.worklist import by_urgency

    items = by_urgency(_store().worklist())
    if as_json:
        _print_json([msgspec.to_builtins(item) for item in items])
        return 0
    console = _console()
    if not items:
        console.print("Nothing waits for a decision.")
        return 0
    table = Table("Study", "Priority", "Waits", "Status", "Reasons", box=None, pad_edge=False)
    for item in items:
        table.add_row(item.study_id, item.priority or "?", _age(item.opened_at), item.status, _reasons(item))
    console.print(table)
    console.print("Look at one with `cardio review show STUDY`.", style="dim")
    return 0


def review_show(study_id: str, *, as_json: bool = False) -> int:
    """Print why a report waits, its key numbers, its sentences with their ids, and how to decide on it; return 0."""
    from cardio_dagster.review.worklist import show

    shown = show(study_id, _store(), open_ledger(settings()))
    if as_json:
        _print_json(_plain(shown))
    else:
        _show(shown, _console())
    return 0


def review_decide(
    study_id: str,
    choice: Choice,
    *,
    seen: str,
    role: str,
    reason: str,
    by: str | None = None,
    withdraw: Sequence[str] = (),
    replace: Sequence[str] = (),
    add: Sequence[str] = (),
    grade: Sequence[str] = (),
    force: bool = False,
) -> int:
    """Record a decision; return 0, or raise ReviewError with what to do.

    `seen` is the token that `show` prints; `by` the name of the member of the staff, by default the login. `withdraw` are ids
    of sentences, `replace` texts as `s03=TEXT`, `add` as `TEXT` or `echo=TEXT`, `grade` as `s03=abnormal`; an added sentence is
    graded under a01, a02 and so on in the order given.
    """
    from cardio_dagster.commands.review_amendments import amendments
    from cardio_dagster.review.deciding import decide

    store = _store()
    version, sha256, revision = _looked_at(study_id, seen, store)
    decision = ReviewDecision(
        study_id=study_id,
        revision=revision,
        version=version,
        report_sha256=sha256,
        choice=choice,
        reason=reason,
        by=by or getpass.getuser(),
        role=role,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        amendments=amendments(withdraw, replace, add, grade=grade, reason=reason),
    )
    made = decide(decision, store=store, ledger=open_ledger(settings()), with_identity=force)
    _console().print(
        f"{study_id}, version {made.version}: {_DONE[choice]} by {made.by} ({made.role}). Version {made.makes} follows; "
        "`review_sensor` of Dagster writes it within seconds where Dagster runs."
    )
    return 0


def _looked_at(study_id: str, seen: str, store: "ReviewStore") -> tuple[int, str, int]:
    """Return version, hash and revision that a token names; refuse it where another version stands."""
    from cardio_dagster.review.worklist import seen_token, stood
    from cardio_dagster.stores.reviews import ReviewError

    stands = stood(study_id, store)
    if seen != seen_token(stands):
        raise ReviewError(
            f"version {stands.version} of {study_id} stands now, and its token is not {seen!r}; look at it with "
            f"`cardio review show {study_id}` and repeat the token that it prints"
        )
    return stands.version, stands.report_sha256, stands.revision


def _show(shown: "Shown", console: Console) -> None:
    from cardio_dagster.reporting import summary

    stands, report = shown.stands, shown.report
    console.print(Text(f"{stands.study_id}, revision {stands.revision}, version {stands.version}", style="bold"))
    console.print(Text(report.release_status.partition(":")[0] if shown.reasons else report.release_status))
    for reason in shown.reasons:
        console.print(Text(f"  waits: {reason}", style="yellow"))
    for decision in shown.decisions:
        told = f"  version {decision.makes}: {_DONE[decision.choice]} by {decision.by} ({decision.role}), {decision.at}: {decision.reason}"
        console.print(Text(told, style="dim"))
    console.print()
    for key in summary.key_numbers(report):
        value = f"{key.text} {key.unit}".strip() if key.text is not None else f"none: {key.detail}"
        console.print(Text(f"{key.label:<12}{value}{f', {key.flag.value}' if key.flag else ''}"))
    console.print()
    table = Table("Id", "Section", "Sentence", box=None, pad_edge=False)
    for s in report.written.statements:
        table.add_row(s.statement_id, s.section, Text(s.text, style=_STYLES.get(s.grade, "")))
    console.print(table if report.written.statements else "No sentence was written.")
    console.print()
    console.print(Text(f"{stands.report_path}/report.html", overflow="fold"))
    example = f'cardio review accept {stands.study_id} --seen {shown.seen} --role reader --reason "..."'
    console.print(Text("Decide with (accept, amend or reject):", style="dim"))
    console.print(example, soft_wrap=True, markup=False, highlight=False)


def _plain(shown: "Shown") -> dict[str, object]:
    return {
        "seen": shown.seen,
        "stands": msgspec.to_builtins(shown.stands),
        "reasons": shown.reasons,
        "decisions": [msgspec.to_builtins(d) for d in shown.decisions],
        "statements": [msgspec.to_builtins(s) for s in shown.report.written.statements],
    }


def _reasons(item: "ReviewItem") -> str:
    first = item.reasons[0] if item.reasons else "no reason was recorded"
    return first if len(item.reasons) < 2 else f"{first}, and {len(item.reasons) - 1} more"


def _age(since: str) -> str:
    """Return the time since in the largest unit that says enough; a clock that was set back counts as none."""
    seconds = max((datetime.now(UTC) - datetime.fromisoformat(since)).total_seconds(), 0.0)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


def _store() -> "ReviewStore":
    from cardio_dagster.stores.report_paths import REPORTS_DIR
    from cardio_dagster.stores.reviews import ReviewStore

    chosen = settings()
    return ReviewStore(open_database(chosen), chosen.store_dir / REPORTS_DIR)


def _console() -> Console:
    console = Console(markup=False)
    return console if console.is_terminal and console.width <= _WIDTH else Console(markup=False, width=_WIDTH)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")
