"""decide: a person's decision, checked against what that person looked at, and recorded.

Belongs here: who may decide, what an amendment may be, the record of it for the ledger. Not here: the transaction
(stores/reviews.py), what comes of it (continuing.py).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from cardio_dagster.audit_contents import ReviewDecided, ReviewOpened
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.reporting.parts import Report
from cardio_dagster.review.identity import signs_of_identity
from cardio_dagster.review.proving import prove
from cardio_dagster.review.worklist import read_report
from cardio_dagster.stores.ledger.row_proofs import decision_key
from cardio_dagster.stores.review_words import ROLES, Action, Amendment, Choice, ReviewDecision, details_sha256
from cardio_dagster.stores.reviews import Recorder, ReviewError, ReviewStore

SECTIONS = ("ecg", "echo", "clinical", "fusion", "scores")
LONGEST_TEXT, LONGEST_NAME = 2000, 64  # characters


def decide(
    decision: ReviewDecision, *, store: ReviewStore, ledger: Recorder, with_identity: bool = False
) -> ReviewDecision:
    """Record a decision on the version that it names; return it with the number of the version it makes.

    `with_identity` lets a text pass that looks as if it named a patient. Raises ReviewError, with nothing recorded, where
    the role may not decide, an earlier decision is not what the ledger proves, a text is empty, too long or looks like an
    identity, an amendment names a sentence that is not there, a file of the report is not the one that was recorded, another
    version stands than was looked at, or files that came late re-opened the study.
    """
    _check_person(decision)
    texts = (decision.reason, *(t for a in decision.amendments for t in (a.text, a.reason) if t is not None))
    for text in texts:
        _check_text(text, with_identity=with_identity)
    if bool(decision.amendments) != (decision.choice is Choice.AMEND):
        raise ReviewError("an amendment needs at least one changed sentence, and nothing else may have one")
    _check_earlier(decision, store, ledger)
    report = read_report(store, decision, ledger)
    if decision.amendments:
        decision = replace(decision, amendments=_checked(decision, report))
    return store.decide(decision, decided_entry, ledger)


def decided_entry(decision: ReviewDecision) -> Entry:
    """Return the record of a decision: texts of amendments by their hash, the reason too where it looks like an identity."""
    clean = not signs_of_identity(decision.reason)
    content = ReviewDecided(
        version=decision.version,
        report_sha256=decision.report_sha256,
        decision=decision.choice.value,
        reason=decision.reason if clean else f"sha256:{_sha256(decision.reason)}",
        amendments=tuple((a.action.value, a.statement_id, _sha256(a.text or "")) for a in decision.amendments),
        details_sha256=details_sha256(decision),
    )
    key = decision_key(decision.study_id, decision.revision, decision.makes)
    actor = Actor(ActorKind.PERSON, decision.by, decision.role)
    return Entry(Kind.REVIEW_DECIDED, actor, content, decision.study_id, decision.revision, key)


def opened_entry(
    study_id: str, revision: int, version: int, report_sha256: str, *, reasons: tuple[str, ...], actor: Actor
) -> Entry:
    """Return the record of a review that `ReviewStore.open` opened."""
    key = f"review.opened:{study_id}:r{revision}:v{version}:{report_sha256}"
    content = ReviewOpened(version, report_sha256, reasons)
    return Entry(Kind.REVIEW_OPENED, actor, content, study_id, revision, key)


def _check_earlier(decision: ReviewDecision, store: ReviewStore, ledger: Recorder) -> None:
    """Refuse, naming the cause, where a decision stands already that the ledger does not prove: nobody was quicker."""
    taken = store.decisions(decision.study_id, decision.revision)
    stands = store.standing(decision.study_id, decision.revision)
    if taken and stands is not None:
        prove(taken, stands.base_sha256, store=store, ledger=ledger)


def _check_person(decision: ReviewDecision) -> None:
    role = ROLES.get(decision.role)
    able = ", ".join(name for name, r in ROLES.items() if r.may_decide)
    if role is None or not role.may_decide:
        raise ReviewError(f"the role {decision.role!r} may not decide on a report; those that may: {able}")
    if not decision.by.strip() or len(decision.by) > LONGEST_NAME or not decision.by.isprintable():
        raise ReviewError(f"name the person who decides, in at most {LONGEST_NAME} printable characters")


def _check_text(text: str, *, with_identity: bool) -> None:
    if not text.strip() or len(text) > LONGEST_TEXT or not all(c.isprintable() for c in text):
        raise ReviewError(f"each reason and each text must have 1 to {LONGEST_TEXT} printable characters, in one line")
    signs = () if with_identity else signs_of_identity(text)
    if signs:
        raise ReviewError(
            f"a text seems to hold {' and '.join(signs)}, and reports carry no identity of a patient; "
            "write it without, or add --force if it is none"
        )


def _checked(decision: ReviewDecision, report: Report) -> tuple[Amendment, ...]:
    """Return the amendments, added sentences with an id of their own: a01, a02, ... over all versions."""
    present = {s.statement_id for s in report.written.statements}
    added, checked, seen = _added_before(report), [], set()
    for amendment in decision.amendments:
        made = amendment
        if amendment.action is Action.ADD:
            added += 1
            made = replace(amendment, statement_id=f"a{added:02d}")
            _check_section(amendment.section)
        elif amendment.statement_id not in present:
            raise ReviewError(f"no sentence {amendment.statement_id} stands in this version; {_told(present)}")
        if made.statement_id in seen:
            raise ReviewError(
                f"sentence {made.statement_id} is changed twice in one decision; say once what becomes of it"
            )
        if (made.text is None) != (made.action is Action.WITHDRAW):
            raise ReviewError("a sentence that is replaced or added needs a text, one that is withdrawn has none")
        seen.add(made.statement_id)
        checked.append(made)
    return tuple(checked)


def _added_before(report: Report) -> int:
    return sum(c.action is Action.ADD for c in report.review.changes) if report.review else 0


def _check_section(section: str | None) -> None:
    if section is not None and section not in SECTIONS:
        raise ReviewError(f"there is no section {section!r}; there are: {', '.join(SECTIONS)}")


def _told(present: Iterable[str]) -> str:
    return f"there are {', '.join(sorted(present))}" if present else "it has none"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
