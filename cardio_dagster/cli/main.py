"""The commands that make reports and look at recordings, and all others gathered into one app.

Belongs here: arguments and exit codes. Not here: any work (commands/).
"""

from pathlib import Path
from typing import Annotated

import typer

from cardio_dagster.cli import audit, key, notices, operations, review, trace, upkeep

app = typer.Typer(
    name="cardio",
    help="Cardiology files to an audited report. Research use, not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

app.add_typer(review.app, name="review")
app.add_typer(notices.app, name="notices")
app.add_typer(audit.app, name="audit")
app.add_typer(key.app, name="key")
for _command in (*trace.COMMANDS, *operations.COMMANDS, *upkeep.COMMANDS):
    app.command()(_command)

ExistingFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="One recording.")]


@app.command()
def process(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Study folders, zip files or single recordings.")],
    out: Annotated[Path, typer.Option("--out", help="Where the reports go: OUT/<study>/r1/report.{json,html}.")] = Path(
        "out"
    ),
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Studies at once, each in a process of its own.")] = 1,
) -> None:
    """Process studies and write their reports. Exit 0 if all are COMPLETE, 2 if any ended in ERROR."""
    from cardio_dagster.commands.process import process_paths

    raise typer.Exit(process_paths(paths, out=out, jobs=jobs))


@app.command()
def ecg(
    file: ExistingFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole analysis as JSON.")] = False,
) -> None:
    """Analyse one ECG recording (for WFDB the .hea file)."""
    from cardio_dagster.commands.recording import describe_ecg

    raise typer.Exit(describe_ecg(file, as_json=as_json))


@app.command()
def evidence(
    query: Annotated[str, typer.Argument(help="What to look for, in English.")],
    k: Annotated[int, typer.Option("-k", min=1, help="Passages at most.")] = 3,
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="Only what may support this finding code, score or measurement.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the passages as JSON.")] = False,
) -> None:
    """Search the protocol notes that reports cite."""
    from cardio_dagster.commands.evidence import find_evidence
    from cardio_dagster.settings import settings

    notes = settings().evidence_notes
    raise typer.Exit(find_evidence(query, k=k, topics=tuple(topic or ()), notes_dir=notes, as_json=as_json))


@app.command()
def echo(
    file: ExistingFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole analysis as JSON.")] = False,
    masks: Annotated[
        Path | None, typer.Option("--masks", help="Write the label of every pixel, 0 to 3, to this NPZ.")
    ] = None,
) -> None:
    """Analyse one echo clip or still."""
    from cardio_dagster.commands.recording import describe_echo

    raise typer.Exit(describe_echo(file, as_json=as_json, masks=masks))


@app.command()
def demo(
    detach: Annotated[bool, typer.Option("--detach", help="Leave Dagster running and return.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End what an earlier demo left running.")] = False,
    port: Annotated[
        int, typer.Option("--port", help="Port of the Dagster UI; another is taken if it is in use.")
    ] = 3000,
) -> None:
    """Start Dagster, drop real and made-up studies, wait for their reports and show what came out."""
    from cardio_dagster.commands.demo import run_demo, stop_demo

    raise typer.Exit(stop_demo() if stop else run_demo(detach=detach, ui_port=port))
