"""`cardio notices`: what somebody was told, and who takes care of it.

Belongs here: arguments and exit codes. Not here: any work (commands/notices*.py, escalation/).
"""

from typing import Annotated

import typer

app = typer.Typer(help="Notices of critical findings and failures.", no_args_is_help=True)

NoticeId = Annotated[str, typer.Argument(metavar="NOTICE", help="The notice's id, or its beginning.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command("list")
def open_ones(
    study: Annotated[str | None, typer.Option("--study", help="All notices of this study, also answered ones.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the notices that nobody has acknowledged, the gravest and oldest first."""
    from cardio_dagster.commands.notices import list_notices
    from cardio_dagster.settings import settings

    raise typer.Exit(list_notices(settings(), study_id=study, as_json=as_json))


@app.command()
def show(notice: NoticeId, as_json: AsJson = False) -> None:
    """Show one notice with what to do."""
    from cardio_dagster.commands.notices import show_notice
    from cardio_dagster.settings import settings

    raise typer.Exit(show_notice(settings(), notice, as_json=as_json))


@app.command()
def ack(
    notice: NoticeId,
    by: Annotated[str, typer.Option("--by", help="Who takes care of it.")],
    role: Annotated[str, typer.Option("--role", help="In which role, as the escalation file names it.")],
) -> None:
    """Acknowledge a notice, so that it goes to nobody else."""
    from cardio_dagster.commands.notices import acknowledge_notice
    from cardio_dagster.settings import settings

    raise typer.Exit(acknowledge_notice(settings(), notice, by=by, role=role))


@app.command()
def policy() -> None:
    """Show who is told of what, through which kinds of channel and how soon."""
    from cardio_dagster.commands.notices_policy import show_policy
    from cardio_dagster.settings import settings

    raise typer.Exit(show_policy(settings()))


@app.command("try")
def try_role(role: Annotated[str, typer.Argument(help="A role of the escalation file.")]) -> None:
    """Send a trial through every channel of a role."""
    from cardio_dagster.commands.notices_policy import try_channels
    from cardio_dagster.settings import settings

    raise typer.Exit(try_channels(settings(), role))
