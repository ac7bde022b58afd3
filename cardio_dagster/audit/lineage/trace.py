"""Tracing one version of a report: reading it, holding it against the ledger, and following every sentence.

Belongs here: putting the parts together, and the faults in plain words. Not here: what a sentence rests on
(sentences.py), the stages (stages.py) or the layout (terminal.py).
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from cardio_dagster.audit.lineage.archive import Archive
from cardio_dagster.audit.lineage.faults import faults_of
from cardio_dagster.audit.lineage.hashes import file_sha256, recording_sha256, trust
from cardio_dagster.audit.lineage.parts import (
    ConfigurationTraced,
    FileTraced,
    Lineage,
    ModelTraced,
    Recorded,
    RecordingTraced,
    SentenceTraced,
    StageTraced,
)
from cardio_dagster.audit.lineage.people import decided, people
from cardio_dagster.audit.lineage.sentences import (
    recordings_under,
    traced_findings,
    traced_passages,
    traced_scores,
    traced_values,
)
from cardio_dagster.audit.lineage.stages import recorded, stages_behind
from cardio_dagster.audit.lineage.standing import RUN_DEPENDENT, read_report, standing
from cardio_dagster.audit.lineage.story import FIRST_VERSION, Story, Told, closed, configuration_of, passed, read_story
from cardio_dagster.audit_record import Kind
from cardio_dagster.reporting.parts import Report
from cardio_dagster.statement import Statement
from cardio_dagster.stores.studies import StudyRow


@dataclass(frozen=True, slots=True)
class _Behind:
    """What stands behind every sentence of one report."""

    report: Report
    story: Story
    recordings: tuple[RecordingTraced, ...]
    models: tuple[ModelTraced, ...]
    stages: tuple[StageTraced, ...]


def trace(archive: Archive, study_id: str, revision: int | None = None) -> Lineage:
    """Return the lineage of the report that stands of a revision, by default of the last one that has a report.

    Every file is hashed and held against its record; a difference becomes one of `faults`, never an error. Raises
    UnknownStudyError for a study or revision that is not registered, NoReportError where no report stands, and
    StudyError (E_CORRUPT_001) where report.json cannot be read as one.
    """
    story = read_story(archive.ledger, study_id)
    row, closing = standing(archive, story, study_id, revision)
    version = closed(closing).version if closing else FIRST_VERSION
    folder = archive.report_folder(study_id, row.study.revision, version)
    report = read_report(archive, story, row, version)
    first = story.closing(row.study.revision, FIRST_VERSION) or closing
    behind = _Behind(
        report,
        story,
        _recordings(archive, row, story),
        tuple(ModelTraced(m.name, m.version, m.sha256) for m in report.models),
        stages_behind(story, row.study.revision, first.record.seq if first else None),
    )
    lineage = Lineage(
        study_id=study_id,
        revision=row.study.revision,
        version=version,
        status=closed(closing).status if closing else "not closed",
        coverage=report.coverage,
        software_version=report.software_version,
        faults=(),
        received=_received(story, row),
        closed=recorded(closing.record) if closing else None,
        files=_files(folder, closing),
        recordings=behind.recordings,
        models=behind.models,
        configuration=_configuration(archive, story, row.study.revision, first),
        stages=behind.stages,
        people=people(story, row.study.revision),
        sentences=tuple(_sentence(statement, behind) for statement in report.written.statements),
    )
    return replace(lineage, faults=faults_of(lineage, report, story, archive.ledger))


def _files(folder: Path, closing: Told | None) -> tuple[FileTraced, ...]:
    hashes = closed(closing).files if closing else {}
    here = {p.name for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")} - {RUN_DEPENDENT}
    return tuple(
        FileTraced(name, hashes.get(name), trust(hashes.get(name), file_sha256(folder / name)))
        for name in sorted(here | set(hashes))
    )


def _recordings(archive: Archive, row: StudyRow, story: Story) -> tuple[RecordingTraced, ...]:
    files = dict(archive.input_files(row))
    told = {
        (file.recording_id, file.sha256): receipt.record
        for receipt in story.of(Kind.STUDY_RECEIVED)
        for file in receipt.content.files
    }
    return tuple(
        RecordingTraced(
            r.recording_id,
            r.modality,
            r.format,
            r.sha256,
            r.size_bytes,
            trust(r.sha256, recording_sha256(files[r.recording_id])),
            recorded(told[r.recording_id, r.sha256]) if (r.recording_id, r.sha256) in told else None,
        )
        for r in row.study.recordings
    )


def _received(story: Story, row: StudyRow) -> Recorded | None:
    found = story.of(Kind.STUDY_RECEIVED, revision=row.study.revision)
    return recorded(found[-1].record) if found else None


def _configuration(archive: Archive, story: Story, revision: int, closing: Told | None) -> ConfigurationTraced | None:
    behind = story.stages(revision=revision, until_seq=closing.record.seq if closing else None)
    if not behind:
        return None
    sha256 = passed(behind[-1]).config_sha256
    told = configuration_of(archive.ledger, sha256)
    if told is None:
        return ConfigurationTraced(sha256, None, {}, None)
    return ConfigurationTraced(sha256, told.content.software_version, told.content.values, recorded(told.record))


def _sentence(statement: Statement, behind: _Behind) -> SentenceTraced:
    mine = recordings_under(behind.report, statement)
    under = tuple(r for r in behind.recordings if r.recording_id in mine)
    modalities = {r.modality for r in under if r.modality}
    text_sha256 = hashlib.sha256(statement.text.encode()).hexdigest()
    return SentenceTraced(
        statement_id=statement.statement_id,
        section=statement.section,
        grade=statement.grade.value,
        text=statement.text,
        text_sha256=text_sha256,
        findings=traced_findings(behind.report, statement),
        values=traced_values(behind.report, statement),
        scores=traced_scores(behind.report, statement),
        passages=traced_passages(behind.report, statement),
        recordings=under,
        models=tuple(m for m in behind.models if m.name.split("_")[0] in modalities),
        stages=tuple(s for s in behind.stages if s.modality is None or s.modality in modalities),
        decided=decided(behind.story, behind.report.revision, statement.statement_id, text_sha256),
    )
