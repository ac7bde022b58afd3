"""A study as a row of the cohort table.

Belongs here: which value of a report stands in which column. Not here: what the columns mean (columns.csv), reading a
report (study.py) or choosing a source among several (fusion/select.py, whose choice is asked for here).

A held or rejected report and an error response carry what is known of the study and its gates, and no measurement, score or
finding: nobody averages a value that was not released.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from cardio_dagster.finding import Analysis, Fact, Measurement
from cardio_dagster.fusion.fused import Feature
from cardio_dagster.fusion.select import Candidate, candidates, in_order
from cardio_dagster.reporting.cohort.dictionary import Column, Kind, by_group, columns
from cardio_dagster.reporting.cohort.study import CohortStudy, Decided, Value

RELEASED = "released"
MODALITIES = ("clinical", "ecg", "echo")
SHARED = ("heart_rate_bpm", "lvef_pct")  # measured by several modalities, each of which has a column of its own
_FEATURES = ("clinical", "fused", "ecg", "echo")
_LOST = ("degraded", "failed")
_FUSION = "fusion."


def row_of(decided: Decided, study: CohortStudy | None) -> dict[str, Value]:
    """Return one value for each column; None is missing.

    `study` is the report of `decided.revision`, None where it could not be read: then only what the decision
    tells is filled. A text that its column does not allow is left out, so that no free text enters the table; a number
    beyond its limits stays, and the asset check names its column.
    """
    is_measured = study is not None and decided.status == RELEASED
    values = _of_decision(decided) | {"is_measured": is_measured}
    if study is not None:
        values |= _of_study(study)
        if is_measured:
            values |= _of_results(study)
    made = {column.column: values.get(column.column) for column in columns()}
    for column in _texts():
        if not column.allows(made[column.column]):
            made[column.column] = None
    return made


@cache
def _texts() -> tuple[Column, ...]:
    return tuple(column for column in columns() if column.type in (Kind.TEXT, Kind.TIME))


def _of_decision(decided: Decided) -> dict[str, Value]:
    return {
        "study_id": decided.study_id,
        "revision": decided.revision,
        "newest_revision": decided.newest_revision,
        "received_at": decided.received_at,
        "priority": decided.priority,
        "release_status": decided.status,
        "report_version": decided.version,
        "final_state": decided.final_state,
        "error_code": decided.error_code,
        "coverage": decided.coverage,
    }


def _of_study(study: CohortStudy) -> dict[str, Value]:
    """Return what is known of a study whether it was released or not."""
    recordings = Counter(r.modality for r in study.recordings)
    analysed = _analysed(study)
    return {
        "received_at": study.received_at,
        "priority": study.priority,
        "is_degraded": any(step.status in _LOST for stage in study.stages for step in stage.modalities),
        "software_version": study.software_version,
        "schema_version": study.schema_version,
        **{f"{m}_recordings_count": recordings[m] for m in MODALITIES},
        **{f"{m}_is_analysed": m in analysed for m in MODALITIES},
        "gates_failed_count": sum(not verdict.passed for verdict in study.verdicts),
        **_gates(study),
    }


def _analysed(study: CohortStudy) -> frozenset[str]:
    """Return the modalities of which anything was learnt."""
    measured = (m.modality for m in study.measurements if m.value is not None)
    return frozenset((*measured, *(f.modality for f in study.facts if f.value is not None)))


def _gates(study: CohortStudy) -> dict[str, Value]:
    passed: dict[str, bool] = {}
    for verdict in study.verdicts:
        passed[verdict.gate] = passed.get(verdict.gate, True) and verdict.passed
    return {column.column: passed.get(column.report_name) for column in by_group("gate")}


def _of_results(study: CohortStudy) -> dict[str, Value]:
    quality = study.written.quality
    scores = {score.name: score.value for score in study.scores}
    return {
        **_features(study),
        **{column.column: scores.get(column.report_name) for column in by_group("score")},
        **_findings(study),
        "cross_modality_findings_count": sum(finding.code.startswith(_FUSION) for finding in study.findings),
        "report_quality_pct": quality.score_pct if quality else None,
    }


def _findings(study: CohortStudy) -> dict[str, Value]:
    """Return whether each finding was made; None where its modality yielded nothing to make it of, or a person changed its sentence."""
    codes, analysed = {finding.code for finding in study.findings}, {"fusion", *_analysed(study)}
    known = [c for c in by_group("finding") if c.modality in analysed and c.report_name not in study.contested]
    return {column.column: column.report_name in codes for column in known}


def _features(study: CohortStudy) -> dict[str, Value]:
    """Return the fused features, and beside them the values of the single modalities that have a column of their own."""
    offers = list(candidates(in_order(_analyses(study))))
    fused = _chosen(offers)
    several = [offer for offer in offers if offer.feature.name in SHARED]
    own = {m: _chosen(offer for offer in several if offer.feature.source == m) for m in MODALITIES}
    return {column.column: _value(column, fused, own) for group in _FEATURES for column in by_group(group)}


def _chosen(offers: Iterable[Candidate]) -> dict[str, Feature]:
    """Return the feature of the lowest rank for each name, as fusion chooses it."""
    best: dict[str, Candidate] = {}
    for offer in offers:
        name = offer.feature.name
        if name not in best or offer.rank < best[name].rank:
            best[name] = offer
    return {name: candidate.feature for name, candidate in best.items()}


def _value(column: Column, fused: Mapping[str, Feature], own: Mapping[str, Mapping[str, Feature]]) -> Value:
    """Return what a column says: the chosen source, the chosen value, or the value of its own modality."""
    name = column.report_name.removeprefix(f"{column.modality}_")
    of_one = name in SHARED and column.column == f"{column.modality}_{name}"
    feature = own[column.modality].get(name) if of_one else fused.get(name)
    if feature is None or not feature.known:
        return None
    if column.column == f"{name}_source":
        return feature.source
    if column.type is Kind.YES_NO:
        return None if feature.value is None else feature.value == 1.0
    return feature.text if column.type is Kind.TEXT else feature.value


def _analyses(study: CohortStudy) -> tuple[Analysis, ...]:
    """Return measurements and facts by recording, in the form that fusion chooses from."""
    measured: dict[tuple[str, str], list[Measurement]] = {}
    stated: dict[tuple[str, str], list[Fact]] = {}
    for m in study.measurements:
        reason = None if m.value is not None else "absent"
        made = Measurement(m.name, "", m.value, m.unit, "", reason=reason, confidence=m.confidence)
        measured.setdefault((m.modality, m.recording_id or ""), []).append(made)
    for f in study.facts:
        stated.setdefault((f.modality, f.recording_id or ""), []).append(Fact(f.name, f.value))
    return tuple(
        Analysis(*key, tuple(measured.get(key, ())), facts=tuple(stated.get(key, ())))
        for key in dict.fromkeys((*measured, *stated))
    )
