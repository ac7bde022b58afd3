"""Fusion: from the analyses of the recordings to one set of features.

Belongs here: `fuse`. Not here: measuring (modalities/) or risk (scoring/). It is generic
over Analysis: a new modality needs no edit here. (indexed.py and clashes/ alone know some names.)
"""

from collections import defaultdict

from cardio_dagster.finding import Analysis
from cardio_dagster.fusion import patients
from cardio_dagster.fusion.clashes import find_contradictions, find_relations
from cardio_dagster.fusion.consistency import WHOSE_CODES, contradictions
from cardio_dagster.fusion.fused import Coverage, Feature, Fusion, Missing
from cardio_dagster.fusion.indexed import as_features, index_volumes
from cardio_dagster.fusion.select import CLINICAL, Candidate, candidates, choose, in_order
from cardio_dagster.fusion.table import FeatureRow, feature_table

__all__ = [
    "CODE_VERSION",
    "MIXED_PATIENTS",
    "Coverage",
    "Feature",
    "FeatureRow",
    "Fusion",
    "Missing",
    "feature_table",
    "fuse",
]

MIXED_PATIENTS = (*WHOSE_CODES, patients.CODE)
CODE_VERSION = "4"
NOT_MEASURABLE = "read, but nothing could be measured"
EFFECTS: dict[str, str] = {
    "ecg": "rhythm and intervals are unknown; atrial fibrillation (CHA2DS2-VASc, CHA2DS2-VA, HAS-BLED, H2FPEF) can come from the history only",
    "echo": "chambers and ejection fraction are unknown; H2FPEF lacks E/e' and pulmonary pressure, MAGGIC the ejection fraction, unless metadata states them",
    CLINICAL: "PREVENT, SCORE2 and MAGGIC cannot be calculated; CHA2DS2-VASc, CHA2DS2-VA, HAS-BLED and H2FPEF lack history, age and body mass index",
}


def fuse(analyses: tuple[Analysis, ...], failed: tuple[str, ...]) -> Fusion:
    """Join the analyses; `failed` names the modalities that were present but yielded nothing.

    Nothing is averaged: each name has one source, chosen by the rule in select.py, and
    contradictions become findings; volumes are indexed by body surface area. With no analysis at all the coverage is NONE.
    Neither the order of the analyses nor one that is given twice changes anything.
    """
    analyses = in_order(analyses)
    groups: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates(analyses):
        groups[candidate.feature.name].append(candidate)
    offered = [c.feature for group in groups.values() for c in group]
    present = tuple(sorted({a.modality for a in analyses if _yielded(a)}))
    empty = {a.modality for a in analyses if a.modality not in present}
    features = tuple(choose(group) for group in groups.values())
    indexed = index_volumes(features)
    return Fusion(
        coverage=_coverage(present),
        has_clinical=CLINICAL in present,
        modalities=present,
        failed=tuple(sorted({*failed, *empty})),
        features=(*features, *as_features(indexed)),
        findings=tuple(f for a in (*analyses, *indexed) for f in a.findings),
        consistency=(*contradictions(offered), *find_contradictions(analyses)),
        missing=_missing(present, failed, empty),
        indexed=indexed,
        relations=find_relations(analyses),
    )


def _yielded(analysis: Analysis) -> bool:
    """Return whether anything was learnt: a recording of which nothing could be measured is not coverage."""
    learnt = bool(analysis.findings) or any(m.value is not None for m in analysis.measurements)
    return learnt or (analysis.modality == CLINICAL and any(f.value is not None for f in analysis.facts))


def _coverage(present: tuple[str, ...]) -> Coverage:
    match "ecg" in present, "echo" in present:
        case True, True:
            return Coverage.FULL
        case True, False:
            return Coverage.ECG_ONLY
        case False, True:
            return Coverage.ECHO_ONLY
    return Coverage.CLINICAL_ONLY if CLINICAL in present else Coverage.NONE


def _missing(present: tuple[str, ...], failed: tuple[str, ...], empty: set[str]) -> tuple[Missing, ...]:
    """Return what is not there; a modality of which some recordings failed and others did not counts as there."""
    names = [n for n in dict.fromkeys((*EFFECTS, *sorted({*failed, *empty}))) if n not in present]
    why = {**dict.fromkeys(failed, "failed"), **dict.fromkeys(empty, NOT_MEASURABLE)}
    return tuple(
        Missing(n, why.get(n, "not in the study"), EFFECTS.get(n, f"the results of {n} are missing")) for n in names
    )
