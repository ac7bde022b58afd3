"""FORMATTING: from a dossier to the response, also when the study ended in ERROR.

Belongs here: handing the dossier to the report writers and the files to the store. Not
here: what the report says or looks like (reporting/).
"""

from dataclasses import replace
from datetime import UTC, datetime

from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.stages import Stopwatch, fusion_findings, release_decision
from cardio_dagster.reporting.html_report import to_html
from cardio_dagster.reporting.json_report import to_json
from cardio_dagster.reporting.report import Report, build_report
from cardio_dagster.stores.reports import ReportStore


def format_response(dossier: Dossier, reports: ReportStore) -> Dossier:
    """Write report.json and report.html and return the dossier in FORMATTING, or still in ERROR.

    The response is rendered twice: the first time to learn what FORMATTING costs, which the
    second, the one that is kept, states.
    """
    watch = Stopwatch()
    decided = replace(dossier, release=release_decision(dossier))
    _render(decided)
    done = decided if decided.failed else watch.enter(decided, State.FORMATTING)
    folder = reports.save(dossier.study.study_id, dossier.study.revision, _render(done))
    return replace(done, report_path=str(folder))


def _render(dossier: Dossier) -> dict[str, bytes]:
    report = as_report(dossier)
    return {"report.json": to_json(report), "report.html": to_html(report).encode()}


def as_report(dossier: Dossier) -> Report:
    """Return the report of a dossier, complete or not."""
    fusion = dossier.fusion
    lacking = [f"{m.name} {m.why}: {m.effect}" for m in fusion.missing] if fusion else []
    return build_report(
        study=dossier.study,
        generated_at=datetime.now(UTC).isoformat(timespec="seconds"),
        trail=dossier.trail,
        outcomes=dossier.outcomes,
        study_problems=dossier.study_problems,
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
