"""The outbox: one sender at a time, a lease for one that dies, a clock that is set back."""

import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices import NoticeState, NoticeStore, Outbox, stamp
from cardio_dagster.stores.notices.outbox import LEASE_S
from cardio_dagster_tests.escalation.notices import DEFAULT, NOW, cause, raise_now


@pytest.fixture
def outbox(engine):
    return Outbox(engine)


def sent(engine, outbox, delivery, now=NOW):
    with engine.begin() as connection:
        return outbox.mark_sent(delivery, "file", now=now, connection=connection)


def test_the_gravest_goes_first_and_each_is_given_once(engine, outbox):
    raise_now(engine, cause("REPORT_HELD", Impact.MEDIUM, study="s-1"))
    raise_now(engine, cause(study="s-2"), now=NOW + timedelta(seconds=1))
    now = NOW + timedelta(seconds=2)
    taken = [outbox.claim(now), outbox.claim(now), outbox.claim(now)]
    assert [d and d.notice.study_id for d in taken] == ["s-2", "s-1", None]


def test_what_is_sent_is_not_given_again(engine, outbox):
    raise_now(engine, cause())
    assert sent(engine, outbox, outbox.claim(NOW))
    assert outbox.claim(NOW + timedelta(days=1)) is None
    assert outbox.next_due_s(NOW) is None


def test_a_dead_senders_delivery_is_given_again_after_its_lease_and_the_dead_cannot_mark_it(engine, outbox):
    raise_now(engine, cause())
    dead = outbox.claim(NOW)
    assert outbox.claim(NOW + timedelta(seconds=LEASE_S - 1)) is None
    late = NOW + timedelta(seconds=LEASE_S)
    assert outbox.has_lapsed(late)
    again = outbox.claim(late)
    assert not sent(engine, outbox, dead)
    assert sent(engine, outbox, again)


def test_a_postponed_delivery_waits_and_keeps_what_was_tried(engine, outbox):
    from dataclasses import replace

    raise_now(engine, cause())
    tried = replace(outbox.claim(NOW), position=1, attempt=2, failed=("slack",))
    outbox.postpone(tried, until=NOW + timedelta(seconds=4))
    assert outbox.claim(NOW) is None
    assert outbox.next_due_s(NOW) == 4.0
    again = outbox.claim(NOW + timedelta(seconds=4))
    assert (again.position, again.attempt, again.failed) == (1, 2, ("slack",))


def test_who_acknowledged_is_not_told_any_more(engine, outbox):
    (notice,) = raise_now(engine, cause())
    with engine.begin() as connection:
        NoticeStore(engine).acknowledge(notice.notice_id, by="mk", role="reader", now=NOW, connection=connection)
    assert outbox.claim(NOW) is None
    assert outbox.next_due_s(NOW) is None


def test_a_clock_that_is_set_back_sends_nothing_twice_and_holds_nothing_up(engine, outbox):
    raise_now(engine, cause(study="s-1"), cause(study="s-2"))
    assert sent(engine, outbox, outbox.claim(NOW))
    dead = outbox.claim(NOW)
    past = NOW - timedelta(days=1)
    outbox.rebase(past)
    assert outbox.claim(past) is None
    again = outbox.claim(past + timedelta(seconds=LEASE_S))  # of the clock as it is now, not a day later
    assert again.notice == dead.notice


def test_a_deadline_never_lies_further_away_than_the_policy_gave(engine):
    raise_now(engine, cause())
    past = NOW - timedelta(days=1)
    store = NoticeStore(engine)
    store.rebase(past)
    assert store.open()[0].due_at == stamp(past + timedelta(minutes=5))
    store.rebase(past)
    assert store.open()[0].due_at == stamp(past + timedelta(minutes=5))


def test_passing_on_goes_through_the_roles_reminds_the_last_and_ends(engine):
    store, now = NoticeStore(engine), NOW
    (notice,) = raise_now(engine, cause())
    seen = []
    while notice.state is NoticeState.OPEN:
        now += timedelta(minutes=30)
        (late,) = store.overdue(now)
        with engine.begin() as connection:
            notice = store.pass_on(late, DEFAULT, now=now, connection=connection)
        seen.append((notice.role, notice.level))
    assert seen == [("senior_reader", 1), ("head", 2), ("head", 3), ("head", 4), ("head", 5), ("head", 5)]
    assert notice.state is NoticeState.UNANSWERED
    assert store.overdue(now + timedelta(days=9)) == ()
    assert store.open() == (notice,)


def test_of_two_that_pass_on_at_once_one_does(engine):
    store = NoticeStore(engine)
    raise_now(engine, cause())
    now = NOW + timedelta(minutes=6)
    (late,) = store.overdue(now)
    with engine.begin() as connection:
        assert store.pass_on(late, DEFAULT, now=now, connection=connection)
    with engine.begin() as connection:
        assert store.pass_on(late, DEFAULT, now=now, connection=connection) is None


def test_a_channel_is_left_alone_after_failures_in_a_row_and_tried_again_later(outbox):
    for count in (1, 2, 3):
        assert not outbox.is_down("reader 1 slack", after=3, reset_s=30, now=NOW)
        assert outbox.note_failure("reader 1 slack", reset_s=30, now=NOW) == count
    assert outbox.is_down("reader 1 slack", after=3, reset_s=30, now=NOW + timedelta(seconds=29))
    assert not outbox.is_down("reader 1 slack", after=3, reset_s=30, now=NOW + timedelta(seconds=30))
    assert not outbox.is_down("reader 1 slack", after=3, reset_s=30, now=NOW - timedelta(days=1))
    outbox.note_success("reader 1 slack")
    assert not outbox.is_down("reader 1 slack", after=3, reset_s=30, now=NOW)


SENDER = """
import sys
from datetime import UTC, datetime, timedelta
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.notices import Outbox
engine = connect(sys.argv[1])
outbox, now = Outbox(engine), datetime(2026, 3, 4, 3, 0, 5, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
while (delivery := outbox.claim(now)) is not None:
    print(delivery.notice.notice_id, flush=True)
    with engine.begin() as connection:
        assert outbox.mark_sent(delivery, "file", now=now, connection=connection)
"""


def test_several_processes_send_each_once(engine, database_url):
    raised = raise_now(engine, *(cause(study=f"s-{i}") for i in range(40)))
    command = [sys.executable, "-c", SENDER, database_url]
    senders = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for sender in senders:
        assert sender.stdout.readline() == "ready\n"
    for sender in senders:
        sender.stdin.write("go\n")
        sender.stdin.flush()
    outputs = [sender.communicate(timeout=60)[0].split() for sender in senders]
    assert [sender.returncode for sender in senders] == [0] * 3
    assert Counter(i for ids in outputs for i in ids) == Counter(n.notice_id for n in raised)
