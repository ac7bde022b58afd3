"""The form of a decision, as a browser sends it.

Belongs here: fields to a ReviewDecision. Not here: whether it may be taken (review/deciding.py).
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from cardio_dagster.finding import Grade
from cardio_dagster.stores.access import Caller, Role
from cardio_dagster.stores.review_tables import VersionRow
from cardio_dagster.stores.review_words import Action, Amendment, Choice, ReviewDecision
from cardio_dagster.stores.reviews import ReviewError

REVIEW_ROLES = {Role.REVIEWER: "reader", Role.ADMIN: "admin"}  # role of a key: role of the review (review_words.ROLES)


def decision_from(form: Mapping[str, str], stands: VersionRow, who: Caller) -> ReviewDecision:
    """Return the decision that a form makes on the version that stands; raises ReviewError for a choice it does not know."""
    if form.get("choice") not in list(Choice):
        raise ReviewError("choose whether to accept, amend or reject the report")
    reason = _line(form.get("reason", ""))
    return ReviewDecision(
        study_id=stands.study_id,
        revision=stands.revision,
        version=stands.version,
        report_sha256=stands.report_sha256,
        choice=Choice(form["choice"]),
        reason=reason,
        by=who.name,
        role=REVIEW_ROLES.get(who.role, who.role.value),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        amendments=_amendments(form, reason),
    )


def _amendments(form: Mapping[str, str], reason: str) -> tuple[Amendment, ...]:
    made = []
    for name, action in form.items():
        statement_id = name.removeprefix("action-")
        if statement_id == name:
            continue
        typed = _line(form.get(f"text-{statement_id}", ""))
        if typed and action != Action.REPLACE:  # nothing that a person wrote is dropped in silence
            raise ReviewError(f"you wrote a new text of {statement_id}; choose 'replace by' for it, or empty the text")
        if action not in (Action.WITHDRAW, Action.REPLACE):
            continue
        text = typed if action == Action.REPLACE else None
        grade = _grade(form.get(f"grade-{statement_id}")) if action == Action.REPLACE else None
        made.append(Amendment(Action(action), statement_id, text, reason, grade=grade))
    added = _line(form.get("add-text", ""))
    if added:
        section, grade = form.get("add-section") or None, _grade(form.get("add-grade"))
        made.append(Amendment(Action.ADD, "", added, reason, section, grade))
    return tuple(made)


def _grade(word: str | None) -> Grade | None:
    if word and word not in list(Grade):
        raise ReviewError(f"there is no such grade; there are: {', '.join(Grade)}")
    return Grade(word) if word else None


def _line(text: str) -> str:
    """Return a text in one line, as reports keep it: a browser's field may hold several."""
    return " ".join(text.split())
