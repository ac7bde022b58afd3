"""The arguments of `cardio review amend` as amendments.

Belongs here: reading them. Not here: whether they fit the report (review/deciding.py).
"""

from collections.abc import Sequence

from cardio_dagster.finding import Grade
from cardio_dagster.review.deciding import SECTIONS
from cardio_dagster.stores.review_words import Action, Amendment
from cardio_dagster.stores.reviews import ReviewError


def amendments(
    withdraw: Sequence[str], replace: Sequence[str], add: Sequence[str], *, grade: Sequence[str], reason: str
) -> tuple[Amendment, ...]:
    """Return the amendments of one decision; raises ReviewError for what is not in its form.

    `withdraw` are ids, `replace` is `s03=TEXT`, `add` is `TEXT` or `echo=TEXT`, `grade` is `s03=abnormal`; an added sentence is
    graded under a01, a02 and so on in the order given. `reason` is that of the decision and of each change.
    """
    grades = _grades(grade)
    made = [Amendment(Action.WITHDRAW, statement_id, None, reason) for statement_id in withdraw]
    for given in replace:
        statement_id, text = _parted(given, "s03=TEXT")
        made.append(Amendment(Action.REPLACE, statement_id, text, reason, grade=grades.pop(statement_id, None)))
    for number, given in enumerate(add, start=1):
        section, text = _section_of(given)
        made.append(Amendment(Action.ADD, "", text, reason, section, grades.pop(f"a{number:02d}", None)))
    if grades:
        raise ReviewError(
            f"{', '.join(grades)} has a grade and no new text; grades are of sentences that are replaced or added"
        )
    return tuple(made)


def _section_of(given: str) -> tuple[str | None, str]:
    section, separator, text = given.partition("=")
    if separator and section.isidentifier() and section not in SECTIONS:
        sections = ", ".join(SECTIONS)
        raise ReviewError(f"there is no section {section!r}; there are: {sections}. Put a blank before a = of the text")
    return (section, text) if separator and section in SECTIONS else (None, given)


def _grades(given: Sequence[str]) -> dict[str, Grade]:
    parted = [_parted(text, "s03=abnormal") for text in given]
    words = [g.value for g in Grade]
    for _, word in parted:
        if word not in words:
            raise ReviewError(f"there is no grade {word!r}; there are: {', '.join(words)}")
    return {statement_id: Grade(word) for statement_id, word in parted}


def _parted(given: str, form: str) -> tuple[str, str]:
    name, separator, text = given.partition("=")
    if not separator:
        raise ReviewError(f"write it as {form}")
    return name.strip(), text.strip()
