"""A replay on a terminal: the verdict in one line, then what differs or why nothing can be compared.

Belongs here: wording and layout. Not here: replaying (rebuild.py).
"""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cardio_dagster.audit.replay.parts import Replay, Verdict

_STYLES = {Verdict.IDENTICAL: "bold green", Verdict.DIFFERENT: "bold red", Verdict.NOT_COMPARABLE: "bold yellow"}


def show_replay(replayed: Replay, console: Console) -> None:
    """Print what came of a replay."""
    console.print(Text(_headline(replayed), style=_STYLES[replayed.verdict]))
    for reason in replayed.reasons:
        console.print(Padding(Text(reason), (0, 0, 0, 2)))
    for d in replayed.differences:
        console.print(Padding(Text(f"{d.file}, {d.where}", style="bold"), (0, 0, 0, 2)))
        console.print(Padding(Text(f"stands:  {d.stood or 'nothing'}"), (0, 0, 0, 4)))
        console.print(Padding(Text(f"rebuilt: {d.rebuilt or 'nothing'}"), (0, 0, 0, 4)))


def _headline(replayed: Replay) -> str:
    what = f"{replayed.study_id} revision {replayed.revision}, version {replayed.version}"
    if replayed.verdict is Verdict.IDENTICAL:
        return (
            f"{what}: identical, all {len(replayed.compared)} files byte by byte, and with their hashes in the ledger"
        )
    if replayed.verdict is Verdict.DIFFERENT:
        return f"{what}: {len(replayed.differences)} of {len(replayed.compared)} files differ; the first place of each:"
    return f"{what}: cannot be compared, because since it was written:"
