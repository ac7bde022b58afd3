"""Rebuilding a report from the recorded inputs, and holding it against the one that stands.

Belongs here: the order of the checks, and the rebuild itself. Not here: what changed since (changes.py), the earlier
studies (asof.py) or the comparison (compare.py). Nothing is written into the store.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cardio_dagster.audit.lineage.archive import Archive
from cardio_dagster.audit.lineage.hashes import recording_sha256, trust
from cardio_dagster.audit.lineage.parts import Trust
from cardio_dagster.audit.lineage.standing import REPORT, RUN_DEPENDENT, read_report, standing
from cardio_dagster.audit.lineage.story import (
    FIRST_VERSION,
    closed,
    configuration_of,
    passed,
    read_story,
)
from cardio_dagster.audit.replay.asof import as_of, missing_studies
from cardio_dagster.audit.replay.case import Case
from cardio_dagster.audit.replay.changes import changes_since, machine_failures
from cardio_dagster.audit.replay.compare import compare
from cardio_dagster.audit.replay.parts import Difference, Replay, Verdict
from cardio_dagster.modalities.branch import Options
from cardio_dagster.pipeline.branch_task import Workplace
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.reviewed import reviewed, reviewed_files
from cardio_dagster.pipeline.study_run import run_study
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.stores.checkpoints import MemoryCheckpoints
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.reviews import ReviewStore

_PATIENCE_MS = 600_000.0  # a tier that gives up on a busy machine would leave out what stands in the report


def replay(archive: Archive, study_id: str, revision: int | None, options: Options, desk: Desk) -> Replay:
    """Rebuild the report that stands of a revision (by default the last closed one) and compare it with it.

    Every file but execution.json is compared byte by byte, and with the hashes of its closing. A later version is
    rebuilt from the first one and the recorded decisions, and both are compared. Nothing is rebuilt, and the reasons
    are named, where an input has not its recorded hash or where code, models, parameters or evidence are no longer what
    they were. `options` and `desk` are those of now; the desk's database and time-out are replaced. Raises
    UnknownStudyError and NoReportError as `trace` does.
    """
    story = read_story(archive.ledger, study_id)
    row, closing = standing(archive, story, study_id, revision)
    report = read_report(archive, story, row, FIRST_VERSION)
    case = Case(archive, row, story, report, closed(closing).version if closing else FIRST_VERSION)
    reasons = (*_inputs(case), *_earlier(case), *changes_since(report, _values(case), options, desk))
    if reasons:
        return case.answer(Verdict.NOT_COMPARABLE, reasons=reasons)
    return _compared(case, options, desk)


def _compared(case: Case, options: Options, desk: Desk) -> Replay:
    rebuilt = _rebuilt(case, options, desk)
    failed = machine_failures(from_json(rebuilt[FIRST_VERSION][REPORT]))
    if failed:
        why = f"the rebuild itself failed by the machine ({', '.join(failed)}); try again"
        return case.answer(Verdict.NOT_COMPARABLE, reasons=(why,))
    differences: tuple[Difference, ...] = ()
    compared: tuple[str, ...] = ()
    for version in case.versions:
        closing = case.closing(version)
        stood, mark = _files(case.folder(version)), f"version {version} " if len(case.versions) > 1 else ""
        found = compare(stood, rebuilt[version], closed(closing).files if closing else None)
        differences += tuple(replace(d, file=mark + d.file) for d in found)
        compared += tuple(mark + name for name in sorted({*stood, *rebuilt[version]}))
    verdict = Verdict.DIFFERENT if differences else Verdict.IDENTICAL
    return case.answer(verdict, compared=compared, differences=differences)


def _rebuilt(case: Case, options: Options, desk: Desk) -> dict[int, dict[str, bytes]]:
    """Run the study in a temporary folder and return the files of each version of its report."""
    study, tiers = case.row.study, replace(desk.tiers, parallel_timeout_ms=_PATIENCE_MS)
    with tempfile.TemporaryDirectory(prefix="cardio-replay-") as folder:
        with as_of(case.archive.engine, case.report, Path(folder)) as url:
            then = replace(desk, tiers=tiers, database_url=url, evidence_dir=None, stored_dir=None)
            place = Workplace(case.row.folder(case.archive.store), MemoryCheckpoints(), options, then)
            done = run_study(study, place, ReportStore(Path(folder) / "reports"), problems=case.row.problems)
        made = {FIRST_VERSION: _files(Path(done.report_path or ""))}
    if case.version > FIRST_VERSION:
        made[case.version] = reviewed_files(_decided(case, done))
    return made


def _decided(case: Case, dossier: Dossier) -> Dossier:
    """Return the dossier after every decision up to the version that stands."""
    study = case.row.study
    for decision in ReviewStore(case.archive.engine, case.archive.reports).decisions(study.study_id, study.revision):
        dossier = reviewed(dossier, decision) if decision.makes <= case.version else dossier
    return dossier


def _files(folder: Path) -> dict[str, bytes]:
    """Return the files of a report; none where the folder is gone."""
    found = sorted(p for p in folder.glob("*") if p.is_file() and not p.name.startswith("."))
    return {path.name: path.read_bytes() for path in found if path.name != RUN_DEPENDENT}


def _inputs(case: Case) -> Iterator[str]:
    """Tell every recording that the store does not hold as it was registered."""
    files = dict(case.archive.input_files(case.row))
    for recording in case.row.study.recordings:
        found = trust(recording.sha256, recording_sha256(files[recording.recording_id]))
        if found is not Trust.AS_RECORDED:
            yield f"the received recording {recording.recording_id} is {found.value}"


def _earlier(case: Case) -> Iterator[str]:
    for study_id in missing_studies(case.archive.engine, case.report):
        yield f"the results of the earlier study {study_id}, which the report compares with, are no longer held"


def _values(case: Case) -> dict[str, str] | None:
    """Return the configuration in force when the report was written; None where the ledger does not hold it."""
    first = case.closing(FIRST_VERSION)
    until = first.record.seq if first else None
    behind = case.story.stages(revision=case.row.study.revision, until_seq=until)
    told = configuration_of(case.archive.ledger, passed(behind[-1]).config_sha256) if behind else None
    return dict(told.content.values) if told is not None else None
