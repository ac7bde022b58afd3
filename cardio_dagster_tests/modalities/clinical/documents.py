"""Documents that the clinical tests read: one person in JSON, CSV and FHIR, with planted identity."""

import json
from pathlib import Path
from typing import Any

from cardio_dagster.finding import Analysis
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.clinical import BRANCH
from cardio_dagster.modalities.clinical.record import ClinicalRecord
from cardio_dagster.outcome import Step

SECRETS = ("Mustermann", "Erika", "87654321", "1975-03-04", "Hauptstr")
OPTIONS = Options()
LOINC, SNOMED, ICD10, ATC = (
    "http://loinc.org",
    "http://snomed.info/sct",
    "http://hl7.org/fhir/sid/icd-10",
    "http://www.whocc.no/atc",
)

PERSON: dict[str, Any] = {
    "study_date": "2025-06-01",
    "patient": {
        "name": "Erika Mustermann", "mrn": "87654321", "birth_date": "1975-03-04", "address": {"street": "Hauptstr. 1"}, "sex": "F",
        "height": {"value": 1.65, "unit": "m"}, "weight": "95.3 kg", "blood_pressure": "160/95", "hdl_mg_dl": 45,
        "total_cholesterol": {"value": 200, "unit": "mg/dL"}, "egfr": 90, "ferritin": 33,
        "diabetes": True, "smoker": "never", "antihypertensive_treatment": "yes", "statin": "no",
        "history": {"hypertension": True, "heart_failure": False, "stroke_or_tia": "no", "vascular_disease": 0},
    },
}  # fmt: skip


def write_json(folder: Path, content: Any, name: str = "a.bin") -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def write_text(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "b.bin"
    path.write_bytes(text.encode(encoding))
    return path


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def observation(loinc: str, value: Any, unit: str, day: str = "2025-06-01") -> dict[str, Any]:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": coded(LOINC, loinc),
        "effectiveDateTime": day,
        "valueQuantity": quantity,
    }


def condition(system: str, code: str, *, verified: str = "confirmed", clinical: str = "active") -> dict[str, Any]:
    return {
        "resourceType": "Condition", "code": coded(system, code),
        "verificationStatus": coded("v", verified), "clinicalStatus": coded("c", clinical),
    }  # fmt: skip


def medicine(atc: str, status: str = "active") -> dict[str, Any]:
    return {"resourceType": "MedicationStatement", "status": status, "medicationCodeableConcept": coded(ATC, atc)}


def patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient", "gender": "female", "birthDate": "1975-03-04", "identifier": [{"value": "87654321"}],
        "name": [{"family": "Mustermann", "given": ["Erika"]}], "address": [{"line": ["Hauptstr. 1"]}],
    }  # fmt: skip


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}


def validated(path: Path) -> Step[ClinicalRecord]:
    return BRANCH.validate(path, OPTIONS)


def analysed(path: Path) -> Analysis:
    valid = validated(path).data
    assert valid is not None
    prepared = BRANCH.preprocess(valid, OPTIONS).data
    detected = BRANCH.detect(prepared, OPTIONS).data
    analysis = BRANCH.analyse(prepared, detected, "r01", OPTIONS).data
    assert analysis is not None
    return analysis
