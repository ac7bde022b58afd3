"""`cardio lineage STUDY`: what made each sentence of a report.

Belongs here: arguments, output and exit codes. Not here: tracing or layout (audit/lineage/).
"""

import sys
from dataclasses import replace

import msgspec
from rich.console import Console

from cardio_dagster.errors import CardioError
from cardio_dagster.settings import Settings

ERROR_EXIT = 2
FAULT_EXIT = 1
_NARROWEST, _WIDEST = 80, 110


def tell_lineage(
    study_id: str, chosen: Settings, *, revision: int | None = None, sentence: str | None = None, as_json: bool = False
) -> int:
    """Print the lineage of a report, of one sentence if asked; return the exit code.

    0 if everything has its recorded hash, 1 if something does not (it is named), 2 if there is nothing to tell: no such
    study, revision or sentence, or no report; the message says what to do.
    """
    from cardio_dagster.audit.lineage.archive import open_archive
    from cardio_dagster.audit.lineage.terminal import show_lineage
    from cardio_dagster.audit.lineage.trace import trace

    try:
        lineage = trace(open_archive(chosen), study_id, revision)
    except CardioError as error:
        return refused(error)
    told = tuple(s for s in lineage.sentences if sentence in (None, s.statement_id))
    if sentence is not None and not told:
        held = [s.statement_id for s in lineage.sentences]
        return refused(
            f"no sentence {sentence!r} in this report; it has {f'{held[0]} to {held[-1]}' if held else 'none'}"
        )
    if as_json:
        print_json(replace(lineage, sentences=told))
    else:
        show_lineage(lineage, told, terminal())
    return FAULT_EXIT if lineage.faults else 0


def refused(why: object) -> int:
    """Say why nothing can be told and return the exit code for it."""
    sys.stderr.write(f"{why}\n")
    return ERROR_EXIT


def print_json(answer: object) -> None:
    """Print a dataclass as indented JSON."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")


def terminal() -> Console:
    """Return a console as wide as the terminal within what reads well; 80 columns where there is none."""
    console = Console(markup=False)
    width = console.width if console.is_terminal else _NARROWEST
    return Console(markup=False, width=min(max(width, 40), _WIDEST))
