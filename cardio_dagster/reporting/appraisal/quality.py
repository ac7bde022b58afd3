"""Quality: how complete and how well supported a report is, 0 to 100.

Belongs here: the properties, their weights and what is lacking. Not here: whether the report is
released (pipeline/): that never depends on this number. The weights are this software's own
judgement of what a reader needs, not a validated scale:

| property | weight | share |
|---|---|---|
| key_measurements | 30 | of KEY_MEASUREMENTS of the modalities present, those with a value |
| citations | 25 | of the sentences on a finding that is not normal, or on a score, those with a citation that holds |
| gates | 20 | of the quality gates judged, those passed |
| confidence | 15 | the mean confidence of the key measurements that state one |
| verified_numbers | 10 | of the numbers that the verifier checked, those confirmed |

A property of which there is nothing to judge is left out, and the other weights are scaled up to 100.
"""

from collections.abc import Sequence

from cardio_dagster.finding import Analysis, Grade, Measurement
from cardio_dagster.outcome import Verdict
from cardio_dagster.reporting.appraisal.citations import citation_faults
from cardio_dagster.statement import Passage, Quality, QualityItem, QuoteKind, Statement, Verification

WEIGHTS: dict[str, int] = {
    "key_measurements": 30,
    "citations": 25,
    "gates": 20,
    "confidence": 15,
    "verified_numbers": 10,
}
# what a reader looks for first; PR is not among them, because fibrillation has none
KEY_MEASUREMENTS: dict[str, tuple[str, ...]] = {
    "ecg": ("heart_rate_bpm", "qrs_ms", "qrs_axis_deg", "qt_ms", "qtc_fridericia_ms"),
    "echo": ("lvef_pct", "lv_edv_ml", "lv_esv_ml", "la_volume_ml", "wall_motion_score_index"),
    "clinical": ("age_years", "sbp_mmhg", "dbp_mmhg"),
}
LOW_CONFIDENCE = 0.5  # a value below it is named as lacking


def assess_quality(
    analyses: Sequence[Analysis],
    statements: Sequence[Statement],
    verdicts: Sequence[Verdict],
    *,
    passages: Sequence[Passage],
    corpus: Sequence[Passage],
    verification: Verification | None,
) -> Quality:
    """Return the weighted share of what holds, to one decimal, with each property and what it lacks.

    `verification` None: the verifier has not run, and its property is left out. `score_pct` is None if there is
    nothing to judge at all.
    """
    found = (
        _key_measurements(analyses),
        _citations(statements, passages, corpus),
        _gates(verdicts),
        _confidence(analyses),
        _verified(verification),
    )
    items = tuple(item for item in found if item)
    weight = sum(WEIGHTS[item.name] for item in items)
    if not weight:
        return Quality(None)
    held = sum(WEIGHTS[item.name] * item.share for item in items)
    return Quality(round(100 * held / weight, 1), items)


def _keys(analyses: Sequence[Analysis]) -> dict[tuple[str, str], list[Measurement]]:
    """Return modality and name of every key measurement of the modalities present, with its values of all recordings."""
    present = dict.fromkeys(a.modality for a in analyses)
    keys = [(modality, name) for modality in present for name in KEY_MEASUREMENTS.get(modality, ())]
    return {
        (modality, name): [
            m for a in analyses if a.modality == modality for m in a.measurements if m.name == name and m.value is not None
        ]
        for modality, name in keys
    }  # fmt: skip


def _key_measurements(analyses: Sequence[Analysis]) -> QualityItem | None:
    keys = _keys(analyses)
    return _share("key_measurements", {name: bool(values) for (_, name), values in keys.items()})


def _citations(
    statements: Sequence[Statement], passages: Sequence[Passage], corpus: Sequence[Passage]
) -> QualityItem | None:
    faulty = {fault.statement_id for fault in citation_faults(statements, passages, corpus)}
    due = [s for s in statements if _needs_citation(s)]
    return _share("citations", {s.statement_id: bool(s.citations) and s.statement_id not in faulty for s in due})


def _needs_citation(statement: Statement) -> bool:
    states_finding = bool(statement.findings) and statement.grade is not Grade.NORMAL
    return states_finding or any(quote.kind is QuoteKind.SCORE for quote in statement.quotes)


def _gates(verdicts: Sequence[Verdict]) -> QualityItem | None:
    passed: dict[str, bool] = {}
    for verdict in verdicts:  # a gate that several stages judged holds if it passed each time
        name = f"{verdict.gate} {verdict.recording_id or ''}".strip()
        passed[name] = passed.get(name, True) and verdict.passed
    return _share("gates", passed)


def _confidence(analyses: Sequence[Analysis]) -> QualityItem | None:
    stated = {
        name: max(m.confidence for m in values if m.confidence is not None)
        for (_, name), values in _keys(analyses).items()
        if any(m.confidence is not None for m in values)
    }
    if not stated:
        return None
    mean = sum(min(max(confidence, 0.0), 1.0) for confidence in stated.values()) / len(stated)
    low = tuple(name for name, confidence in stated.items() if confidence < LOW_CONFIDENCE)
    return QualityItem("confidence", round(mean, 4), low)


def _verified(verification: Verification | None) -> QualityItem | None:
    if verification is None or not verification.numbers_checked:
        return None
    wrong = [f.statement_id or "the report" for f in verification.faults if f.kind == "number"]
    share = max(0.0, 1 - len(wrong) / verification.numbers_checked)
    return QualityItem("verified_numbers", round(share, 4), tuple(dict.fromkeys(wrong)))


def _share(name: str, holds: dict[str, bool]) -> QualityItem | None:
    """Return the share of what holds and the names of what does not; None of nothing."""
    if not holds:
        return None
    lacking = tuple(key for key, held in holds.items() if not held)
    return QualityItem(name, round(1 - len(lacking) / len(holds), 4), lacking)
