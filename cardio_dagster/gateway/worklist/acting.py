"""What a person does on the worklist: deciding and acknowledging, by the same functions as the command line.

Belongs here: handing the form on, and telling a refusal kindly. Not here: the rules (review/, escalation/).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cardio_dagster.escalation.answering import NoticeError, find
from cardio_dagster.escalation.answering import acknowledge as answer
from cardio_dagster.escalation.policy import policy_in_force
from cardio_dagster.gateway.auth import record
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.gateway.worklist.forms import decision_from
from cardio_dagster.review.deciding import decide
from cardio_dagster.review.identity import signs_of_identity
from cardio_dagster.review.worklist import seen_token, stood
from cardio_dagster.stores.access import Caller
from cardio_dagster.stores.notices import Notice, NoticeStore
from cardio_dagster.stores.review_words import UnprovenDecisionError
from cardio_dagster.stores.reviews import ReviewError, UnreadableDecisionError


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a decision was not taken. `looked_at` is the version of a person whose report was changed meanwhile, else None."""

    status: int
    told: str
    looked_at: int | None = None
    signs: tuple[str, ...] = ()  # of an identity in what was typed


def decide_on(backend: Backend, who: Caller, study_id: str, form: Mapping[str, str]) -> Refusal | None:
    """Record the decision of a form, and the access; return why not, or None where it was taken."""
    try:
        stands = stood(study_id, backend.reviews)
        if form.get("seen") != seen_token(stands):
            return _conflict(backend, study_id, form)
        decision = decision_from(form, stands, who)
        texts = [decision.reason, *(a.text or "" for a in decision.amendments)]
        signs = tuple(dict.fromkeys(sign for text in texts for sign in signs_of_identity(text)))
        is_none = form.get("no-identity") == "yes"
        if signs and not is_none:
            return Refusal(422, f"What you typed seems to hold {' and '.join(signs)}.", signs=signs)
        made = decide(decision, store=backend.reviews, ledger=backend.ledger, with_identity=is_none)
    except ReviewError as error:
        return _refused(backend, study_id, form, error)
    place = f"/worklist/{study_id}/decision"
    record(backend, who, decision.choice.value, place, "changed", study_id=study_id, revision=made.revision)
    return None


def acknowledge_notice(backend: Backend, who: Caller, notice_id: str) -> Notice:
    """Note that the caller takes care of a notice, in the role that it waits for; raises GatewayError (404) for an unknown one."""
    policy, _, _ = policy_in_force(backend.settings.escalation_file, check_channels=False)
    try:
        found = find(NoticeStore(backend.engine), notice_id)
        known = policy.chains[found.audience]
        role = found.role if found.role in known else known[0]  # the policy may have changed since it was raised
        notice, count = answer(
            backend.engine, backend.ledger, policy, found.notice_id, by=who.name, role=role, now=datetime.now(UTC)
        )
    except NoticeError:
        raise GatewayError("E_HTTP_404", "there is no such notice") from None
    place = f"/worklist/notices/{found.notice_id}/acknowledge"
    outcome = "changed" if count else "given"
    record(backend, who, "acknowledge", place, outcome, study_id=notice.study_id, revision=notice.revision)
    return notice


def _refused(backend: Backend, study_id: str, form: Mapping[str, str], error: ReviewError) -> Refusal:
    """Return the refusal, as a conflict where somebody was quicker."""
    stands = backend.reviews.standing(study_id)
    if stands is not None and not isinstance(error, UnreadableDecisionError | UnprovenDecisionError):
        taken = backend.reviews.decisions(study_id, stands.revision)
        if form.get("seen") != seen_token(stands) or (taken and taken[-1].makes > stands.version):
            return _conflict(backend, study_id, form)
    told = str(error)
    return Refusal(422, f"{told[:1].upper()}{told[1:]}.")


def _conflict(backend: Backend, study_id: str, form: Mapping[str, str]) -> Refusal:
    stands = backend.reviews.standing(study_id)
    taken = backend.reviews.decisions(study_id, stands.revision) if stands else ()
    told = "The report has changed since you opened this page, so nothing was recorded."
    if taken:
        last = taken[-1]
        told = f"{last.by} ({last.role}) decided meanwhile: {last.choice.value}. Nothing of yours was recorded."
    number = form.get("seen", "").removeprefix("v").partition("-")[0]
    return Refusal(409, told, int(number) if number.isdecimal() and len(number) < 6 else 1)
