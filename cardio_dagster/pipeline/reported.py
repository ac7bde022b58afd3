"""The report of a dossier, before any format.

Belongs here: what of a dossier a report is made of. Not here: what the report says of it (reporting/report.py), its
formats (rendering.py).
"""

import msgspec

from cardio_dagster.errors import ModelLoadError
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import State, Status
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.versions import STAGE_VERSIONS, code_version
from cardio_dagster.reporting.execution import StageEntry
from cardio_dagster.reporting.parts import NOTHING_WRITTEN, ReportedModel
from cardio_dagster.reporting.report import Report, build_report


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
        fusion_findings=dossier.fusion_findings,
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
