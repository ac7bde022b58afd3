"""Collecting entries: which fields are clinical, which are identity, which nobody reads.

Belongs here: sorting one (name, value, unit, place) into a Document. Not here: walking
JSON, CSV or FHIR (read_*.py) or checking values (check.py). Identity is dropped here.
"""

import re
from dataclasses import dataclass, field

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.modalities.clinical.categories import find_category
from cardio_dagster.modalities.clinical.history import SEX_ALIASES, find_history
from cardio_dagster.modalities.clinical.naming import field_key
from cardio_dagster.modalities.clinical.quantities import find_quantity
from cardio_dagster.modalities.clinical.record import Document, Entry
from cardio_dagster.outcome import Problem

BIRTH_DATE_KEYS = frozenset({"birth_date", "birthdate", "date_of_birth", "dob", "patient_birth_date"})
STUDY_DATE_KEYS = frozenset({"study_date", "document_date", "examination_date", "exam_date", "visit_date", "date"})
BLOOD_PRESSURE_KEYS = frozenset({"blood_pressure", "bp"})
MAX_VALUES = 20_000  # a Bundle of a long life has some thousands
IDENTITY_KEYS = BIRTH_DATE_KEYS | frozenset(
    {
        "name", "patient_name", "first_name", "last_name", "given_name", "family_name", "full_name", "surname", "family",
        "given", "mrn", "patient_id", "patient_mrn", "id", "identifier", "identifiers", "address", "street", "city", "zip",
        "postal_code", "phone", "telecom", "telephone", "email", "ssn", "insurance_number", "accession_number",
    }
)  # fmt: skip


def is_clinical(name: str) -> bool:
    """Return whether a field name is one of the clinical fields that this package reads."""
    return (
        field_key(name) in (*SEX_ALIASES, *BLOOD_PRESSURE_KEYS)
        or bool(find_history(name))
        or find_quantity(name) is not None
        or find_category(name) is not None
    )


@dataclass(slots=True)
class Collector:
    """The entries gathered so far from one document."""

    format: str
    entries: list[Entry] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    birth_date: str | None = None
    study_date: str | None = None
    looked_at: int = 0

    def look(self) -> None:
        """Count one more value of the document.

        Raises StudyError E_HARD_004 beyond MAX_VALUES: no metadata document of one person has so many.
        """
        self.looked_at += 1
        if self.looked_at > MAX_VALUES:
            raise StudyError(
                "E_HARD_004",
                "the metadata document holds too many values",
                seen=f"more than {MAX_VALUES}",
                allowed=f"{MAX_VALUES}",
                cure="Send the values of this study only.",
            )

    def offer(self, name: str, value: object, *, where: str, unit: str | None = None, dated: str = "") -> None:
        """Take a field by its name in the file: clinical, date, identity (dropped) or only noted."""
        key = field_key(name)
        found = find_quantity(name)
        history = find_history(name)
        category = find_category(name)
        if key in SEX_ALIASES:
            self.take("sex", value, where=where, dated=dated)
        elif found:
            self.take(found[0].name, value, where=where, unit=unit or found[1], dated=dated)
        elif history:
            for spec in history:
                self.take(spec.name, value, where=where, dated=dated, part=key if key in spec.parts else "")
        elif category:
            self.take(category.name, value, where=where, dated=dated)
        elif key in BLOOD_PRESSURE_KEYS:
            self._take_blood_pressure(value, where, unit, dated)
        elif key in BIRTH_DATE_KEYS:
            self.birth_date = self.birth_date or str(value)
        elif key in STUDY_DATE_KEYS:
            self.study_date = self.study_date or str(value)
        elif key not in IDENTITY_KEYS:
            self.note(where)

    def take(
        self, name: str, value: object, *, where: str, unit: str | None = None, dated: str = "", part: str = ""
    ) -> None:
        """Take a field by its canonical name."""
        self.entries.append(Entry(name, value, unit, where, dated, part))

    def _take_blood_pressure(self, value: object, where: str, unit: str | None, dated: str) -> None:
        """Take both pressures of "120/80"; any other value goes on as it is, so that its loss is told."""
        pair = re.fullmatch(r"\s*(\d{2,3})\s*/\s*(\d{2,3})\s*(\D*)", str(value))
        numbers = pair.groups()[:2] if pair else (_whole(value), _whole(value))
        for name, number in zip(("sbp_mmhg", "dbp_mmhg"), numbers, strict=True):
            self.take(name, number, where=where, unit=(pair and pair[3].strip()) or unit, dated=dated)

    def leave_out(self, message: str) -> None:
        """Record that a statement of the document is not used, and why."""
        self.problems.append(problem("E_VALID_005", message, modality="clinical"))

    def note(self, where: str, what: str = "") -> None:
        """Remember the place of a field that is not read.

        Neither its value nor its name is kept: a file can have a person's name for either.
        `what` is a word of this package or a code, never text of the file.
        """
        self.noted.append(f"{where} {what}".strip())

    def document(self) -> Document:
        """Return what was gathered."""
        return Document(
            self.format, tuple(self.entries), self.birth_date, self.study_date, tuple(self.noted), tuple(self.problems)
        )


def _whole(value: object) -> object:
    """Return a lone number as text that is no number: which of the two pressures it is cannot be told."""
    return f"one number: {value}" if isinstance(value, int | float) or str(value).strip().isdigit() else value
