"""Reading a FHIR R4 Bundle into entries, each with the index of its Bundle entry.

Belongs here: Patient, Observation, Condition and MedicationStatement (MedicationRequest
alike). Not here: meaning of fields (collect.py), checks (check.py). Numbers are known by
LOINC code, conditions by ICD-10 or SNOMED CT, medicines by ATC; displayed text is not trusted.
"""

import re
from collections.abc import Iterator
from typing import Any

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.clinical.collect import Collector
from cardio_dagster.modalities.clinical.history import SMOKING_CODES, find_by_code
from cardio_dagster.modalities.clinical.naming import field_key
from cardio_dagster.modalities.clinical.quantities import BY_LOINC
from cardio_dagster.modalities.clinical.record import Document

LOINC_URL = "http://loinc.org"
_SMOKING_STATUS = "72166-2"
_VOID = ("entered-in-error", "cancelled", "not-taken", "stopped", "draft", "on-hold", "unknown", "not-done")
_OVER = ("resolved", "inactive", "remission")
_UNCONFIRMED = ("unconfirmed", "provisional", "differential", "entered-in-error")


def read_fhir(bundle: dict[str, Any]) -> Document:
    """Return the entries of a Bundle.

    The study date is the latest Observation's, or the Bundle's timestamp. Raises StudyError
    E_FORMAT_002 for several patients: a study is about one person.
    """
    collector = Collector("fhir-r4")
    resources = list(_resources(bundle, collector))
    patients = sum(resource.get("resourceType") == "Patient" for _, resource in resources)
    if patients > 1:
        raise StudyError(
            "E_FORMAT_002", "the Bundle holds several patients", seen=str(patients), allowed="1 Patient resource"
        )
    readers = {
        "Patient": _patient,
        "Observation": _observation,
        "Condition": _condition,
        "MedicationStatement": _medication,
        "MedicationRequest": _medication,
    }
    for where, resource in resources:
        reader = readers.get(str(resource.get("resourceType")))
        if reader is None:
            collector.note(where)
        elif str(resource.get("status", "")) not in _VOID:
            reader(resource, where, collector)
    _count_antihypertensives(resources, collector)
    collector.study_date = max((e.dated for e in collector.entries if e.dated), default=_text(bundle.get("timestamp")))
    return collector.document()


def _resources(bundle: dict[str, Any], collector: Collector) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, entry in enumerate(_list(bundle.get("entry"))):
        collector.look()
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield f"Bundle.entry[{index}]", resource


def _patient(resource: dict[str, Any], where: str, collector: Collector) -> None:
    collector.birth_date = _text(resource.get("birthDate"))
    if resource.get("gender"):
        collector.take("sex", resource["gender"], where=f"{where}.gender")


def _observation(resource: dict[str, Any], where: str, collector: Collector) -> None:
    dated = _text(resource.get("effectiveDateTime")) or _text(resource.get("issued")) or ""
    _observed(resource, where, dated, collector)
    for index, component in enumerate(_list(resource.get("component"))):
        if isinstance(component, dict):
            collector.look()
            _observed(component, f"{where}.component[{index}]", dated, collector)


def _observed(node: dict[str, Any], where: str, dated: str, collector: Collector) -> None:
    codes = [code for system, code in _codings(node.get("code")) if system == LOINC_URL]
    spec = next((BY_LOINC[c] for c in codes if c in BY_LOINC), None)
    if _SMOKING_STATUS in codes:
        answers = [SMOKING_CODES[c] for _, c in _codings(node.get("valueCodeableConcept")) if c in SMOKING_CODES]
        collector.take("smoker", answers[0] if answers else _lost(node), where=where, dated=dated)
    elif spec is None:
        known = codes and re.fullmatch(r"\d{1,7}-\d", codes[0])
        collector.note(where, f"LOINC {codes[0]}" if known else "observation without a LOINC code")
    elif spec.words and isinstance(node.get("valueCodeableConcept"), dict):
        words = [c for _, c in _codings(node["valueCodeableConcept"]) if field_key(c) in spec.words]
        collector.take(spec.name, words[0] if words else _lost(node), where=where, dated=dated)
    elif isinstance(node.get("valueQuantity"), dict):
        quantity = node["valueQuantity"]
        value = f"{quantity.get('comparator', '')}{quantity.get('value', '')}"
        unit = _text(quantity.get("code")) or _text(quantity.get("unit"))
        collector.take(spec.name, value, unit=unit, where=f"{where}.valueQuantity", dated=dated)
    else:
        collector.take(spec.name, _lost(node), where=where, dated=dated)


def _lost(node: dict[str, Any]) -> str | None:
    """Return a word that no check accepts where an Observation has a value of an unknown kind; None where it has none."""
    return "a kind of value that is not read" if any(key.startswith("value") for key in node) else None


def _condition(resource: dict[str, Any], where: str, collector: Collector) -> None:
    found = {spec.name: spec for system, code in _codings(resource.get("code")) for spec in find_by_code(system, code)}
    verified = {code for _, code in _codings(resource.get("verificationStatus"))}
    over = bool({code for _, code in _codings(resource.get("clinicalStatus"))} & set(_OVER))
    for name, spec in sorted(found.items()):
        if verified & set(_UNCONFIRMED):
            collector.leave_out(f"{spec.label}: the condition at {where} is not confirmed")
        elif over and not spec.lasting:
            collector.leave_out(f"{spec.label}: the condition at {where} is over")
        else:
            collector.take(name, "refuted" not in verified, where=where)
    if not found:
        collector.note(where, "condition without a known code")


def _medication(resource: dict[str, Any], where: str, collector: Collector) -> None:
    codings = _codings(resource.get("medicationCodeableConcept"))
    found = {spec.name for system, code in codings for spec in find_by_code(system, code)}
    for name in sorted(found):
        collector.take(name, True, where=where)
    if not found:
        collector.note(where, "medicine without a known code")


def _count_antihypertensives(resources: list[tuple[str, dict[str, Any]]], collector: Collector) -> None:
    """Take the number of distinct antihypertensives, but only from two on: a list need not be complete."""
    codes = {
        code
        for _, resource in resources
        if str(resource.get("status", "")) not in _VOID
        for system, code in _codings(resource.get("medicationCodeableConcept"))
        if any(spec.name == "antihypertensive_treatment" for spec in find_by_code(system, code))
    }
    if len(codes) >= 2:
        collector.take("antihypertensive_count", len(codes), where="Bundle.entry[*] medicines by ATC code")


def _codings(concept: object) -> list[tuple[str, str]]:
    codings = _list(concept.get("coding")) if isinstance(concept, dict) else []
    return [(str(c.get("system", "")), str(c.get("code", ""))) for c in codings if isinstance(c, dict)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
