"""`cardio ecg` and `cardio echo`: one recording to its JSON document or one screen."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console

from cardio_dagster.commands.ecg_summary import show_ecg
from cardio_dagster.commands.echo_summary import show_echo
from cardio_dagster.commands.process import options_of
from cardio_dagster.errors import CardioError
from cardio_dagster.outcome import Problem
from cardio_dagster.pipeline.retry import final_problem
from cardio_dagster.settings import settings

if TYPE_CHECKING:
    import numpy as np

ERROR_EXIT = 2


def describe_ecg(file: Path, *, as_json: bool) -> int:
    """Print the analysis of one ECG; return the exit code."""
    from cardio_dagster.modalities.ecg.document import describe

    chosen = settings()
    try:
        document = describe(file, options_of(chosen, threads=chosen.threads))
    except Exception as error:
        return _refuse(error, as_json=as_json)
    if as_json:
        _print_json(document)
    else:
        show_ecg(document, Console(markup=False))
    return 0


def describe_echo(file: Path, *, as_json: bool, masks: Path | None) -> int:
    """Print the analysis of one clip and write its masks if asked; return the exit code."""
    from cardio_dagster.modalities.echo.document import describe, describe_with_masks

    chosen = settings()
    options = options_of(chosen, threads=chosen.threads)
    try:
        if masks is None:
            document = describe(file, options)
        else:
            document, labels = describe_with_masks(file, options)
            _save_masks(labels, masks)
    except Exception as error:
        return _refuse(error, as_json=as_json)
    if as_json:
        _print_json(document)
    elif document.format is not None:
        show_echo(document, Console(markup=False))
    if document.format is not None:
        return 0
    for met in document.problems:
        sys.stderr.write(f"{_told(met)}\n{met.cure or ''}\n")
    return ERROR_EXIT


def _told(met: Problem) -> str:
    """Return a problem on one line, with what was seen and what is allowed."""
    between = (f"{word} {text}" for word, text in (("seen:", met.seen), ("allowed:", met.allowed)) if text)
    return "; ".join((f"{met.code}: {met.message}", *between))


def _save_masks(labels: "np.ndarray | None", path: Path) -> None:
    """Write the labels as `mask` (t, h, w) uint8; nothing where there is no segmentation."""
    import numpy as np

    if labels is None:
        sys.stderr.write("no segmentation, so no masks were written; the problems say why\n")
        return
    with path.open("wb") as file:  # np.savez would add .npz to another name
        np.savez_compressed(file, mask=labels)


def _print_json(document: Any) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")


def _refuse(error: Exception, *, as_json: bool) -> int:
    """Print any failure as its coded problem; the text of an unforeseen exception is not shown, it may name a person."""
    met = final_problem(error, attempts=1, stage="ANALYSIS")
    if as_json:
        text = msgspec.json.format(msgspec.json.encode({"error": met})).decode()
        sys.stdout.write(text + "\n")
    sys.stderr.write(f"{error if isinstance(error, CardioError) else f'{met.code}: {met.message} ({met.seen})'}\n")
    if met.cure:
        sys.stderr.write(f"{met.cure}\n")
    return ERROR_EXIT
