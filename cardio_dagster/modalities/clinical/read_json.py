"""Reading a JSON document of clinical fields into entries, each with its JSON path.

Belongs here: walking the object. Not here: FHIR (read_fhir.py), meaning of the fields
(collect.py) and their checks (check.py). Nesting is free: fields are known by name in
any object; a number may stand alone, with its unit as text, or as {"value": , "unit": }.
"""

from typing import Any

from cardio_dagster.modalities.clinical.collect import IDENTITY_KEYS, Collector, is_clinical
from cardio_dagster.modalities.clinical.naming import field_key
from cardio_dagster.modalities.clinical.record import Document

_NAME_KEYS, _VALUE_KEYS = ("name", "code", "type", "test", "parameter"), ("value", "result")
_PRESENT_LISTS = (
    "history",
    "conditions",
    "diagnoses",
    "comorbidities",
    "risk_factors",
    "medical_history",
    "medications",
    "treatments",
)
_SECTIONS = (
    *_PRESENT_LISTS, "patient", "clinical", "metadata", "demographics", "vitals", "vital_signs", "labs", "laboratory", "measurements", "observations", "results", "study",
)  # fmt: skip
_MANIFEST_KEYS = frozenset(
    {"expects", "expected", "expected_files", "files", "priority", "schema", "version", "study_id"}
)


def read_json(content: dict[str, Any]) -> Document:
    """Return the entries of a JSON object; the paths name no key that could be a person's name."""
    collector = Collector("json")
    _walk(content, "$", collector)
    return collector.document()


def clinical_keys(content: dict[str, Any]) -> tuple[str, ...]:
    """Return the clinical fields that the object holds with a value, for sniffing."""
    document = read_json(content)
    return tuple({entry.name for entry in document.entries if entry.value not in (None, "")})


def _walk(node: dict[str, Any], path: str, collector: Collector) -> None:
    for index, (key, value) in enumerate(node.items()):
        collector.look()
        word = field_key(key)
        if word in _MANIFEST_KEYS:
            continue
        where = f"{path}.{word}" if word in _SECTIONS or is_clinical(key) else f"{path}[key {index + 1}]"
        if isinstance(value, dict) and not _is_value(key, value):
            if word not in IDENTITY_KEYS:
                _walk(value, where, collector)
        elif isinstance(value, list) and not is_clinical(key):
            _walk_list(value, word, where, collector)
        else:
            _offer(key, value, where, collector)


def _is_value(key: str, content: dict[str, Any]) -> bool:
    """Return whether an object is the value of a clinical field, and not a group of such fields."""
    return is_clinical(key) and (any(k in content for k in _VALUE_KEYS) or not any(map(is_clinical, content)))


def _offer(key: str, value: Any, where: str, collector: Collector) -> None:
    """Take a field; a list, and an object without a value, go on as they are, so that the check can say that they are lost."""
    if isinstance(value, dict) and any(k in value for k in _VALUE_KEYS):
        number = next(value[k] for k in _VALUE_KEYS if k in value)
        unit = value.get("unit", value.get("units"))
        collector.offer(key, number, where=where, unit=str(unit) if unit else None, dated=str(value.get("date", "")))
    else:
        collector.offer(key, value, where=where)


def _walk_list(items: list[Any], word: str, where: str, collector: Collector) -> None:
    for index, item in enumerate(items):
        collector.look()
        place = f"{where}[{index}]"
        if isinstance(item, dict):
            name = next((item[k] for k in _NAME_KEYS if isinstance(item.get(k), str)), None)
            if name is not None and any(k in item for k in _VALUE_KEYS):
                _offer(name, item, place, collector)
            elif word not in IDENTITY_KEYS:
                _walk(item, place, collector)
        elif isinstance(item, str) and word in _PRESENT_LISTS and is_clinical(item):
            collector.offer(item, True, where=place)
        elif word not in IDENTITY_KEYS:
            collector.note(place)
