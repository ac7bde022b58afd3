"""Acknowledging: once, by a named person, in a role that there is."""

import pytest

from cardio_dagster.audit_record import Kind
from cardio_dagster.escalation.answering import NoticeError, acknowledge, find
from cardio_dagster.stores.ledger import decode
from cardio_dagster.stores.notices import NoticeState, NoticeStore
from cardio_dagster_tests.escalation.notices import NOW, cause, failure, raise_now


@pytest.fixture
def ack(desk):
    def answer(notice_id, by="mk", role="reader"):
        return acknowledge(desk.engine, desk.ledger, desk.policy, notice_id, by=by, role=role, now=NOW)

    return answer


def test_the_first_answer_stands_and_the_second_changes_nothing(desk, ack):
    (notice,) = raise_now(desk.engine, cause())
    first, count = ack(notice.notice_id[:8].upper())
    assert (count, first.state, first.answered_by, first.answered_role) == (1, NoticeState.ACKNOWLEDGED, "mk", "reader")
    again, count = ack(notice.notice_id, by="jd", role="head")
    assert (count, again) == (0, first)
    (record,) = desk.ledger.records(kinds=[Kind.NOTICE_ACKNOWLEDGED])
    assert (record.actor, record.role, decode(record).notice_id) == ("person:mk", "reader", notice.notice_id)


def test_an_answer_to_an_outage_answers_for_every_study(desk, ack):
    (lead, *_) = raise_now(desk.engine, *(failure(study=f"s-{i}") for i in range(4)))
    assert ack(lead.notice_id, role="operator")[1] == 4
    assert len(list(desk.ledger.records(kinds=[Kind.NOTICE_ACKNOWLEDGED]))) == 4


@pytest.mark.parametrize(
    ("notice_id", "by", "role", "says"),
    [
        ("0123456789abcdef", "mk", "reader", "there is no notice with this id"),
        ("abc", "mk", "reader", "at least the first 6"),
        ("%%%%%%%%", "mk", "reader", "at least the first 6"),
        (None, "mk", "janitor", "its roles are reader, senior_reader, head"),
        (None, "  ", "reader", "name the person"),
    ],
)
def test_what_cannot_be_is_said(desk, ack, notice_id, by, role, says):
    (notice,) = raise_now(desk.engine, cause())
    with pytest.raises(NoticeError, match=says):
        ack(notice_id or notice.notice_id, by=by, role=role)
    assert NoticeStore(desk.engine).open() == (notice,)


def test_an_ambiguous_beginning_lists_the_notices(desk):
    import sqlalchemy as sa

    from cardio_dagster.stores.notices.tables import causes, deliveries, notices

    raise_now(desk.engine, cause(study="s-1"), cause(study="s-2"))
    with desk.engine.begin() as connection:
        for table in (deliveries, causes):
            connection.execute(sa.delete(table))
        for i, notice_id in enumerate(connection.scalars(sa.select(notices.c.notice_id)).all()):
            same = sa.update(notices).where(notices.c.notice_id == notice_id)
            connection.execute(same.values(notice_id=f"aaaaaaaaaaaaaaa{i}"))
    with pytest.raises(NoticeError, match="aaaaaaaaaaaaaaa0, aaaaaaaaaaaaaaa1"):
        find(NoticeStore(desk.engine), "aaaaaaaa")
