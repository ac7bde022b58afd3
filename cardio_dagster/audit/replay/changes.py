"""What changed since a report was written, so that a rebuilt one could not be expected to be the same.

Belongs here: naming each change, from what to what. Not here: comparing reports (compare.py). Settings that decide
nothing of a report (where things lie, how soon, how often) are left out on purpose.
"""

from collections.abc import Iterator
from pathlib import Path

from cardio_dagster import __version__
from cardio_dagster.audit.configuration import EVIDENCE, UNSET, by_hash, surroundings
from cardio_dagster.errors import CODES, FailureClass
from cardio_dagster.evidence.corpus import NoteError, load_passages
from cardio_dagster.modalities.branch import Options
from cardio_dagster.models import catalogue
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.versions import STAGE_VERSIONS, code_version
from cardio_dagster.reporting.parts import SCHEMA_VERSION, Report

# these come out the same however often they are tried; every other class is a matter of the machine and the moment
_REPEATABLE = {
    FailureClass.VALIDATION,
    FailureClass.CORRUPTED_INPUT,
    FailureClass.INTERNAL,
    FailureClass.CRITICAL_MODEL,
}


def changes_since(report: Report, values: dict[str, str] | None, options: Options, desk: Desk) -> tuple[str, ...]:
    """Return every change that bears on a report, in plain words; none where a rebuild must give the same bytes.

    `values` is the configuration that the ledger holds of then; None where it holds none, which is no change by
    itself. `options` and `desk` are those of now.
    """
    return (
        *_of_code(report),
        *_of_models(report, options),
        *_of_settings(values, options, desk),
        *_of_evidence(report, desk),
        *_of_the_machine(report),
    )


def machine_failures(report: Report) -> tuple[str, ...]:
    """Return the codes in a report that no rebuild repeats at will."""
    met = dict.fromkeys(p.code for p in report.problems)
    return tuple(c for c in met if c in CODES and CODES[c].failure_class not in _REPEATABLE)


def _of_code(report: Report) -> Iterator[str]:
    if report.software_version != __version__:
        yield f"the software was cardio_dagster {report.software_version}, it is {__version__}"
    if report.schema_version != SCHEMA_VERSION:
        yield f"the shape of report.json was {report.schema_version}, it is {SCHEMA_VERSION}"
    now = {state.name: code_version(state) for state in STAGE_VERSIONS}
    for stage in dict.fromkeys((*report.code_versions, *now)):
        then, today = report.code_versions.get(stage, "absent"), now.get(stage, "absent")
        if then != today:
            yield f"the code of {stage} was version {then}, it is {today}"


def _of_models(report: Report, options: Options) -> Iterator[str]:
    catalogue.use_catalogue(Path(options.model_catalogue) if options.model_catalogue else None)
    starts = tuple(f"{r.modality}_" for r in report.recordings if r.modality)
    now = {name: catalogue.fingerprint(name) for name in catalogue.names() if name.startswith(starts)}
    then = {model.name: model.sha256 for model in report.models}
    for name in sorted({*then, *now}):
        one, other = then.get(name, "absent"), now.get(name, "absent")
        if one != other:
            yield f"the model {name} was {one[:12]}, it is {other[:12]}"


def _of_settings(values: dict[str, str] | None, options: Options, desk: Desk) -> Iterator[str]:
    now = {
        "score2_region": str(options.score2_region),
        "max_file_mb": str(options.max_file_mb),
        "memory_limit_mb": str(options.memory_limit_mb),
        "evidence_notes": by_hash(desk.site_notes),
        "model_catalogue": by_hash(options.model_catalogue),
        **surroundings(desk.site_notes),
    }
    for name, today in now.items():
        then = (values or {}).get(name)
        if then is not None and then != today:
            yield f"{_called(name)} was {_told(then)}, it is {_told(today)}"


def _of_evidence(report: Report, desk: Desk) -> Iterator[str]:
    """Tell cited passages that are gone or reworded, and notes of the site that do not read."""
    try:
        now = {p.passage_id: p.sha256 for p in load_passages(Path(desk.site_notes) if desk.site_notes else None)}
    except (NoteError, OSError):
        yield "the site's own protocol notes cannot be read"
        return
    for passage in report.written.passages:
        if now.get(passage.passage_id) != passage.sha256:
            what = "worded otherwise" if passage.passage_id in now else "gone"
            yield f"the cited passage {passage.passage_id} is {what} now"


def _of_the_machine(report: Report) -> Iterator[str]:
    for code in machine_failures(report):
        yield f"the report tells of a failure of the machine ({code}: {CODES[code].title}), which no rebuild repeats"
    for note in report.written.notes:
        if "(timed out:" in note or "(failed:" in note:
            yield f"a part of the report was left out by the machine of then: {note}"


def _called(name: str) -> str:
    if name == EVIDENCE:
        return "the text of all protocol notes"
    if name == "python":
        return "Python"
    kind, _, library = name.partition(".")
    return f"the library {library}" if library else f"the setting {kind}"


def _told(value: str) -> str:
    if value.startswith("sha256:"):
        return f"another one ({value[:19]})"
    return "unset" if value == UNSET else value[:19]
