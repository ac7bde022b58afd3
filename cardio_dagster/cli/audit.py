"""`cardio audit`: proving, anchoring, exporting and purging the ledger.

Belongs here: arguments and exit codes. Not here: any work (commands/audit*.py, commands/retention.py).
"""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The audit ledger.", no_args_is_help=True)

StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="The study's id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the ledger. No patient's name or number.")]
Force = Annotated[bool, typer.Option("--force", help="Keep a reason although it looks as if it named a patient.")]
By = Annotated[str | None, typer.Option("--by", help="Your name or login. Default: the login of this machine.")]
Role = Annotated[str | None, typer.Option("--role", help="In which role.")]


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole proof as JSON.")] = False,
) -> None:
    """Prove the ledger: name every changed, removed, inserted or moved record. Exit 0 if it is whole, 2 if not."""
    from cardio_dagster.commands.audit import audit_verify
    from cardio_dagster.settings import settings
    from cardio_dagster.stores.site_key import held_key

    chosen = settings()
    key = held_key(chosen.store_dir, chosen.site_key)
    raise typer.Exit(audit_verify(database_url=chosen.database, key=key, anchor_dir=chosen.anchors, as_json=as_json))


@app.command()
def anchor() -> None:
    """Sign the days that are over and have no anchor yet, into CARDIO_ANCHOR_DIR; the schedule does it nightly."""
    from cardio_dagster.commands.audit import audit_anchor
    from cardio_dagster.settings import settings
    from cardio_dagster.stores.site_key import held_key

    chosen = settings()
    key = held_key(chosen.store_dir, chosen.site_key)
    raise typer.Exit(audit_anchor(database_url=chosen.database, key=key, anchor_dir=chosen.anchors))


@app.command()
def export(
    format_name: Annotated[str, typer.Option("--format", help="jsonl, fhir, prov or atna.")] = "jsonl",
    study: Annotated[str | None, typer.Option("--study", help="Only records of this study.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="From this date or time on (UTC).")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before this date or time (UTC).")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write. Default: standard output.")] = None,
) -> None:
    """Write records for another system."""
    from cardio_dagster.commands.audit_export import audit_export

    raise typer.Exit(audit_export(format_name, study_id=study, since=since, until=until, out=out))


@app.command()
def purge(
    yes: Annotated[bool, typer.Option("--yes", help="Remove it. Without this it is only counted.")] = False,
    by: By = None,
    role: Role = None,
) -> None:
    """Count what is past its retention, or remove it and leave the proof."""
    from cardio_dagster.commands.retention import audit_purge

    raise typer.Exit(audit_purge(yes=yes, by=by, role=role))


@app.command()
def hold(study: StudyId, reason: Reason, by: By = None, role: Role = None, force: Force = False) -> None:
    """Put a study on legal hold, so that no purge touches it."""
    from cardio_dagster.commands.retention import audit_hold

    raise typer.Exit(audit_hold(study, reason=reason, by=by, role=role, force=force))


@app.command("release-hold")
def release_hold(study: StudyId, reason: Reason, by: By = None, role: Role = None, force: Force = False) -> None:
    """End the legal hold on a study."""
    from cardio_dagster.commands.retention import audit_release_hold

    raise typer.Exit(audit_release_hold(study, reason=reason, by=by, role=role, force=force))


@app.command()
def holds() -> None:
    """List the legal holds that stand."""
    from cardio_dagster.commands.retention import audit_holds

    raise typer.Exit(audit_holds())
