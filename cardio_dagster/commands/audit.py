"""`cardio audit verify` and `cardio audit anchor`: proving the ledger, and anchoring it by hand.

Belongs here: what is printed. Not here: the proof and the anchors (stores/ledger/); exports and retention have commands
of their own.
"""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from cardio_dagster.stores.ledger import LedgerProof

ERROR_EXIT = 2
_WIDTH = 100  # longer lines are hard to read


def audit_verify(*, database_url: str, key: bytes, anchor_dir: Path | None, as_json: bool = False) -> int:
    """Print what the ledger proves and what was done to it; return the exit code, 2 where anything was.

    Nothing is written, not even missing tables. `key` is the site's key.
    """
    from cardio_dagster.stores.database import connect
    from cardio_dagster.stores.ledger import verify_ledger

    proof = verify_ledger(connect(database_url), key, anchor_dir=anchor_dir)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(proof)).decode() + "\n")
    else:
        _show(proof, _console(), anchors_seen=anchor_dir is not None)
    return 0 if proof.is_whole else ERROR_EXIT


def audit_anchor(*, database_url: str, key: bytes, anchor_dir: Path, today: date | None = None) -> int:
    """Anchor every day that is over and has no anchor, write lost anchor files again, print what was done; return 0.

    `today` is the day in UTC, that of the clock if not given. Raises LedgerError for records that this site did not write.
    """
    from cardio_dagster.audit_record import Actor, ActorKind
    from cardio_dagster.stores.database import connect, create_tables
    from cardio_dagster.stores.ledger import Ledger
    from cardio_dagster.stores.ledger.anchoring import anchor_every_day

    engine = connect(database_url)
    create_tables(engine)
    day = today or datetime.now(UTC).date()
    made = anchor_every_day(Ledger(engine, key), anchor_dir, today=day, actor=Actor(ActorKind.CLI, "audit anchor"))
    console = _console()
    for anchor in made:
        console.print(Text(f"{anchor.day}  records: {anchor.count:<8} root {anchor.root_hash[:32]}..."))
    yesterday = day - timedelta(days=1)
    console.print(f"Anchors written: {len(made)}. Every day up to {yesterday} that has records is anchored.")
    return 0


def _console() -> Console:
    console = Console(markup=False)
    return console if console.width <= _WIDTH else Console(markup=False, width=_WIDTH)


def _show(proof: "LedgerProof", console: Console, *, anchors_seen: bool) -> None:
    anchors = f"anchors that hold: {proof.anchors}" if anchors_seen else "anchors were not looked at"
    console.print(f"Records: {proof.records}; contents purged with proof: {proof.purged}; {anchors}.")
    if proof.head_hash:
        console.print(Text(f"ledger {proof.ledger_id}\nhead   {proof.head_hash}", style="dim"))
    if proof.set_back:
        console.print(
            f"Clock set back, records with an earlier time than the one before: {proof.set_back}. Their order stands."
        )
    if proof.is_whole:
        console.print(Text("Whole: no record was changed, removed, inserted or reordered.", style="bold green"))
        console.print(Text("Files of reports are held against their records by `cardio lineage STUDY`.", style="dim"))
        return
    table = Table("damage", "what was done", box=None, padding=(0, 2, 0, 0))
    for fault in proof.faults:
        table.add_row(Text(fault.what.value, style="bold red"), Text(fault.text))
    console.print(table)
    more = f" and {proof.unlisted} more" if proof.unlisted else ""
    console.print(Text(f"NOT WHOLE. Faults: {len(proof.faults)}{more}.", style="bold red"))
