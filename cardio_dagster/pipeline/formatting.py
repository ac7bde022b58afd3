"""FORMATTING: from a dossier to the response, also when the study ended in ERROR.

Belongs here: handing the dossier to the report writers and the files to the store. Not
here: what the report says or looks like (reporting/).
"""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from cardio_dagster.errors import ModelLoadError
from cardio_dagster.fusion import feature_table
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import State, Status
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.stages import Stopwatch, fusion_findings, release_decision
from cardio_dagster.pipeline.versions import STAGE_VERSIONS, code_version
from cardio_dagster.pipeline.writing import Manuscript, write
from cardio_dagster.reporting.cohort import cohort_row
from cardio_dagster.reporting.dicom_sr import to_ecg_sr, to_echo_sr
from cardio_dagster.reporting.execution import (
    Execution,
    PipelineRun,
    StageEntry,
    execution_json,
    stage_costs,
    stage_timings,
)
from cardio_dagster.reporting.fhir import to_fhir
from cardio_dagster.reporting.html_report import to_html
from cardio_dagster.reporting.json_report import to_json
from cardio_dagster.reporting.parts import NOTHING_WRITTEN, ReportedModel
from cardio_dagster.reporting.pdf import to_pdf
from cardio_dagster.reporting.report import Report, build_report
from cardio_dagster.stores.reports import ReportStore


def format_response(dossier: Dossier, reports: ReportStore, desk: Desk, *, cpu_started_s: float = 0.0) -> Dossier:
    """Draft and verify, write the response in every format and return the dossier in FORMATTING, or still in ERROR.

    What differs from run to run goes into execution.json; all other files are the same bytes for the
    same dossier. A sentence that does not verify holds the report. `cpu_started_s` is `time.process_time()` of
    when this process began with the study; 0 where it does nothing else.
    """
    watch = Stopwatch()
    manuscript = write(dossier, desk, cpu_started_s=cpu_started_s)
    drafted = replace(dossier, written=manuscript.written)
    decided = replace(drafted, release=release_decision(drafted))
    report = as_report(decided)
    files = render(report)
    if decided.fusion is not None:
        rows = feature_table(decided.fusion, decided.analyses)
        files["features.json"] = msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n"
    done = decided if decided.failed else watch.enter(decided, State.FORMATTING)
    files["execution.json"] = execution_json(as_execution(done, report, manuscript))
    folder = reports.save(dossier.study.study_id, dossier.study.revision, files)
    return replace(done, report_path=str(folder))


def render(report: Report) -> dict[str, bytes]:
    """Return the report in every format, by file name; a modality without a measurement has no DICOM document."""
    files = {
        "report.json": to_json(report),
        "report.html": to_html(report).encode(),
        "report.pdf": to_pdf(report),
        "report.fhir.json": to_fhir(report),
        "report.echo.dcm": to_echo_sr(report),
        "report.ecg.dcm": to_ecg_sr(report),
        "cohort_row.csv": cohort_row(report),
    }
    return {name: content for name, content in files.items() if content is not None}


def as_execution(dossier: Dossier, report: Report, manuscript: Manuscript) -> Execution:
    """Return what the study took, beside how its report says that it went."""
    passed = report.pipeline_execution
    return Execution(
        study_id=dossier.study.study_id,
        revision=dossier.study.revision,
        generated_at=datetime.now(UTC).isoformat(timespec="seconds"),
        pipeline_execution=PipelineRun(
            states_traversed=passed.states_traversed,
            branches_executed=passed.branches_executed,
            checkpoints_saved=passed.checkpoints_saved,
            retries_performed=dossier.retries,
            total_time_ms=round(sum(entry.duration_ms for entry in dossier.trail), 1),
        ),
        stage_timings=stage_timings(dossier.trail),
        stages=stage_costs(dossier.trail, dossier.outcomes),
        tiers=manuscript.tiers,
        cost=manuscript.cost,
    )


def as_report(dossier: Dossier) -> Report:
    """Return the report of a dossier, complete or not; FORMATTING, in which it is written, counts as passed.

    A dossier that was stored and read again gives an equal report, down to whole numbers that are floats.
    """
    fusion = dossier.fusion
    lacking = [f"{m.name} {m.why}: {m.effect}" for m in fusion.missing] if fusion else []
    report = build_report(
        study=dossier.study,
        trail=_with_formatting(dossier),
        outcomes=dossier.outcomes,
        study_problems=dossier.study_problems,
        analyses=dossier.analyses,
        coverage=fusion.coverage.value if fusion else "NONE",
        coverage_notes=tuple(lacking),
        scores=dossier.scores,
        fusion_findings=fusion_findings(dossier),
        error=(dossier.error.code, dossier.error.state) if dossier.error else None,
        checkpoints_saved=len({o.state for o in dossier.outcomes}),
        release_status=_release_text(dossier),
        code_versions={state.name: code_version(state) for state in STAGE_VERSIONS},
        models=_models(dossier.study.modalities),
        written=dossier.written or NOTHING_WRITTEN,
    )
    return msgspec.json.decode(msgspec.json.encode(report), type=Report)


def _with_formatting(dossier: Dossier) -> tuple[StageEntry, ...]:
    """Return the trail with FORMATTING in it, whether the report is made inside that state or after it."""
    passed = any(entry.state is State.FORMATTING for entry in dossier.trail)
    return (
        dossier.trail if dossier.failed or passed else (*dossier.trail, StageEntry(State.FORMATTING, Status.OK, 0, 0))
    )


def _models(modalities: tuple[str, ...]) -> tuple[ReportedModel, ...]:
    """Return the models of the modalities, which are named after them; none where no catalogue can be read."""
    starts = tuple(f"{modality}_" for modality in modalities)
    try:
        found = {name: catalogue.entry(name) for name in catalogue.names() if name.startswith(starts)}
    except ModelLoadError:  # the modalities that needed them have failed with its code, and the report says so
        return ()
    return tuple(ReportedModel(name, model.version, model.sha256) for name, model in found.items())


def _release_text(dossier: Dossier) -> str:
    release = dossier.release
    if release is None:
        return "not released"
    if release.status is ReleaseStatus.RELEASED:
        return "released: every gate passed"
    reasons = "; ".join(reason.rstrip(".") for reason in release.reasons)
    if release.status is ReleaseStatus.HELD:
        return f"held for review: {reasons}"
    return f"error response: {reasons}"
