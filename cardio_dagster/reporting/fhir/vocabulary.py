"""The words of FHIR that the resources share: code systems, codings, quantities, absent values.

Belongs here: URIs of code systems and the small data types of FHIR R4. Not here: resources.
"""

import math
from typing import Any

from cardio_dagster.reporting.wording import unit as printed_unit

Node = dict[str, Any]  # a FHIR data type or resource; None and empty parts are dropped on encoding (encoding.py)

# The project owns no domain. `.invalid` is reserved (RFC 6761), so that nobody else can ever own these names.
PROJECT = "https://cardio-dagster.invalid/fhir"
MEASUREMENT, FINDING, SCORE, FACT = (f"{PROJECT}/{name}" for name in ("measurement", "finding", "score", "fact"))
GRADE, PROBLEM, STUDY, SUBJECT, SHA256, CONFIDENCE = (
    f"{PROJECT}/{name}" for name in ("grade", "problem", "study", "subject-of-study", "sha256", "confidence")
)
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem"
CATEGORY, INTERPRETATION = f"{_HL7}/observation-category", f"{_HL7}/v3-ObservationInterpretation"
SERVICE, ACT, SECURITY = f"{_HL7}/v2-0074", f"{_HL7}/v3-ActCode", f"{_HL7}/v3-ObservationValue"
ABSENT = f"{_HL7}/data-absent-reason"
PARTICIPANT = f"{_HL7}/provenance-participant-type"
_ABSENT_EXTENSION = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

UCUM_UNITS = frozenset({
    "%", "1", "/min", "/wk", "a", "mo", "s", "ms", "ms2", "Hz", "dB", "deg", "Cel", "cm", "mm", "cm2", "m2", "cm/s", "m/s",
    "kg", "g", "g/m2", "kg/m2", "mL", "mL/m2", "L/min", "L/min/m2", "mV", "uV", "mV.ms", "mm[Hg]", "mmol/L", "umol/L",
    "mL/min/{1.73_m2}", "{ratio}", "{beat}", "{lead}", "{score}", "{tier}", "{beats}/min", "{drinks}/wk", "ms/{beat}",
})  # fmt: skip


def coding(system: str, code: str, display: str | None = None) -> Node:
    """Return a Coding; runs of white space in `code` become one space, as FHIR's code type wants."""
    return {"system": system, "code": " ".join(code.split()), "display": display}


def concept(*codings: Node, text: str | None = None) -> Node:
    """Return a CodeableConcept; the codings must mean the same."""
    return {"coding": list(codings), "text": text}


def quantity(value: float, unit: str | None) -> Node:
    """Return a Quantity in UCUM; a unit that is not known to be UCUM (a device's own) is given as text only."""
    if not unit:
        return {"value": value}
    if unit not in UCUM_UNITS:
        return {"value": value, "unit": unit}
    return {"value": value, "unit": printed_unit(unit), "system": UCUM, "code": unit}


def valued(value: float | None, unit: str | None, *, reason: str | None, absent_code: str = "unknown") -> Node:
    """Return valueQuantity, or dataAbsentReason with `reason` as its text where there is no finite number."""
    if value is None:
        return {"dataAbsentReason": absence(absent_code, reason)}
    if not math.isfinite(value):
        return {"dataAbsentReason": absence("not-a-number", "the method returned no finite number")}
    return {"valueQuantity": quantity(value, unit)}


def absence(code: str, reason: str | None) -> Node:
    """Return the CodeableConcept of a missing value; `code` is of FHIR's data-absent-reason."""
    return concept(coding(ABSENT, code), text=reason)


def unknown_element() -> Node:
    """Return what stands for a primitive that a profile demands and nobody knows."""
    return {"extension": [{"url": _ABSENT_EXTENSION, "valueCode": "unknown"}]}


def confidence(share: float | None) -> list[Node]:
    """Return the component with a model's confidence (0 to 1), none where there is none."""
    if share is None:
        return []
    return [
        {"code": concept(coding(CONFIDENCE, "confidence"), text="Confidence"), "valueQuantity": quantity(share, "1")}
    ]


def notes(*texts: str | None) -> list[Node]:
    """Return Annotations of the texts that are there."""
    return [{"text": text} for text in texts if text]
