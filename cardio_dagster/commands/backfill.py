"""`cardio backfill`: count stale studies, or ask the running installation to make them anew.

Belongs here: counting for the terminal, and asking as the UI does. Not here: what is stale or what becomes of a report
(orchestration/), or the job (defs/backfill.py).
"""

import json
import urllib.request
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from cardio_dagster.commands.installation import open_database
from cardio_dagster.errors import SettingsError
from cardio_dagster.serve.state import running
from cardio_dagster.settings import settings

ERROR_EXIT = 2
JOB = "backfill_studies"
_ASK_S = 60.0
_SELECTOR = {"repositoryName": "__repository__", "repositoryLocationName": "cardio_dagster", "jobName": JOB}
_LAUNCH = """
mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } } }
}"""


def run_backfill(choice: dict[str, Any], *, dry_run: bool) -> int:
    """Count by reason, and without `dry_run` launch the job with that choice; return 0, or 2 for a choice that is none.

    `choice` has the fields of the job's configuration; one that is None does not narrow. Raises SettingsError where nothing
    is installed, and without `dry_run` where nothing runs.
    """
    from cardio_dagster.orchestration.resources import Stores
    from cardio_dagster.orchestration.staleness import Chosen, find_stale

    given = {name: value for name, value in choice.items() if value is not None}
    open_database(settings())
    try:
        days: dict[str, Any] = {name: date.fromisoformat(given[name]) for name in ("since", "until") if name in given}
        found = find_stale(Stores.of(settings()), Chosen(**(given | days)))
    except ValueError as error:
        Console(stderr=True, markup=False).print(f"{error}")
        return ERROR_EXIT
    console = Console(markup=False)
    _tell(found, console)
    if dry_run or not found:
        console.print("Nothing was changed.")
        return 0
    console.print(f"Asked for: run {_launch(given)} of {JOB}; `cardio monitor` and the UI show how far it is.")
    return 0


def _tell(found: "tuple[Any, ...]", console: Console) -> None:
    from cardio_dagster.orchestration.staleness import count_reasons

    console.print(f"To be made anew: {len(found):,} {'study' if len(found) == 1 else 'studies'}.")
    if not found:
        return
    table = Table("because of", "studies", box=None, pad_edge=False)
    for reason, count in count_reasons(found).items():
        table.add_row(reason, f"{count:,}")
    console.print(table)


def _launch(given: dict[str, Any]) -> str:
    """Launch the job through the UI's own API and return the id of its run."""
    state = running(settings().data_dir.resolve())
    if state is None:
        raise SettingsError("nothing runs for this data folder; start it with `cardio up`, or count with --dry-run")
    config = {"ops": {"make_anew": {"config": given}}}
    params = {"mode": "default", "selector": _SELECTOR, "runConfigData": json.dumps(config)}
    body = json.dumps({"query": _LAUNCH, "variables": {"params": params}}).encode()
    asked = urllib.request.Request(f"{state['ui']}/graphql", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=_ASK_S) as answer:
            told = json.loads(answer.read())["data"]["launchRun"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"the UI did not answer ({type(error).__name__}); look at `cardio status`") from None
    if told["__typename"] != "LaunchRunSuccess":
        raise SettingsError(f"the run was refused ({told['__typename']}); look at the job {JOB} in the UI")
    return str(told["run"]["runId"])
