"""Metadata, data versions and check results of a dossier: the same through both doors.

Belongs here: what the asset catalogue shows of a stage. Not here: the stages.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import msgspec

from cardio_dagster.orchestration.written_metadata import written_metadata
from cardio_dagster.outcome import Outcome, State, Status, Verdict
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.versions import code_version, digest

STAGES: dict[str, State] = {
    "receipt": State.RECEIPT,
    "validation": State.VALIDATION,
    "preprocessing": State.PREPROCESSING,
    "detection": State.DETECTION,
    "analysis": State.ANALYSIS,
    "fusion": State.FUSION,
    "scoring": State.SCORING,
    "report": State.FORMATTING,
    "release": State.COMPLETE,
}
CHECK_NAME = "quality_gates"
PLOTTED = ("lvef_pct", "heart_rate_bpm", "qtc_fridericia_ms")
UPSTREAM: dict[str, str] = dict(zip(list(STAGES)[1:], STAGES, strict=False))


@dataclass(frozen=True, slots=True)
class GateSummary:
    """What the asset check of a stage says."""

    passed: bool
    metadata: dict[str, Any]


def data_version(dossier: Dossier, stage: str) -> str:
    """Return the content hash of what the stage made; times and memory do not enter it."""
    state = STAGES[stage]
    outcomes = [
        replace(o, duration_ms=0.0, peak_memory_mb=0.0, reused=False) for o in dossier.outcomes if o.state <= state
    ]
    parts: list[Any] = [dossier.study.content_sha256, dossier.error, outcomes, dossier.keys]
    if state >= State.FUSION:
        parts += [dossier.fusion]
    if state >= State.SCORING:
        parts += [dossier.scores]
    if state >= State.FORMATTING:
        parts += [dossier.release]
    return digest(stage, code_version(state), msgspec.json.encode(parts, order="sorted"))[:32]


def materialization_metadata(dossier: Dossier, stage: str, *, report_url: str | None) -> dict[str, Any]:
    """Return what a data engineer wants to see first of a stage."""
    state = STAGES[stage]
    entry = next((e for e in dossier.trail if e.state is state), None)
    metadata: dict[str, Any] = {
        "state": dossier.state.name,
        "modalities": ", ".join(dossier.study.modalities) or "none",
        "revision": dossier.study.revision,
    }
    if entry is not None:
        metadata |= {"duration_ms": entry.duration_ms, "peak_memory_mb": entry.peak_memory_mb}
    if dossier.error is not None:
        metadata["error"] = f"{dossier.error.code} in {dossier.error.state.name}"
    outcomes = [o for o in dossier.outcomes if o.state is state]
    if outcomes:
        metadata["outcomes"] = _table([_outcome_row(o) for o in outcomes])
    problems = dossier.problems if state >= State.FORMATTING else tuple(p for o in outcomes for p in o.problems)
    if problems:
        metadata["problems"] = _table([_texts(msgspec.to_builtins(p)) for p in problems])
    return metadata | _late_metadata(dossier, state, report_url)


def _late_metadata(dossier: Dossier, state: State, report_url: str | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if state is State.FUSION and dossier.fusion is not None:
        metadata |= _measured(dossier)
    if state >= State.FUSION and dossier.fusion is not None:
        metadata["coverage"] = dossier.fusion.coverage.value
    if state is State.SCORING and dossier.scores:
        metadata["scores"] = _table(
            [{"score": s.label, "value": s.value, "unit": s.unit, "reason": s.reason or ""} for s in dossier.scores]
        )
    if state is State.FORMATTING and dossier.report_path is not None:
        metadata |= written_metadata(dossier)
    if dossier.report_path is not None:
        metadata["report"] = dg.MetadataValue.path(str(Path(dossier.report_path) / "report.html"))
        if report_url is not None:
            version = Path(dossier.report_path).name  # "r1", or "r1.v2" after a decision of a person
            page = f"{report_url.rstrip('/')}/{dossier.study.study_id}/{version}/report.html"
            metadata["report_page"] = dg.MetadataValue.url(page)
    if dossier.release is not None:
        metadata["release"] = dossier.release.status.value
    return metadata


def _measured(dossier: Dossier) -> dict[str, Any]:
    """Return all measurements as a table and the key ones as numbers, which the UI plots over the studies."""
    measured = [m for a in dossier.analyses for m in a.measurements]
    rows = [{"measurement": m.label, "value": m.value, "unit": m.unit, "reason": m.reason or ""} for m in measured]
    fused = {name: dossier.fusion.get(name) for name in PLOTTED} if dossier.fusion else {}
    numbers = {name: feature.value for name, feature in fused.items() if feature and feature.value is not None}
    return {**numbers, **({"measurements": _table(rows)} if rows else {})}


def gate_summary(dossier: Dossier, stage: str) -> GateSummary:
    """Return whether every gate of the stage passed and no modality failed in it."""
    state = STAGES[stage]
    outcomes = [o for o in dossier.outcomes if o.state is state]
    verdicts = [v for o in outcomes for v in o.verdicts]
    lost = [o.modality for o in outcomes if o.status is Status.FAILED]
    passed = all(v.passed for v in verdicts) and not lost and not (dossier.failed and not outcomes)
    metadata: dict[str, Any] = {"gates": len(verdicts), "failed_modalities": ", ".join(lost) or "none"}
    if dossier.error is not None:
        metadata["error"] = f"the study ended in {dossier.error.state.name} with {dossier.error.code}"
    if verdicts:
        metadata["verdicts"] = _table([_verdict_row(v) for v in verdicts])
    return GateSummary(passed, metadata)


def _outcome_row(outcome: Outcome) -> dict[str, Any]:
    return {
        "modality": outcome.modality,
        "status": outcome.status.value,
        "duration_ms": outcome.duration_ms,
        "peak_memory_mb": outcome.peak_memory_mb,
        "from_checkpoint": outcome.reused,
        "problems": ", ".join(p.code for p in outcome.problems),
    }


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    row = _texts(msgspec.to_builtins(verdict))
    return {"gate": row.pop("gate"), "passed": verdict.passed, **{k: v for k, v in row.items() if k != "passed"}}


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    return {key: "" if value is None else value for key, value in row.items()}


def _table(rows: list[dict[str, Any]]) -> dg.MetadataValue:
    schema = dg.TableSchema(columns=[dg.TableColumn(name) for name in rows[0]])
    records = [dg.TableRecord({k: "" if v is None else v for k, v in row.items()}) for row in rows]
    return dg.MetadataValue.table(records=records, schema=schema)
