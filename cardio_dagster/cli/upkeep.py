"""`cardio backfill`: making closed studies anew.

Belongs here: arguments and exit codes. Not here: any work (commands/backfill.py).
"""

from typing import Annotated

import typer


def backfill(
    *,
    stale: Annotated[
        bool,
        typer.Option("--stale/--all", help="Only what other code, models or parameters made, or every closed study."),
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count by reason and change nothing.")] = False,
    since: Annotated[str | None, typer.Option("--since", help="Received on this day (UTC) or later.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Received on this day (UTC) or earlier.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Pseudonym of the name it came under.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="COMPLETE or ERROR.")] = None,
    stage: Annotated[str | None, typer.Option("--stage", help="Stale at this stage.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Made with a model whose hash has this in it.")] = None,
) -> None:
    """Make stale studies anew; a report that stands is never changed by it. Exit 2 for a choice that is none."""
    from cardio_dagster.commands.backfill import run_backfill

    choice = {"since": since, "until": until, "source": source, "state": state, "stage": stage, "model": model}
    raise typer.Exit(run_backfill({**choice, "only_stale": stale}, dry_run=dry_run))


COMMANDS = (backfill,)
