"""`cardio key`: who may use the gateway.

Belongs here: arguments and exit codes. Not here: any work (commands/keys.py).
"""

from typing import Annotated

import typer

app = typer.Typer(help="Keys of the gateway.", no_args_is_help=True)


@app.command()
def add(
    name: Annotated[str, typer.Option("--name", help="Whose key it is; the name stands in the ledger.")],
    role: Annotated[str, typer.Option("--role", help="submitter, reader, reviewer, auditor or admin.")],
    days: Annotated[float, typer.Option("--days", min=0.01, max=3660, help="How long it is valid.")] = 365.0,
) -> None:
    """Make a key and print it, the only time that it is seen."""
    from cardio_dagster.commands.keys import key_add

    raise typer.Exit(key_add(name, role, days=days))


@app.command("list")
def every(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """List every key that was ever made, without the keys themselves."""
    from cardio_dagster.commands.keys import key_list

    raise typer.Exit(key_list(as_json=as_json))


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The key's name.")]) -> None:
    """End a key and its sessions at once."""
    from cardio_dagster.commands.keys import key_revoke

    raise typer.Exit(key_revoke(name))
