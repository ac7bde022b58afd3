"""Rounds against real receivers: sent once, retried, the next channel, the folder, passed on; each step in the ledger."""

import json
import multiprocessing
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from cardio_dagster.audit_record import Kind
from cardio_dagster.escalation.answering import acknowledge
from cardio_dagster.escalation.channels import LOG_NAME
from cardio_dagster.escalation.rounds import run_round
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import Ledger, decode
from cardio_dagster.stores.notices import NoticeState, NoticeStore
from cardio_dagster_tests.escalation.notices import KEY, NOW, Clock, cause, failure, raise_now, with_channels

DEAD = "json://127.0.0.1:1/"


def hook_of(receiver):
    return f"json://127.0.0.1:{receiver.port}/"


def lines(desk):
    log = desk.folder / LOG_NAME
    return log.read_text().splitlines() if log.exists() else []


def recorded(desk):
    """Return (kind, role, channel, delivered, actor) of what the ledger holds of notices."""
    found = []
    for record in desk.ledger.records():
        if record.kind.value.startswith("notice."):
            told = decode(record)
            found.append((record.kind, told.role, told.channel, told.delivered, record.actor))
    return found


def test_a_notice_is_sent_once_however_many_rounds_run(desk, database_url):
    raise_now(desk.engine, cause())
    assert run_round(desk).sent == 1
    assert [run_round(desk).sent for _ in range(3)] == [0, 0, 0]
    assert len(lines(desk)) == 1
    assert recorded(desk) == [(Kind.NOTICE_SENT, "reader", "file", True, "sensor:escalation_sensor")]


def test_a_round_without_work_writes_nothing(desk, monkeypatch):
    run_round(desk)
    monkeypatch.setattr(type(desk.engine), "begin", None)
    assert run_round(desk).sent == 0


def test_a_channel_that_fails_is_tried_again_in_the_same_round_and_takes_it(desk, hook, clock):
    desk = replace(desk, policy=with_channels(reader=[hook_of(hook)]))
    raise_now(desk.engine, cause())
    hook.refuse = 2
    assert run_round(desk, budget_s=1).postponed == 1
    clock.pass_s(2)
    assert run_round(desk, budget_s=1).postponed == 1
    clock.pass_s(2)
    assert run_round(desk, budget_s=1).sent == 1
    assert len(hook.got) == 1
    assert lines(desk) == []
    assert [r[1:4] for r in recorded(desk)] == [("reader", "json", True)]


def test_after_its_attempts_the_next_channel_takes_it_and_says_so(desk, hook, clock, database_url):
    desk = replace(desk, policy=with_channels(reader=[DEAD, hook_of(hook)]), breaker_failures=99)
    raise_now(desk.engine, cause())
    for _ in range(3):
        run_round(desk, budget_s=1)
        clock.pass_s(2)
    (body,) = hook.bodies
    assert "Sent this way because these failed: json." in body["message"]
    assert [r[1:4] for r in recorded(desk)] == [("reader", "json", False), ("reader", "json", True)]


def test_when_every_channel_fails_the_folder_takes_it_within_30_s(desk, clock):
    desk = replace(desk, policy=with_channels(reader=[DEAD, DEAD, DEAD]), breaker_failures=99)
    raise_now(desk.engine, cause())
    while not lines(desk):
        run_round(desk, budget_s=0.2)
        clock.pass_s(5)  # as the sensor ticks
        assert clock.now - NOW < timedelta(seconds=30)
    assert lines(desk)[0].endswith("failed=json,json,json")


def test_a_channel_that_is_down_is_left_alone_and_the_operator_is_told(desk, clock):
    desk = replace(desk, policy=with_channels(reader=[DEAD]), breaker_failures=2)
    raise_now(desk.engine, *(cause(study=f"s-{i}") for i in range(8)))
    for _ in range(3):
        run_round(desk, budget_s=1)
        clock.pass_s(2)
    told = [json.loads(p.read_text()) for p in desk.folder.glob("*.json")]
    assert Counter(t["role"] for t in told) == {"reader": 8, "operator": 1}
    (down,) = [t for t in told if t["role"] == "operator"]
    assert (down["causes"][0]["code"], down["subject"]) == ("CHANNEL_DOWN", "reader 1 json")


def test_unanswered_it_goes_through_the_roles_and_each_step_is_recorded(desk, clock, database_url):
    raise_now(desk.engine, cause())
    for _ in range(8):
        run_round(desk)
        clock.pass_s(601)
    steps = [(k.value, role) for k, role, *_ in recorded(desk)]
    sent, on = "notice.sent", "notice.escalated"
    assert steps == [
        (sent, "reader"), (on, "senior_reader"), (sent, "senior_reader"), (on, "head"), (sent, "head"),
        (on, "head"), (sent, "head"), (on, "head"), (sent, "head"), (on, "head"), (sent, "head"), (on, "head"),
    ]  # fmt: skip
    (notice,) = NoticeStore(desk.engine).open()
    assert notice.state is NoticeState.UNANSWERED
    assert len(lines(desk)) == 6


def test_acknowledged_it_goes_nowhere(desk, clock, database_url):
    (notice,) = raise_now(desk.engine, cause())
    run_round(desk)
    acknowledge(desk.engine, desk.ledger, desk.policy, notice.notice_id, by="mk", role="reader", now=clock())
    clock.pass_s(9999)
    assert run_round(desk).passed_on == 0
    assert len(lines(desk)) == 1
    assert recorded(desk)[-1] == (Kind.NOTICE_ACKNOWLEDGED, "reader", None, None, "person:mk")


def test_a_clock_set_back_sends_nothing_again_and_passes_on_by_the_new_clock(desk, clock):
    raise_now(desk.engine, cause())
    run_round(desk)
    clock.pass_s(-86400)
    assert (run_round(desk).sent, len(lines(desk))) == (0, 1)
    clock.pass_s(5 * 60)
    assert run_round(desk).passed_on == 1
    assert len(lines(desk)) == 2


def test_a_broken_ledger_stops_no_notice(desk, clock):
    raise_now(desk.engine, cause())
    forged = replace(desk, ledger=Ledger(desk.engine, b"another key, of 32 bytes or more"))
    run_round(desk)
    raise_now(desk.engine, cause(study="s-2"))
    assert run_round(forged).sent == 1
    assert run_round(forged).sent == 0


def test_a_folder_that_cannot_be_written_is_tried_again_until_it_can(desk, tmp_path, clock):
    (tmp_path / "notices").write_text("in the way")
    raise_now(desk.engine, cause())
    assert run_round(desk, budget_s=0.2).sent == 0
    (tmp_path / "notices").unlink()
    clock.pass_s(15)
    assert run_round(desk).sent == 1


def test_many_failures_are_one_page_and_ten_patients_ten(desk):
    raise_now(desk.engine, *(failure(study=f"s-{i}") for i in range(100)), *(cause(study=f"s-{i}") for i in range(10)))
    assert run_round(desk).sent == 11
    page = next(line for line in lines(desk) if "to=operator" in line)
    told = json.loads((desk.folder / f"{page.split('notice=')[1][:16]}-0.json").read_text())
    assert told["joined_studies"] == 99


def _rounds(url, folder, ports, barrier):
    from pathlib import Path

    from cardio_dagster.audit_record import Actor, ActorKind
    from cardio_dagster.escalation.sending import Desk

    engine = connect(url)
    policy = with_channels(reader=[f"json://127.0.0.1:{ports}/"])
    actor = Actor(ActorKind.SENSOR, "escalation_sensor")
    desk = Desk(engine, Ledger(engine, KEY), policy, Path(folder), actor, clock=Clock())
    run_round(desk, budget_s=0.0)
    barrier.wait(60)
    run_round(desk, budget_s=30)


def test_rounds_of_several_processes_at_once_send_each_once(desk, database_url, hook):
    raised = raise_now(desk.engine, *(cause(study=f"s-{i}") for i in range(12)))
    context = multiprocessing.get_context("fork")  # an engine is made anew in a forked child
    barrier = context.Barrier(3)
    rounds = [
        context.Process(target=_rounds, args=(database_url, str(desk.folder), hook.port, barrier)) for _ in range(3)
    ]
    for process in rounds:
        process.start()
    for process in rounds:
        process.join(60)
    assert [p.exitcode for p in rounds] == [0, 0, 0]
    acked = [line.split("ack ")[1][:8] for b in hook.bodies for line in b["message"].split("\n") if "ack " in line]
    assert Counter(acked) == Counter(n.notice_id[:8] for n in raised)
    assert len(recorded(desk)) == 12


@pytest.mark.parametrize("impact", [Impact.CRITICAL, Impact.HIGH, Impact.MEDIUM])
def test_acknowledgment_is_asked_for_within_the_policys_time(desk, impact):
    (notice,) = raise_now(desk.engine, cause(impact=impact))
    run_round(desk)
    told = json.loads((desk.folder / f"{notice.notice_id}-0.json").read_text())
    assert told["answer_until"] == notice.due_at
