"""Choosing one source for each name: the rule, and nothing averaged.

Belongs here: candidates out of the analyses and their order. Not here: comparing them
(consistency.py). The rule, in this order:

1. what has a value comes before what has none;
2. the modality named first for that name in PREFERRED; without an entry a signal comes before
   clinical metadata, because it was measured now, and signals stand equal;
3. the higher confidence (none counts as 0);
4. the order of the recordings in the study, modality by modality.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cardio_dagster.finding import Analysis, Fact, Measurement
from cardio_dagster.fusion.fused import Feature

CLINICAL = "clinical"
PREFERRED: dict[str, tuple[str, ...]] = {
    "heart_rate_bpm": ("ecg", "echo", CLINICAL),  # beats are seen best in the ECG
    "age_years": (CLINICAL,),  # headers of devices are often typed in or left over
    "sex": (CLINICAL,),
    "height_cm": (CLINICAL,),
    "weight_kg": (CLINICAL,),
}


# Devices write F and M, FHIR female and male; any other text is no sex, whatever letter it begins with.
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feature that one recording offers, with what ranks it: the lowest rank wins."""

    feature: Feature
    rank: tuple[bool, int, bool, float, int]


def in_order(analyses: tuple[Analysis, ...]) -> tuple[Analysis, ...]:
    """Return the analyses by modality and recording, each once, so that the order in which they came does not matter.

    Recording ids are counted in the order of the study (r01, r02, ... r100).
    """
    return tuple(sorted(dict.fromkeys(analyses), key=lambda a: (a.modality, len(a.recording_id), a.recording_id)))


def candidates(analyses: tuple[Analysis, ...]) -> Iterator[Candidate]:
    """Yield what every measurement and fact of every recording offers."""
    for order, analysis in enumerate(analyses):
        for measurement in analysis.measurements:
            yield _ranked(_of_measurement(measurement, analysis), measurement.confidence or 0.0, order)
        for fact in analysis.facts:
            yield _ranked(_of_fact(fact, analysis), 0.0, order)


def _ranked(feature: Feature, confidence: float, order: int) -> Candidate:
    preferred = PREFERRED.get(feature.name, ())
    place = preferred.index(feature.source) if feature.source in preferred else len(preferred)
    return Candidate(feature, (not feature.known, place, feature.source == CLINICAL, -confidence, order))


def choose(group: list[Candidate]) -> Feature:
    """Return the feature of the best candidate with the rule that chose it."""
    best = min(group, key=lambda c: c.rank)
    known = [c for c in group if c.feature.known]
    others = ", ".join(
        f"{shown(c.feature)} ({c.feature.source} {c.feature.recording_id})" for c in known if c is not best
    )
    rule = f"{_why(best, known)}; also given: {others}" if others else ("only source" if known else "")
    f = best.feature
    return Feature(f.name, f.value, f.text, f.unit, f.source, f.recording_id, f.reason, rule)


def _why(best: Candidate, known: list[Candidate]) -> str:
    """Return the first step of the rule at which the best differs from the next."""
    second = sorted(known, key=lambda c: c.rank)[1]
    step = next((i for i, (a, b) in enumerate(zip(best.rank, second.rank, strict=True)) if a != b), -1)
    return (
        "has a value",
        f"{best.feature.source} is preferred for this value",
        "a signal comes before metadata",
        "higher confidence",
        "first in the study",
    )[step]


def feature_name(m: Measurement, analysis: Analysis) -> str:
    """Return the name under which modalities are compared: "echo_heart_rate_bpm" is the echo's word for heart_rate_bpm."""
    return m.name.removeprefix(f"{analysis.modality}_")


def _of_measurement(m: Measurement, analysis: Analysis) -> Feature:
    return Feature(
        feature_name(m, analysis),
        m.value,
        None,
        m.unit,
        analysis.modality,
        analysis.recording_id,
        m.reason,
    )


def _of_fact(fact: Fact, analysis: Analysis) -> Feature:
    value, text = _value_and_text(fact.value)
    if fact.name == "sex" and text:
        text = _SEXES.get(text.strip().casefold())
    reason = (fact.reason or "not stated") if value is None and text is None else None
    return Feature(fact.name, value, text, fact.unit or "", analysis.modality, analysis.recording_id, reason)


def _value_and_text(value: str | float | bool | None) -> tuple[float | None, str | None]:
    if isinstance(value, bool):
        return float(value), "yes" if value else "no"
    if isinstance(value, str):
        return None, value or None
    return (None if value is None else float(value)), None


def shown(feature: Feature) -> str:
    """Return a known feature in words: "60 /min", "female"."""
    return feature.text or f"{feature.value:g} {feature.unit}".strip()
