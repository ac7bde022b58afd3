"""Closing a study: the release recorded once, the registry told."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.stores.results import ReleaseRow


def release_study(dossier: Dossier, stores: Stores) -> Dossier:
    """Record the decision on the report and mark the study finished by the release that stands.

    A second call changes nothing, except that a better end takes the place of an error response.
    """
    study = dossier.study
    decision = dossier.release
    if decision is None or dossier.report_path is None:
        raise ValueError(f"{study.study_id} has no report to release; materialize report first")
    html = Path(dossier.report_path) / "report.html"
    stores.results().release(
        ReleaseRow(
            study_id=study.study_id,
            revision=study.revision,
            status=decision.status.value,
            state=dossier.state,
            coverage=dossier.fusion.coverage.value if dossier.fusion else "NONE",
            code=dossier.error.code if dossier.error else None,
            reasons=decision.reasons if decision.status is not ReleaseStatus.RELEASED else (),
            report_path=dossier.report_path,
            report_sha256=hashlib.sha256(html.read_bytes()).hexdigest(),
            released_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )
    standing = next(r for r in stores.results().released(study.study_id) if r.revision == study.revision)
    registry = stores.registry()
    if standing.status == ReleaseStatus.RELEASED.value:
        registry.mark_released(study.study_id, study.revision)
    registry.mark_finished(study.study_id, study.revision, standing.state.name)
    return dossier
