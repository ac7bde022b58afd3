"""Proving decisions: a row of the database is carried out only if the ledger proves it.

Belongs here: the proof of what `continue_review` is about to do. Not here: comparing one row with its record
(stores/ledger/row_proofs.py), deciding (deciding.py) or writing (continuing.py).
"""

from collections.abc import Iterable

from cardio_dagster.audit_record import Record
from cardio_dagster.stores.ledger import LedgerError
from cardio_dagster.stores.ledger.row_proofs import decision_fault, decision_key, version_fault, version_key
from cardio_dagster.stores.review_words import ReviewDecision, UnprovenDecisionError
from cardio_dagster.stores.reviews import Recorder, ReviewError, ReviewStore

_FIRST = 1  # the version that the software wrote
_CURE = "nothing was written; run `cardio audit verify`, then restore the database from the backup"


def prove(decisions: tuple[ReviewDecision, ...], base_sha256: str, *, store: ReviewStore, ledger: Recorder) -> None:
    """Raise ReviewError unless every decision, and every version made of one, is what a sealed record says.

    `decisions` in the order made, all on the version 1 whose page has the hash `base_sha256`. Each must have been made on
    the version that stood then, by somebody whose role may decide; and no version may stand that nobody decided on.
    """
    study_id, revision = decisions[0].study_id, decisions[0].revision
    versions = store.versions(study_id, revision, base_sha256)
    _refuse(f"version {n}: nobody decided on it" for n in sorted(set(versions) - {d.makes for d in decisions}))
    stood: tuple[int, str | None] = (_FIRST, base_sha256)
    for decision in decisions:
        if (decision.version, decision.report_sha256) != stood:
            _refuse([f"the decision that makes version {decision.makes} was not made on the version that stood"])
        record = _record(ledger, decision_key(study_id, revision, decision.makes))
        _refuse([decision_fault(decision, record)])
        made = versions.get(decision.makes)
        if made is not None:
            record = _record(ledger, version_key(study_id, revision, decision.makes))
            _refuse([version_fault(decision.makes, *made, record)])
        stood = (decision.makes, made[1] if made else None)


def _record(ledger: Recorder, key: str) -> Record | None:
    try:
        return ledger.proven(key)
    except LedgerError as error:
        raise ReviewError(str(error)) from None


def _refuse(faults: Iterable[str | None]) -> None:
    for fault in faults:
        if fault is not None:
            raise UnprovenDecisionError(f"{fault}; {_CURE}")
