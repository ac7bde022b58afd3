"""`cardio audit purge`, `hold`, `release-hold` and `holds`: what goes after its retention, and what must stay.

Belongs here: opening the stores, asking, and telling what was done. Not here: the rules (audit/retention/, stores/holds.py).
"""

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from cardio_dagster.audit_record import Actor, ActorKind
from cardio_dagster.commands.installation import open_ledger
from cardio_dagster.settings import Settings, settings

if TYPE_CHECKING:
    from cardio_dagster.audit.retention import Archive, Purged, Survey
    from cardio_dagster.stores.holds import HoldStore

ERROR_EXIT = 2


def audit_purge(*, yes: bool = False, by: str | None = None, role: str | None = None) -> int:
    """Tell what is past its retention (CARDIO_RETENTION_YEARS), or with `yes` remove it and leave the proof; return 0."""
    from cardio_dagster.audit.retention import limit_of, purge, survey

    chosen = settings()
    before = limit_of(datetime.now(UTC), chosen.retention_years)
    archive, console = open_archive(chosen), Console(markup=False)
    if yes:
        _tell_purged(purge(archive, before, _person(by, role)), console)
    else:
        _tell_survey(survey(archive, before), console)
    return 0


def audit_hold(
    study_id: str, *, reason: str, by: str | None = None, role: str | None = None, force: bool = False
) -> int:
    """Put a study on legal hold; return the exit code, 2 where that cannot be.

    `force` lets a reason pass that looks as if it named a patient.
    """
    return _move(study_id, reason, by, role, lift=False, force=force)


def audit_release_hold(
    study_id: str, *, reason: str, by: str | None = None, role: str | None = None, force: bool = False
) -> int:
    """End the legal hold on a study; return the exit code, 2 where there is none."""
    return _move(study_id, reason, by, role, lift=True, force=force)


def audit_holds() -> int:
    """Print the legal holds that stand; return 0."""
    console, standing = Console(markup=False), _holds(settings()).all()
    if not standing:
        console.print("No study is on legal hold.")
        return 0
    table = Table("study", "since", "by", "reason", box=None, pad_edge=False)
    for hold in standing:
        table.add_row(hold.study_id, hold.placed_at[:10], hold.placed_by.partition(":")[2], hold.reason)
    console.print(table)
    return 0


def open_archive(chosen: Settings) -> "Archive":
    """Return everything of an installation of which a part goes."""
    from cardio_dagster.audit.retention import Archive
    from cardio_dagster.audit.retention.stored import StorePlaces
    from cardio_dagster.stores.database import connect

    places = StorePlaces(chosen.store_dir, chosen.checkpoints)
    ledger = open_ledger(chosen)
    return Archive(connect(chosen.database), ledger, places)


def _holds(chosen: Settings) -> "HoldStore":
    from cardio_dagster.stores.database import connect
    from cardio_dagster.stores.holds import HoldStore

    ledger = open_ledger(chosen)  # after the import, so that the table of holds is made as well
    return HoldStore(connect(chosen.database), ledger)


def _person(by: str | None, role: str | None) -> Actor:
    return Actor(ActorKind.PERSON, by or getpass.getuser(), role)


def _move(study_id: str, reason: str, by: str | None, role: str | None, *, lift: bool, force: bool) -> int:
    from cardio_dagster.errors import CardioError
    from cardio_dagster.review.identity import signs_of_identity

    holds, console = _holds(settings()), Console(markup=False)
    signs = () if force else signs_of_identity(reason)
    if signs:
        told = f"the reason seems to hold {' and '.join(signs)}, and it stays in the ledger for ever"
        Console(markup=False, stderr=True).print(f"{told}; write it without, or add --force if it is none")
        return ERROR_EXIT
    try:
        (holds.lift if lift else holds.place)(study_id, reason, _person(by, role))
    except CardioError as error:  # unknown study, no reason, no such hold, purged already
        Console(markup=False, stderr=True).print(f"{error}")
        return ERROR_EXIT
    told = "is no longer on legal hold" if lift else "is on legal hold: no purge touches it until the hold is lifted"
    console.print(f"{study_id} {told}. This is in the ledger.")
    return 0


def _tell_survey(found: "Survey", console: Console) -> None:
    console.print(f"Closed before {found.before[:10]} and due: {_counted(found.studies, 'study', 'studies')}")
    if found.studies:
        console.print(f"  ledger contents  {found.contents:,} (their hashes stay)")
        console.print(f"  result rows      {found.rows:,}")
        console.print(f"  files            {found.files:,}, {found.size_bytes / 1e6:,.1f} MB")
    if found.on_hold or found.in_review:
        console.print(f"Kept all the same: {found.on_hold:,} on legal hold, {found.in_review:,} waiting for a review")
    if found.unfinished:
        console.print(f"Cut short earlier, files left to remove: {_counted(found.unfinished, 'study', 'studies')}")
    cure = " Run it with --yes to purge." if found.studies or found.unfinished else ""
    console.print(f"Nothing was changed.{cure}")


def _tell_purged(done: "Purged", console: Console) -> None:
    console.print(f"Purged, closed before {done.before[:10]}: {_counted(done.studies, 'study', 'studies')}")
    console.print(f"  ledger contents  {done.contents:,} (their hashes stay)")
    console.print(f"  result rows      {done.rows:,}")
    console.print(f"  files            {done.files:,}, {done.size_bytes / 1e6:,.1f} MB")
    if done.finished:
        console.print(f"Finished what was cut short earlier: {_counted(done.finished, 'study', 'studies')}")
    if done.spared:
        console.print(
            f"Spared, re-opened meanwhile or bound by the ledger: {_counted(done.spared, 'study', 'studies')}"
        )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
