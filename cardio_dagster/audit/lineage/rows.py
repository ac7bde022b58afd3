"""The rows of one sentence on a terminal: what it rests on, a line each.

Belongs here: wording and shortening. Not here: the frame around it (terminal.py) or tracing (trace.py).
"""

from collections.abc import Iterator

from rich.text import Text

from cardio_dagster.audit.lineage.parts import (
    ModelTraced,
    Recorded,
    RecordingTraced,
    ScoreTraced,
    SentenceTraced,
    StageTraced,
    Trust,
    ValueTraced,
)

CUT = 12  # characters of a hash that are shown
Row = tuple[str, Text]


def of_sentence(sentence: SentenceTraced) -> Iterator[Row]:
    """Yield what a sentence rests on: findings, values, scores, files, makers, models, evidence and its record."""
    for finding in sentence.findings:
        where = f", {finding.evidence}" if finding.evidence else ""
        yield "finding", Text(f"{finding.code} by the rule: {finding.rule}{where}")
    for value in sentence.values:
        yield "measured", _value(value)
    for score in sentence.scores:
        yield "score", _score(score)
    for recording in sentence.recordings:
        yield "from file", recording_line(recording)
    yield from (("made by", text) for text in _makers(sentence.stages))
    for model in sentence.models:
        yield "models", model_line(model)
    for passage in sentence.passages:
        yield "evidence", Text(f"{passage.passage_id}, sha256 {passage.sha256[:CUT]}: {'; '.join(passage.references)}")
    yield "decided", when(sentence.decided) if sentence.decided else Text("in no record", style="bold red")


def _value(value: ValueTraced) -> Text:
    if value.value is None:
        return Text(f"{value.name} absent: {value.reason}", style="dim")
    number = f"{value.value:g}" if isinstance(value.value, float) else str(value.value)
    where = f", {value.evidence}" if value.evidence else ""
    return Text(
        f"{value.name} = {number} {value.unit or ''}".rstrip() + f" ({value.method}; {value.recording_id}{where})"
    )


def _score(score: ScoreTraced) -> Text:
    given = f"{score.value:g} {score.unit}" if score.value is not None else f"not given: {score.reason}"
    inputs = f"; from {', '.join(score.inputs)}" if score.inputs else ""
    return Text(f"{score.name} = {given} ({score.source}{inputs})")


def recording_line(recording: RecordingTraced) -> Text:
    """Return a recording by id, kind, size and hash, in red where the store does not hold it as received."""
    style = "" if recording.trust is Trust.AS_RECORDED else "bold red"
    what = f"{recording.recording_id} {recording.modality or 'unrecognised'} {recording.format or ''}".rstrip()
    size = (
        f"{recording.size_bytes / 2**20:.1f} MB" if recording.size_bytes >= 2**20 else f"{recording.size_bytes} bytes"
    )
    return Text(f"{what}, {size}, sha256 {recording.sha256[:CUT]}, {recording.trust.value}", style=style)


def _makers(stages: tuple[StageTraced, ...]) -> Iterator[Text]:
    """Yield a line for each modality with its stages and the checkpoints that they left."""
    for modality in dict.fromkeys(s.modality for s in stages if s.modality):
        mine = [s for s in stages if s.modality == modality]
        keys = ", ".join(f"{s.stage} {(s.checkpoint or 'no checkpoint')[:CUT]}" for s in mine)
        runs = ", ".join(dict.fromkeys(s.made_in_run[:CUT] for s in mine))
        yield Text(f"{modality} code {mine[-1].modality_code_version}: checkpoints {keys}; run {runs}")


def run_line(stage: StageTraced) -> str:
    """Return the run of a stage and the door that it came through."""
    return f"run {stage.run_id[:CUT]}, {stage.door} door"


def when(at: Recorded) -> Text:
    """Return when something was recorded and who did it."""
    return Text(f"{moment(at)} by {at.actor}{f' ({at.role})' if at.role else ''}")


def moment(at: Recorded) -> str:
    """Return when something was recorded and where it stands in the ledger."""
    return f"{at.at[:19].replace('T', ' ')} UTC, record {at.seq}"


def cut(value: str) -> str:
    """Return a value of the configuration with a hash cut short."""
    return value[: len("sha256:") + CUT] if value.startswith("sha256:") else value


def model_line(model: ModelTraced) -> Text:
    """Return a model by name, version and hash."""
    return Text(f"{model.name} {model.version}, sha256 {model.sha256[:CUT]}")
