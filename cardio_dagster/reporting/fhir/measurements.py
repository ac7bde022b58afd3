"""Measurements as Observations.

Belongs here: one Observation for each measurement, blood pressure as its panel. Not here:
measuring, flags or ranges (they stand in the report), facts of the input (facts.py).
"""

from cardio_dagster.reporting.fhir.frame import Frame, numbered
from cardio_dagster.reporting.fhir.observation import Source, observation
from cardio_dagster.reporting.fhir.vocabulary import (
    CATEGORY,
    INTERPRETATION,
    LOINC,
    MEASUREMENT,
    Node,
    coding,
    concept,
    confidence,
    notes,
    quantity,
    unknown_element,
    valued,
)
from cardio_dagster.reporting.parts import Flag, ReportedMeasurement

_FLAGS = {Flag.LOW: "L", Flag.WITHIN: "N", Flag.HIGH: "H"}
# Codes that FHIR R4's vital signs profiles claim (hl7.org/fhir/R4/observation-vitalsigns.html); blood pressure
# has a panel of its own there.
_VITAL_SIGNS = frozenset({"8867-4", "8302-2", "29463-7", "39156-5"})
_BP_PANEL, _SYSTOLIC, _DIASTOLIC = "85354-9", "8480-6", "8462-4"


def measurements(frame: Frame) -> tuple[list[Node], list[Source]]:
    """Return the Observations of all measurements and where each stands.

    Systolic and diastolic pressure of one recording are the components of one blood pressure panel.
    """
    told = frame.report.measurements
    ids = [frame.id(key) for key in numbered(f"measurement/{m.modality}/{m.recording_id}/{m.name}" for m in told)]
    panels = _panels(told)
    second = {diastolic: systolic for systolic, diastolic in panels.items()}
    nodes = [
        _pressure(frame, ids[n], m, told[panels[n]]) if n in panels else _measurement(frame, ids[n], m)
        for n, m in enumerate(told)
        if n not in second
    ]
    return nodes, [Source(m.name, m.recording_id, ids[second.get(n, n)]) for n, m in enumerate(told)]


def _panels(told: tuple[ReportedMeasurement, ...]) -> dict[int, int]:
    """Return the place of each systolic pressure that has a diastolic one in its recording, and the place of that."""
    diastolic = {m.recording_id: n for n, m in reversed(list(enumerate(told))) if m.loinc == _DIASTOLIC}
    # pop: a diastolic pressure belongs to one panel
    return {
        n: diastolic.pop(m.recording_id)
        for n, m in enumerate(told)
        if m.loinc == _SYSTOLIC and m.recording_id in diastolic
    }


def _code(m: ReportedMeasurement) -> Node:
    own = coding(MEASUREMENT, m.name, m.label)
    return concept(*([coding(LOINC, m.loinc)] if m.loinc else []), own, text=m.label)


def _content(m: ReportedMeasurement) -> Node:
    """Return what an Observation and a component have in common: value or its absence, flag and range."""
    low, high = (None if b is None else quantity(b, m.unit) for b in (m.reference_low, m.reference_high))
    return {
        **valued(m.value, m.unit, reason=m.reason),
        "interpretation": [concept(coding(INTERPRETATION, _FLAGS[m.flag]))] if m.flag else [],
        "referenceRange": [{"low": low, "high": high, "text": m.reference_source}] if low or high else [],
    }


def _measurement(frame: Frame, own_id: str, m: ReportedMeasurement) -> Node:
    node = observation(
        frame,
        own_id,
        _code(m),
        m.modality,
        **_content(m),
        method={"text": m.method},
        derivedFrom=frame.recording(m.recording_id),
        note=notes(m.evidence),
        component=confidence(m.confidence),
    )
    return _as_vital_sign(node) if m.loinc in _VITAL_SIGNS else node


def _pressure(frame: Frame, own_id: str, systolic: ReportedMeasurement, diastolic: ReportedMeasurement) -> Node:
    methods = dict.fromkeys(m.method for m in (systolic, diastolic))
    node = observation(
        frame,
        own_id,
        concept(coding(LOINC, _BP_PANEL), text="Blood pressure"),
        systolic.modality,
        method={"text": "; ".join(methods)},
        derivedFrom=frame.recording(systolic.recording_id),
        note=notes(*(m.evidence for m in (systolic, diastolic))),
        component=[{"code": _code(m), **_content(m)} for m in (systolic, diastolic)],
    )
    return _as_vital_sign(node)


def _as_vital_sign(node: Node) -> Node:
    """Return the Observation with what the profile asks: the category, and a time, which the report does not know."""
    category = [concept(coding(CATEGORY, "vital-signs")), *node["category"]]
    return {**node, "category": category, "_effectiveDateTime": unknown_element()}
