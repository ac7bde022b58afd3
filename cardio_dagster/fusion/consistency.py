"""Contradictions between modalities: a statement for each, so that none is averaged away.

Belongs here: comparing what several modalities say of one name. Not here: which of them
is used (select.py), or comparing different names, and the heart rate, whose limit depends on the rhythm (clashes/).
"""

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.fusion.fused import Feature

TOLERANCES: dict[str, float] = {
    "age_years": 1.0,  # a birthday may lie between
    "lvef_pct": 10.0,  # about twice the inter-observer error
    "height_cm": 5.0,
    "weight_kg": 5.0,
}
_UNITS_IN_WORDS = {"a": "years"}
_WHOSE = ("sex", "age_years")  # a contradiction here may mean that files of two people were mixed
MIXED_PATIENTS = tuple(f"fusion.conflict.{name}" for name in _WHOSE)


def contradictions(features: list[Feature]) -> tuple[Finding, ...]:
    """Return a finding for each name on which two modalities differ by more than is usual.

    `features` are all candidates. Sex and age, which tell whose recording it is, are also
    compared within a modality; other values of one modality may truly change between its recordings.
    """
    found = []
    for name in dict.fromkeys(f.name for f in features):
        group = [f for f in features if f.name == name and f.known]
        sources = {f.source for f in group}
        if (name in _WHOSE and len(group) > 1) or len(sources) > 1:
            found.append(_compare(name, group))
    return tuple(f for f in found if f)


def _compare(name: str, group: list[Feature]) -> Finding | None:
    texts = {f.text.casefold() for f in group if f.text}
    values = [f.value for f in group if f.value is not None]
    tolerance = TOLERANCES.get(name)
    apart = tolerance is not None and bool(values) and max(values) - min(values) > tolerance
    comparable = len(texts) > 1 and (name == "sex" or all(f.value is not None for f in group))  # free text may differ
    return _finding(name, group, tolerance) if apart or comparable else None


def _finding(name: str, group: list[Feature], tolerance: float | None) -> Finding:
    said = ", ".join(f"{_told(f)} ({f.source} {f.recording_id})" for f in group)
    whose = " The files may belong to different patients." if name in _WHOSE else ""
    limit = f"differ by more than {tolerance:g}" if tolerance is not None else "differ"
    return Finding(
        code=f"fusion.conflict.{name}",
        text=f"{_in_words(name)} differs between sources: {said}.{whose}",
        grade=Grade.CRITICAL if name in _WHOSE else Grade.NOTE,
        rule=f"the sources of {name} {limit}",
        measurements=(name,),
        modality="fusion",
    )


def _told(feature: Feature) -> str:
    unit = _UNITS_IN_WORDS.get(feature.unit, feature.unit)
    return feature.text or f"{feature.value:g} {unit}".strip()


def _in_words(name: str) -> str:
    """Return `heart_rate_bpm` as "Heart rate": the unit stands beside each value."""
    unit = ("_bpm", "_years", "_pct", "_cm", "_kg", "_mmhg", "_ms", "_mmol_l", "_umol_l", "_ml")
    words = next((name.removesuffix(u) for u in unit if name.endswith(u)), name)
    return words.replace("_", " ").capitalize()
