"""Lineage on a terminal, readable at 80 columns: the report first, then one block a sentence.

Belongs here: choosing, shortening and laying out; hashes are cut to 12 characters, the JSON has them whole. Not here:
tracing (trace.py).
"""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cardio_dagster.audit.lineage.parts import Lineage, PersonTraced, SentenceTraced, Trust
from cardio_dagster.audit.lineage.rows import (
    CUT,
    Row,
    cut,
    model_line,
    moment,
    of_sentence,
    recording_line,
    run_line,
    when,
)

_GRADES = {"critical": "bold red", "abnormal": "yellow", "note": "", "normal": "green"}


def show_lineage(lineage: Lineage, sentences: Iterable[SentenceTraced], console: Console) -> None:
    """Print what made the report, then each of the sentences; faults stand first and in red."""
    console.print(
        Text(f"{lineage.study_id} revision {lineage.revision}, version {lineage.version}: {lineage.status}", "bold")
    )
    for fault in lineage.faults:
        console.print(Padding(Text(fault, style="bold red"), (0, 0, 0, 2)))
    console.print(Padding(_table(_of_report(lineage)), (0, 0, 0, 2)))
    for sentence in sentences:
        console.print()
        console.print(
            Text.assemble((f"{sentence.statement_id} ", "bold"), (sentence.text, _GRADES.get(sentence.grade, "")))
        )
        console.print(Padding(_table(of_sentence(sentence)), (0, 0, 0, 2)))
    console.print()
    console.print(
        Text(
            "Hashes are cut to 12 characters; whole, with every parameter: --json. Research use, not a medical device.",
            style="dim",
        )
    )


def _table(rows: Iterable[Row]) -> Table:
    """Return the rows in two columns; a label that repeats is told once."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=13, style="dim")
    table.add_column(overflow="fold")
    former = ""
    for label, text in rows:
        table.add_row("" if label == former else label, text)
        former = label
    return table


def _of_report(lineage: Lineage) -> Iterator[Row]:
    yield "report", _hashes(lineage)
    if lineage.received:
        yield "received", when(lineage.received)
    if lineage.closed:
        yield "closed", when(lineage.closed)
    yield from (("files", recording_line(one)) for one in lineage.recordings)
    yield "software", Text(f"cardio_dagster {lineage.software_version}")
    single = [stage for stage in lineage.stages if stage.modality is None]
    yield from (("stages", Text(f"{s.stage} version {s.code_version}, {run_line(s)}")) for s in single)
    yield from (("models", model_line(model)) for model in lineage.models)
    if lineage.configuration:
        yield "parameters", _configuration(lineage)
    yield from (("people", _person(person)) for person in lineage.people)
    yield from _nobody(lineage)


def _nobody(lineage: Lineage) -> Iterator[Row]:
    if not lineage.people:
        yield "people", Text("none decided on it")
    if not lineage.sentences:
        yield "sentences", Text("none: the study ended before anything could be written")


def _person(person: PersonTraced) -> Text:
    what = f"{person.name} ({person.role or 'role not recorded'}) {person.did}, version {person.version}"
    amended = f" [{', '.join(person.amended)}]" if person.amended else ""
    return Text(f"{what}{amended}: {person.reason}; {moment(person.recorded)}")


def _hashes(lineage: Lineage) -> Text:
    """Say whether every file of the report has its recorded hash."""
    good = sum(file.trust is Trust.AS_RECORDED for file in lineage.files)
    if good == len(lineage.files) and lineage.closed:
        return Text(f"all {good} files have the hashes of record {lineage.closed.seq}", style="green")
    return Text(f"{good} of {len(lineage.files)} files have their recorded hash", style="bold red")


def _configuration(lineage: Lineage) -> Text:
    told = lineage.configuration
    assert told is not None
    hashed = f"configuration {told.sha256[:CUT]}"
    if told.recorded is None:
        return Text(f"{hashed}, whose values no record holds", style="yellow")
    values = " ".join(f"{name}={cut(value)}" for name, value in told.values.items())
    return Text.assemble(f"{hashed} since {moment(told.recorded)}\n", (values, "dim"))
