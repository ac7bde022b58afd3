"""`cardio evidence QUESTION`: what the protocol notes say, with where it comes from.

Belongs here: asking and laying out. Not here: the search (evidence/).
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from cardio_dagster.evidence.search import Answer

ERROR_EXIT = 2
_WIDTH = 100  # longer lines are hard to read


def find_evidence(
    query: str, *, k: int = 3, topics: Sequence[str] = (), notes_dir: Path | None = None, as_json: bool = False
) -> int:
    """Print the passages that answer a question; return the exit code, 2 where nothing was found.

    `topics` are finding codes or names of scores or measurements; only passages that may support one of them are then shown.
    Nothing is read from the store or written to it.
    """
    from cardio_dagster.evidence.cache import open_searcher

    answer = open_searcher(site_dir=notes_dir).search(query, k=k, topics=tuple(topics))
    if as_json:
        rows = [{"score": score, **msgspec.to_builtins(passage)} for passage, score in answer]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n")
    else:
        console = Console(markup=False)
        _show(answer, console if console.width <= _WIDTH else Console(markup=False, width=_WIDTH))
    return 0 if answer else ERROR_EXIT


def _show(answer: "Answer", console: Console) -> None:
    if not answer:
        console.print("No passage shares a word with the question, or none may support what was named.")
    for passage, score in answer:
        console.print(Text(passage.title, style="bold"))
        console.print(Text(f"{passage.passage_id}, score {score:.2f}", style="dim"))
        console.print(Padding(Text(passage.text), (1, 0, 1, 2)))
        for reference in passage.references:
            console.print(Padding(Text(reference, style="dim"), (0, 0, 0, 2)))
        console.print()
    console.print(
        Text("Research use, not a medical device. Notes in our own words; the works cited decide.", style="dim")
    )
