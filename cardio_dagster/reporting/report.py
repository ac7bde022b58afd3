"""build_report: gather what the stages left behind into one Report.

Belongs here: selecting, naming the modality, and leaving out what must not leave (file names).
Not here: the shape of the report (parts.py), its encoding, or any medical judgement.
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from cardio_dagster import __version__
from cardio_dagster.errors import CODES, StudyError, problem
from cardio_dagster.finding import Analysis, Fact, Figure, Finding, Measurement, Score
from cardio_dagster.outcome import Outcome, Problem, Severity, State, Verdict
from cardio_dagster.reporting.drawing import inline
from cardio_dagster.reporting.execution import (
    StageEntry,
    branches_executed,
    stage_rows,
    states_traversed,
)
from cardio_dagster.reporting.parts import (
    INTENDED_USE,
    NOT_RELEASED,
    NOTHING_WRITTEN,
    SCHEMA_VERSION,
    Flag,
    PipelineExecution,
    Report,
    ReportedError,
    ReportedFact,
    ReportedFigure,
    ReportedMeasurement,
    ReportedModel,
    ReportedRecording,
    Written,
)
from cardio_dagster.reporting.privacy import without_file_names
from cardio_dagster.study import Study

__all__ = ["Report", "StageEntry", "build_report"]

_BLOCKING = {Severity.ERROR, Severity.CRITICAL}


def build_report(
    study: Study,
    *,
    trail: tuple[StageEntry, ...],
    outcomes: tuple[Outcome, ...],
    analyses: tuple[Analysis, ...],
    coverage: str,
    coverage_notes: tuple[str, ...],
    scores: tuple[Score, ...],
    fusion_findings: tuple[Finding, ...],
    error: tuple[str, State] | None,
    checkpoints_saved: int,
    study_problems: tuple[Problem, ...] = (),
    release_status: str = NOT_RELEASED,
    code_versions: dict[str, str] | None = None,
    models: tuple[ReportedModel, ...] = (),
    written: Written = NOTHING_WRITTEN,
) -> Report:
    """Gather the results of a study into a report; works as well where there are next to none.

    `study_problems` are those of the study as a whole (intake, hard stops), beside the ones in
    `outcomes`. `trail` names the states in the order passed; the final state follows from `error`
    and is added where the trail lacks it, and so is FORMATTING, in which the report is written.
    A figure that is not a plain drawing is left out and becomes a problem of the report.
    Problems that several stages carry along are told once. Raises KeyError for an error code
    that the taxonomy does not hold.
    """
    figures, refused = _figures(analyses)
    told = tuple(dict.fromkeys((*study_problems, *_problems(outcomes), *refused)))
    problems = without_file_names(told, study)
    final = State.COMPLETE if error is None else State.ERROR
    return Report(
        schema_version=SCHEMA_VERSION,
        study_id=study.study_id,
        revision=study.revision,
        content_sha256=study.content_sha256,
        priority=study.priority.value,
        received_at=study.received_at,
        software_version=__version__,
        intended_use=INTENDED_USE,
        final_state=final.name,
        coverage=coverage,
        coverage_notes=coverage_notes,
        release_status=release_status,
        error=None if error is None else _error(*error, problems),
        pipeline_execution=PipelineExecution(
            states_traversed=states_traversed(trail, final),
            branches_executed=branches_executed(study, outcomes),
            checkpoints_saved=checkpoints_saved,
        ),
        code_versions=code_versions or {},
        models=models,
        stages=stage_rows(trail, outcomes),
        recordings=tuple(
            ReportedRecording(r.recording_id, r.modality, r.format, r.sha256, r.size_bytes) for r in study.recordings
        ),
        measurements=tuple(_measurement(m, a.modality) for a in analyses for m in a.measurements),
        findings=(*(f for a in analyses for f in a.findings), *fusion_findings),
        facts=tuple(ReportedFact(**_values(f), modality=a.modality) for a in analyses for f in a.facts),
        scores=scores,
        verdicts=_verdicts(outcomes),
        problems=problems,
        figures=figures,
        written=written,
    )


def _values(part: Measurement | Fact) -> dict[str, Any]:
    return {field.name: getattr(part, field.name) for field in fields(part)}


def _measurement(measurement: Measurement, modality: str) -> ReportedMeasurement:
    if measurement.value is not None and not math.isfinite(measurement.value):
        measurement = replace(measurement, value=None, reason="the method returned no finite number")
    return ReportedMeasurement(**_values(measurement), modality=modality, flag=_flag(measurement))


def _flag(measurement: Measurement) -> Flag | None:
    within = measurement.within_reference
    if within is None or measurement.value is None:
        return None
    if within:
        return Flag.WITHIN
    low = measurement.reference_low
    return Flag.LOW if low is not None and measurement.value < low else Flag.HIGH


def _problems(outcomes: Iterable[Outcome]) -> tuple[Problem, ...]:
    named = (replace(p, modality=p.modality or o.modality) for o in outcomes for p in o.problems)
    return tuple(named)


def _verdicts(outcomes: Iterable[Outcome]) -> tuple[Verdict, ...]:
    named = (replace(v, modality=v.modality or o.modality) for o in outcomes for v in o.verdicts)
    return tuple(dict.fromkeys(named))


def _figures(analyses: Iterable[Analysis]) -> tuple[tuple[ReportedFigure, ...], tuple[Problem, ...]]:
    drawn = [(analysis, figure) for analysis in analyses for figure in analysis.figures]
    figures = tuple(_figure(figure, a, f"figure-{n}") for n, (a, figure) in enumerate(drawn, start=1))
    refused = tuple(
        problem(
            "E_INTERNAL_001",
            f"{f.title}: {f.reason}",
            modality=f.modality,
            recording_id=f.recording_id,
            severity=Severity.WARNING,
        )
        for f in figures
        if f.reason
    )
    return figures, refused


def _figure(figure: Figure, analysis: Analysis, anchor: str) -> ReportedFigure:
    reason = None
    try:
        inline(figure.svg, anchor, label=figure.title)
    except StudyError as error:
        reason = f"{error.problem.message}; it holds {error.problem.seen}"
    return ReportedFigure(
        anchor=anchor,
        name=figure.name,
        title=figure.title,
        description=figure.description,
        modality=analysis.modality,
        recording_id=figure.recording_id or analysis.recording_id,
        svg_sha256=hashlib.sha256(figure.svg.encode()).hexdigest(),
        svg=None if reason else figure.svg,
        reason=reason,
    )


def _error(code: str, reached: State, problems: tuple[Problem, ...]) -> ReportedError:
    """Put the decisive problems first; make one of the code itself where no stage stated it."""
    blocking = [p for p in problems if p.severity in _BLOCKING or p.code == code]
    decisive = [p for p in blocking if p.code == code] or [problem(code, CODES[code].title)]
    others = [p for p in blocking if p.code != code]
    return ReportedError(code, reached.name, CODES[code].title, (*decisive, *others))
