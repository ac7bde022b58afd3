"""`cardio health`: what /health tells an administrator, on the terminal and without a gateway.

Belongs here: laying out and exit codes. Not here: looking (watch/).
"""

import sys

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cardio_dagster.orchestration.queues import QUEUES
from cardio_dagster.settings import Settings
from cardio_dagster.watch.health import health
from cardio_dagster.watch.moments import age_s, now, span
from cardio_dagster.watch.place import place_of
from cardio_dagster.watch.words import CHECKS, Check, Health, Level

EXITS = {Level.OK: 0, Level.DEGRADED: 1, Level.DEAD: 2}
STYLES = {Level.OK: "green", Level.DEGRADED: "yellow", Level.DEAD: "bold red"}


def show_health(settings: Settings, *, as_json: bool = False, console: Console | None = None) -> int:
    """Print every check with what to do; return 0 if all is well, 1 if something is worse, 2 if what matters is dead."""
    found = health(place_of(settings, queues=QUEUES))
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    else:
        print_health(found, console or Console())
    return EXITS[found.level]


def print_health(found: Health, console: Console) -> None:
    """Print a line a check, the status in words, and below it the cure of what is not well."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for check in found.checks:
        cure = Text(f"\n{check.cure}", style="dim") if check.cure else Text()
        table.add_row(*status_of(check), Text(_seen(check)) + cure)
    console.print(table)
    word = {
        Level.OK: "All is well.",
        Level.DEGRADED: "It works, and something needs care.",
        Level.DEAD: "It does not work.",
    }
    console.print(Text(f"\n{word[found.level]}", style=STYLES[found.level]))


def status_of(check: Check) -> tuple[Text, Text]:
    """Return status and name of a check: the status as a word, because colour alone tells nothing to many."""
    minor = " (minor)" if check.level is Level.DEAD and not CHECKS[check.name].matters else ""
    return Text(check.level.value + minor, style=STYLES[check.level]), Text(check.name, style="bold")


def _seen(check: Check) -> str:
    lasts_s = age_s(check.since, now()) if check.since and check.level is not Level.OK else 0.0
    return f"{check.seen} (since {span(lasts_s)})" if lasts_s >= 1 else check.seen
