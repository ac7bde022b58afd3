"""Checking the entries that are words: yes and no, and one of several.

Belongs here: which of several entries counts and what is told where none is understood. Not
here: the words themselves (history.py, categories.py) or numbers (numbers.py).
"""

from cardio_dagster.modalities.clinical.categories import BY_NAME as CATEGORY_BY_NAME
from cardio_dagster.modalities.clinical.categories import parse_category
from cardio_dagster.modalities.clinical.history import BY_NAME as HISTORY_BY_NAME
from cardio_dagster.modalities.clinical.history import parse_yes_no
from cardio_dagster.modalities.clinical.naming import harmless
from cardio_dagster.modalities.clinical.numbers import problem_at
from cardio_dagster.modalities.clinical.record import CategoryItem, Entry, HistoryItem
from cardio_dagster.outcome import Problem, Severity


def history_item(name: str, entries: list[Entry], problems: list[Problem]) -> HistoryItem:
    """Return yes if any entry says so; no if the item itself or all its core parts are denied.

    Of a habit or a treatment only the latest word counts; an event that was stays.
    """
    spec = HISTORY_BY_NAME[name]
    if not spec.lasting:
        latest = max(entry.dated for entry in entries)
        entries = [entry for entry in entries if entry.dated == latest]
    answers = [(entry, parse_yes_no(entry.value)) for entry in entries]
    for entry, answer in answers:
        if answer is None:
            problems.append(
                problem_at(
                    "E_VALID_002",
                    f"{spec.label} is neither yes nor no",
                    entry,
                    seen=harmless(str(entry.value), kind="text"),
                    allowed="yes, no, true, false",
                )
            )
    yes = next((entry for entry, answer in answers if answer), None)
    no = next((entry for entry, answer in answers if answer is False and not entry.part), None)
    denied = {entry.part for entry, answer in answers if answer is False}
    if yes and no:
        message = f"{spec.label} is both affirmed and denied; the yes is used"
        problems.append(problem_at("E_VALID_005", message, yes, severity=Severity.ERROR))
    if yes:
        return HistoryItem(name, True, yes.where)
    if no or (spec.core and set(spec.core) <= denied):
        return HistoryItem(name, False, (no or entries[0]).where)
    reason = "only a part of it is denied" if denied else "neither yes nor no in the document"
    return HistoryItem(name, None, entries[0].where, reason)


def category_item(name: str, entries: list[Entry], problems: list[Problem]) -> CategoryItem:
    """Return the latest word, if it is one of those that the category knows."""
    spec = CATEGORY_BY_NAME[name]
    latest = max(entries, key=lambda e: e.dated)
    value = parse_category(spec, latest.value)
    if value:
        return CategoryItem(name, value, latest.where)
    seen, allowed = harmless(str(latest.value), kind="text"), ", ".join(spec.values)
    unknown = problem_at("E_VALID_002", f"{spec.label} is not known", latest, seen=seen, allowed=allowed)
    problems.append(unknown)
    return CategoryItem(name, None, latest.where, f"{unknown.code}: {unknown.message}")
