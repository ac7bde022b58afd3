"""The record of a decision holds every field of it, also those that the ledger does not repeat."""

from dataclasses import replace

import pytest

from cardio_dagster.finding import Grade
from cardio_dagster.review.deciding import decided_entry
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.ledger.row_proofs import decision_fault, decision_key
from cardio_dagster.stores.review_words import Action, Amendment, Choice, ReviewDecision

AMENDED = Amendment(Action.REPLACE, "s01", reason="by eye", text="Ejection fraction normal.", grade=Grade.NORMAL)
DECISION = ReviewDecision(
    study_id="s-1", revision=1, version=1, report_sha256="2" * 64, choice=Choice.AMEND, reason="contours cross the wall",
    by="mk", role="reader", at="2026-03-04T03:00:00+00:00", amendments=(AMENDED,), makes=2,
)  # fmt: skip
FORGED = {
    "grade": replace(DECISION, amendments=(replace(AMENDED, grade=Grade.CRITICAL),)),
    "reason": replace(DECISION, amendments=(replace(AMENDED, reason="another"),)),
    "time": replace(DECISION, at="2026-03-05T03:00:00+00:00"),
}


@pytest.fixture
def record(sqlite_url):
    create_tables(connect(sqlite_url))
    ledger = Ledger(connect(sqlite_url), b"k" * 32)
    ledger.append(decided_entry(DECISION))
    return ledger.proven(decision_key("s-1", 1, 2))


def test_a_decision_as_it_was_made_is_proven(record):
    assert decision_fault(DECISION, record) is None


@pytest.mark.parametrize("what", FORGED)
def test_a_field_that_the_ledger_does_not_repeat_cannot_be_changed(record, what):
    assert "not what was recorded" in decision_fault(FORGED[what], record)
