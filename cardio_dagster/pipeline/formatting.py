"""FORMATTING: from a dossier to the response, also when the study ended in ERROR.

Belongs here: handing the dossier to the report writers and the files to the store. Not
here: what the report says or looks like (reporting/).
"""

from dataclasses import replace
from datetime import UTC, datetime

from cardio_dagster.outcome import Outcome, State, Status
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.stages import Stopwatch, fusion_findings, release_decision
from cardio_dagster.reporting.html_report import to_html
from cardio_dagster.reporting.json_report import to_json
from cardio_dagster.reporting.report import Report, build_report
from cardio_dagster.stores.reports import ReportStore


def format_response(dossier: Dossier, reports: ReportStore) -> Dossier:
    """Write report.json and report.html and return the dossier in FORMATTING, or still in ERROR.

    The step list of the report holds the stages before this one; this one's own time is in
    the dossier that it returns.
    """
    watch = Stopwatch()
    decided = replace(dossier, release=release_decision(dossier))
    report = as_report(decided)
    files = {"report.json": to_json(report), "report.html": to_html(report).encode()}
    folder = reports.save(dossier.study.study_id, dossier.study.revision, files)
    done = replace(decided, report_path=str(folder))
    return done if done.failed else watch.enter(done, State.FORMATTING)


def as_report(dossier: Dossier) -> Report:
    """Return the report of a dossier, complete or not."""
    fusion = dossier.fusion
    lacking = [f"{m.name} {m.why}: {m.effect}" for m in fusion.missing] if fusion else []
    return build_report(
        study=dossier.study,
        generated_at=datetime.now(UTC).isoformat(timespec="seconds"),
        trail=dossier.trail,
        outcomes=_with_study_problems(dossier),
        analyses=dossier.analyses,
        coverage=fusion.coverage.value if fusion else "NONE",
        coverage_notes=tuple(lacking),
        scores=dossier.scores,
        fusion_findings=fusion_findings(dossier),
        error=(dossier.error.code, dossier.error.state) if dossier.error else None,
        checkpoints_saved=len({o.state for o in dossier.outcomes}),
        retries_performed=dossier.retries,
        release_status=_release_text(dossier),
    )


def _with_study_problems(dossier: Dossier) -> tuple[Outcome, ...]:
    """Return the outcomes with the problems of the study as a whole first, as those of its receipt."""
    if not dossier.study_problems:
        return dossier.outcomes
    status = Status.FAILED if dossier.failed else Status.DEGRADED
    return (Outcome(State.RECEIPT, "study", status, dossier.study_problems, (), 0.0, 0.0), *dossier.outcomes)


def _release_text(dossier: Dossier) -> str:
    release = dossier.release
    if release is None:
        return "not released"
    if release.status is ReleaseStatus.RELEASED:
        return "released: every gate passed"
    reasons = "; ".join(release.reasons)
    if release.status is ReleaseStatus.HELD:
        return f"held for review: {reasons}"
    return f"error response: {reasons}"
