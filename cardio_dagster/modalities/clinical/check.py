"""Checking the entries of a document; the result is a ClinicalRecord.

Belongs here: choosing among numbers, sex, age, contradictions. Not here: one number and its unit
(numbers.py), yes and no and other words (words.py), reading files (read_*.py) or deriving values
(derive.py). A value that fails is left out with its reason; the rest is kept.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from cardio_dagster.errors import problem
from cardio_dagster.modalities.clinical.categories import BY_NAME as CATEGORY_BY_NAME
from cardio_dagster.modalities.clinical.history import BY_NAME as HISTORY_BY_NAME
from cardio_dagster.modalities.clinical.history import is_other_sex, parse_sex
from cardio_dagster.modalities.clinical.naming import harmless
from cardio_dagster.modalities.clinical.numbers import LeftOutError, canonical_value, problem_at
from cardio_dagster.modalities.clinical.quantities import BY_NAME, QuantitySpec
from cardio_dagster.modalities.clinical.record import ClinicalRecord, Document, Entry, Quantity
from cardio_dagster.modalities.clinical.words import category_item, history_item
from cardio_dagster.outcome import Problem, Severity

_ABSENT = ("", "na", "n/a", "nan", "null", "none", "unknown", "-", "?", "not known", "not measured")

SAME_SHARE = 0.01  # rounding in another unit


def check(document: Document) -> tuple[ClinicalRecord, tuple[Problem, ...]]:
    """Return the record in canonical units and the problems of the values that were left out."""
    problems = list(document.problems)
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in document.entries:
        if not (entry.value is None or str(entry.value).strip().casefold() in _ABSENT):
            groups[entry.name].append(entry)
    quantities = [_quantity(BY_NAME[name], group, problems) for name, group in groups.items() if name in BY_NAME]
    if not any(q.name == "age_years" for q in quantities):
        quantities.append(_age(document, problems))
    history = [history_item(name, group, problems) for name, group in groups.items() if name in HISTORY_BY_NAME]
    categories = [category_item(name, group, problems) for name, group in groups.items() if name in CATEGORY_BY_NAME]
    sex, sex_reason = _sex(groups.get("sex", ()), problems)
    record = ClinicalRecord(
        document.format,
        sex,
        sex_reason,
        _consistent(quantities, problems),
        tuple(history),
        document.noted,
        tuple(categories),
    )
    return record, tuple(problems)


def _quantity(spec: QuantitySpec, entries: list[Entry], problems: list[Problem]) -> Quantity:
    """Return the latest value (the first where none is dated); others that differ are reported.

    An older value is history; one without a date contradicts, and its loss holds the report.
    """
    latest = max(entries, key=lambda e: e.dated)
    try:
        value = canonical_value(spec, latest)
    except LeftOutError as left_out:
        problems.append(left_out.problem)
        return Quantity(spec.name, None, latest.where, f"{left_out.problem.code}: {left_out.problem.message}")
    if any(e is not latest and _differs(spec, e, value) for e in entries):
        which = "latest" if latest.dated else "first"
        grave = None if latest.dated else Severity.ERROR
        message = f"{spec.label} is given {len(entries)} times; the {which} is used"
        problems.append(problem_at("E_VALID_005", message, latest, severity=grave))
    return Quantity(spec.name, value, latest.where)


def _differs(spec: QuantitySpec, entry: Entry, value: float) -> bool:
    """Return whether an entry says another value than that in use; "120" and 120, 1.65 m and 165 cm say the same."""
    try:
        return abs(canonical_value(spec, entry) - value) > SAME_SHARE * abs(value)
    except LeftOutError:
        return True


def _sex(entries: Sequence[Entry], problems: list[Problem]) -> tuple[str | None, str | None]:
    if not entries:
        return None, "not in the document"
    unknown = next((e for e in entries if not parse_sex(e.value) and not is_other_sex(e.value)), None)
    if unknown:
        seen = harmless(str(unknown.value), kind="text")
        problems.append(
            problem_at("E_VALID_002", "sex is not known", unknown, seen=seen, allowed="female, male, other")
        )
        return None, "E_VALID_002: not one of the known words"
    answers = {parse_sex(entry.value) for entry in entries}
    if len(answers) > 1:
        differs = problem_at("E_VALID_005", "sex is given twice and differs", entries[0], severity=Severity.ERROR)
        problems.append(differs)
        return None, "given twice and differs"
    sex = answers.pop()
    return (sex, None) if sex else (None, "stated as other than female or male")


def _age(document: Document, problems: list[Problem]) -> Quantity:
    """Return the age in full years at the study date; the birth date itself ends here."""
    born, seen = _date(document.birth_date), _date(document.study_date)
    if not document.birth_date:
        return Quantity("age_years", None, "", "not in the document")
    if born is None or seen is None:
        which = "birth date is not a full date" if born is None else "study date is missing or not a full date"
        if (document.birth_date and born is None) or (document.study_date and seen is None):
            message = f"{BY_NAME['age_years'].label}: the {which}"
            problems.append(problem("E_VALID_002", message, allowed="year-month-day", modality="clinical"))
        return Quantity("age_years", None, "", f"the {which}")
    years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    if not 0 <= years <= BY_NAME["age_years"].possible_high:
        problems.append(
            problem(
                "E_VALID_002",
                "the age from birth date and study date is impossible",
                seen=f"{years} a",
                allowed="0 to 125 a",
                modality="clinical",
            )
        )
        return Quantity("age_years", None, "", "E_VALID_002: birth date and study date do not fit")
    return Quantity(
        "age_years", float(years), "", derived_from=("birth date", "study date"), method="full years at the study date"
    )


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None


def _consistent(quantities: list[Quantity], problems: list[Problem]) -> tuple[Quantity, ...]:
    """Return the quantities without pairs that contradict each other: which one is wrong is not known."""
    values = {q.name: q.value for q in quantities}
    wrong: dict[str, str] = {}
    for smaller, larger in (("dbp_mmhg", "sbp_mmhg"), ("hdl_cholesterol_mmol_l", "total_cholesterol_mmol_l")):
        low, high = values.get(smaller), values.get(larger)
        if low is not None and high is not None and low >= high:
            message = f"{BY_NAME[smaller].label} is not below {BY_NAME[larger].label}; both are left out"
            seen = f"{low:.4g} and {high:.4g}"
            problems.append(problem("E_VALID_005", message, seen=seen, severity=Severity.ERROR, modality="clinical"))
            wrong |= dict.fromkeys((smaller, larger), f"E_VALID_005: {message}")
    return tuple(Quantity(q.name, None, q.where, wrong[q.name]) if q.name in wrong else q for q in quantities)
