"""Things: what a record's event used and what it made, as identified objects.

Belongs here: files, reports, models, configurations, results of stages, one function for each content that names some.
Not here: how a format writes them. An id is the same wherever the thing is named, so that records link up without any
memory of earlier ones; it holds pseudonyms, versions and hashes only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cardio_dagster import audit_contents as contents
from cardio_dagster.audit_record import Record


class Sort(StrEnum):
    """What sort of thing it is."""

    FILE = "file"
    STUDY = "study"
    STAGE_RESULT = "stage-result"
    CHECKPOINT = "checkpoint"
    REPORT = "report"
    STATEMENT = "statement"
    MODEL = "model"
    CONFIGURATION = "configuration"
    RUN = "run"
    DROP = "drop"
    NOTICE = "notice"
    RESOURCE = "resource"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class Thing:
    """One object: sort, id (unique within the sort), and its SHA-256 where it is a file or has one."""

    sort: Sort
    id: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Things:
    """What an event used, made and destroyed; what it made came from (is derived from) what it used."""

    used: tuple[Thing, ...] = ()
    made: tuple[Thing, ...] = ()
    destroyed: tuple[Thing, ...] = field(default=())


def things(record: Record, content: Any) -> Things:
    """Return the things of a record; those of a purged one are its study alone."""
    teller = _TELLERS.get(type(content))
    return teller(record, content) if teller else Things(used=study_of(record))


def study_of(record: Record) -> tuple[Thing, ...]:
    """Return the study's revision as a thing; none where the record is of no study."""
    if record.study_id is None:
        return ()
    suffix = f"/r{record.revision}" if record.revision is not None else ""
    return (Thing(Sort.STUDY, f"{record.study_id}{suffix}"),)


def _file(sha256: str) -> Thing:
    return Thing(Sort.FILE, sha256, sha256)


def _models(found: tuple[tuple[str, str, str], ...]) -> tuple[Thing, ...]:
    return tuple(Thing(Sort.MODEL, f"{name}/{version}", sha256) for name, version, sha256 in found)


def _stage_result(record: Record, state: str) -> Thing:
    return Thing(Sort.STAGE_RESULT, f"{record.study_id}/r{record.revision}/{state}")


def _report(record: Record, version: int, sha256: str | None = None) -> Thing:
    return Thing(Sort.REPORT, f"{record.study_id}/r{record.revision}/v{version}", sha256)


def _received(record: Record, told: contents.Received) -> Things:
    files = tuple(_file(f.sha256) for f in told.files)
    return Things(used=(*files, Thing(Sort.DROP, told.claim)), made=study_of(record))


def _set_aside(record: Record, told: contents.SetAside) -> Things:
    return Things(used=(Thing(Sort.DROP, told.claim), *study_of(record)))


def _stage(record: Record, told: contents.StagePassed) -> Things:
    settings = Thing(Sort.CONFIGURATION, told.config_sha256, told.config_sha256)
    before, after = _stage_result(record, told.from_state), _stage_result(record, told.to_state)
    keys = tuple(Thing(Sort.CHECKPOINT, m.key) for m in told.modalities if m.key)
    return Things((*study_of(record), before, settings, Thing(Sort.RUN, told.run_id)), (after, *keys))


def _decisions(record: Record, told: contents.DecisionsMade) -> Things:
    place = f"{record.study_id}/r{record.revision}"
    said = tuple(Thing(Sort.STATEMENT, f"{place}/{d.statement_id}", d.text_sha256) for d in told.decisions)
    return Things((*study_of(record), *_models(told.models)), said)


def _died(record: Record, told: contents.RunDied) -> Things:
    studies = tuple(Thing(Sort.STUDY, study) for study in told.studies)
    return Things(used=(Thing(Sort.RUN, told.run_id), *(studies or study_of(record))))


def _closed(record: Record, told: contents.ReportClosed) -> Things:
    before = (_report(record, told.version - 1),) if told.version > 1 else ()
    files = tuple(dict.fromkeys(_file(sha256) for _, sha256 in sorted(told.files.items())))
    used = (*study_of(record), _stage_result(record, told.state), *before)
    return Things(used, (_report(record, told.version), *files))


def _notice(record: Record, told: contents.NoticeTold) -> Things:
    notice, raised = Thing(Sort.NOTICE, told.notice_id), record.kind.value == "notice.raised"
    return Things(study_of(record), (notice,)) if raised else Things((*study_of(record), notice))


def _review_opened(record: Record, told: contents.ReviewOpened) -> Things:
    return Things(used=(*study_of(record), _report(record, told.version), _file(told.report_sha256)))


def _review_decided(record: Record, told: contents.ReviewDecided) -> Things:
    seen = (*study_of(record), _report(record, told.version), _file(told.report_sha256))
    return Things(seen, (_report(record, told.version + 1),))


def _config(_record: Record, told: contents.ConfigChanged) -> Things:
    return Things(made=(Thing(Sort.CONFIGURATION, told.sha256, told.sha256),))


def _models_changed(_record: Record, told: contents.ModelsChanged) -> Things:
    return Things(made=_models(told.models))


def _access(record: Record, told: contents.AccessMade) -> Things:
    return Things(used=(*study_of(record), Thing(Sort.RESOURCE, told.resource)))


def _restarted(_record: Record, told: contents.ServiceRestarted) -> Things:
    return Things(used=(Thing(Sort.RESOURCE, f"service/{told.service}"),))


def _evaluated(_record: Record, told: contents.EvaluationMade) -> Things:
    return Things(made=(Thing(Sort.EVALUATION, f"{told.night}/{told.size}"),))


def _promotion(_record: Record, told: contents.PromotionDecided) -> Things:
    return Things(used=(Thing(Sort.RESOURCE, told.what),))


def _purged(record: Record, told: contents.ContentPurged) -> Things:
    gone = tuple(dict.fromkeys(_file(sha256) for _, sha256 in sorted(told.files.items())))
    return Things(used=study_of(record), destroyed=gone)


_TELLERS: dict[type, Callable[[Record, Any], Things]] = {
    contents.Received: _received,
    contents.SetAside: _set_aside,
    contents.StagePassed: _stage,
    contents.DecisionsMade: _decisions,
    contents.RunDied: _died,
    contents.ReportClosed: _closed,
    contents.NoticeTold: _notice,
    contents.ReviewOpened: _review_opened,
    contents.ReviewDecided: _review_decided,
    contents.ConfigChanged: _config,
    contents.ModelsChanged: _models_changed,
    contents.AccessMade: _access,
    contents.ServiceRestarted: _restarted,
    contents.EvaluationMade: _evaluated,
    contents.PromotionDecided: _promotion,
    contents.ContentPurged: _purged,
}
