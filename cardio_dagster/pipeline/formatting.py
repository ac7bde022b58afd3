"""FORMATTING: from a dossier to the response, also when the study ended in ERROR.

Belongs here: handing the dossier to the report writers and the files to the store. Not here: the formats (rendering.py),
what the report says or looks like (reporting/).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cardio_dagster.outcome import Problem, State
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.fallback import bare_html, bare_json
from cardio_dagster.pipeline.rendering import rendered
from cardio_dagster.pipeline.reported import as_report
from cardio_dagster.pipeline.stages import Stopwatch, release_decision
from cardio_dagster.pipeline.writing import Manuscript, write
from cardio_dagster.reporting.execution import Execution, PipelineRun, execution_json, stage_costs, stage_timings
from cardio_dagster.reporting.html_report import to_html
from cardio_dagster.reporting.json_report import to_json
from cardio_dagster.reporting.report import Report
from cardio_dagster.stores.reports import ReportStore


@dataclass(frozen=True, slots=True)
class Response:
    """A dossier with its response, made but not yet written."""

    dossier: Dossier
    files: dict[str, bytes]


def format_response(dossier: Dossier, reports: ReportStore, desk: Desk, *, cpu_started_s: float = 0.0) -> Dossier:
    """Draft and verify, write the response in every format and return the dossier in FORMATTING, or still in ERROR.

    What differs from run to run goes into execution.json; all other files are the same bytes for the
    same dossier. A sentence that does not verify holds the report. `cpu_started_s` is `time.process_time()` of
    when this process began with the study; 0 where it does nothing else.
    """
    return save_response(prepare_response(dossier, desk, cpu_started_s=cpu_started_s), reports)


def save_response(response: Response, reports: ReportStore) -> Dossier:
    """Write the files and return the dossier with their place; DependencyError where the store takes them not."""
    study = response.dossier.study
    return replace(response.dossier, report_path=str(reports.save(study.study_id, study.revision, response.files)))


def prepare_response(dossier: Dossier, desk: Desk, *, cpu_started_s: float = 0.0) -> Response:
    """Make the response in every format without writing it.

    A format that breaks is left out, named as a problem (E_REPORT_001), and the report is held; report.json and
    report.html are not left out: what breaks them passes, and so does MemoryError.
    """
    watch = Stopwatch()
    manuscript = write(dossier, desk, cpu_started_s=cpu_started_s)
    decided = _decided(replace(dossier, written=manuscript.written))
    report = as_report(decided)
    files, broken = rendered(decided, report, without=())
    if broken:
        decided = _decided(replace(decided, study_problems=(*decided.study_problems, *broken.values())))
        report = as_report(decided)
        files, _ = rendered(decided, report, without=tuple(broken))
    done = decided if decided.failed else watch.enter(decided, State.FORMATTING)
    files["execution.json"] = execution_json(as_execution(done, report, manuscript))
    return Response(done, files)


def bare_response(failed: Dossier, met: Problem) -> Response:
    """Return the error response of a study whose report could not be made: its problems and nothing that was measured.

    Where the report's own writers are what is broken, the files say no more than study, code and cure.
    """
    failed = replace(_decided(failed), written=None)
    bare = replace(failed, analyses=(), fusion=None, scores=())
    try:
        report = as_report(bare)
        files = {"report.json": to_json(report), "report.html": to_html(report).encode()}
    except Exception:  # of memory too: this is the last resort, and `met` has said why
        files = {"report.json": bare_json(failed.study, met), "report.html": bare_html(failed.study, met)}
    return Response(failed, files)


def _decided(dossier: Dossier) -> Dossier:
    return replace(dossier, release=release_decision(dossier))


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
