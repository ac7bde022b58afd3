"""An explanation on a terminal: the standing in one line, then a line or two a stage.

Belongs here: layout. Not here: the reasons (why.py, waiting.py).
"""

from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cardio_dagster.audit.explain.parts import Explanation, StageExplained, What

_CUT, _RUN = 12, 8  # characters of a hash and, as in Dagster's UI, of a run id
_STYLES = {What.FAILED: "bold red", What.NOT_RUN: "yellow", What.NOT_REACHED: "dim", What.REUSED: "green"}


def show_explanation(explained: Explanation, console: Console) -> None:
    """Print why each stage ran or did not, and what the study waits for; times are UTC."""
    console.print(Text(f"{explained.study_id} revision {explained.revision}: {explained.standing}", style="bold"))
    for what in explained.waits:
        console.print(Padding(Text(f"waits: {what}", style="yellow"), (0, 0, 0, 2)))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=13, style="bold")
    table.add_column(overflow="fold")
    for name, told in _rows(explained.stages):
        table.add_row(name, told)
    console.print(table)


def _rows(stages: tuple[StageExplained, ...]) -> Iterator[tuple[str, Text]]:
    """Yield a row a stage; stages that did not run for one and the same reason share a row."""
    for _, group in groupby(
        stages, key=lambda s: (s.what, s.why) if s.recorded is None and not s.modality else s.stage
    ):
        told = tuple(group)
        first, last = told[0].stage, told[-1].stage
        yield (first if first == last else f"{first}\nto {last}"), Text("\n").join(_lines(told))


def _lines(told: tuple[StageExplained, ...]) -> Iterator[Text]:
    """Yield a line for each modality, and one for the run that they share."""
    for one in told if told[0].recorded or told[0].modality else told[:1]:
        name = f"{one.modality} " if one.modality else ""
        key = f"; checkpoint {one.checkpoint[:_CUT]}" if one.checkpoint else ""
        yield Text.assemble(name, (one.what.value, _STYLES.get(one.what, "")), f" {one.why}{key}")
    ran = next((one for one in told if one.recorded is not None), None)
    if ran is not None and ran.recorded is not None:
        run = f"run {ran.run_id[:_RUN]}, {ran.door} door, " if ran.run_id else ""
        yield Text(f"{run}{ran.recorded.actor}, {ran.recorded.at[:19].replace('T', ' ')}", style="dim")
