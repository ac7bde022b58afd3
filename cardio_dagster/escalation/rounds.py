"""One round of escalation: pass on what nobody answered, send what is due, until nothing is or the time is up.

Belongs here: the order of a round and its senders. Not here: one delivery (sending.py), or when a round is run
(defs/escalation.py).
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cardio_dagster.escalation.entries import passed_on_entry
from cardio_dagster.escalation.sending import Desk, deliver

SENDERS = 4  # at once, because a channel mostly waits


@dataclass(frozen=True, slots=True)
class Tally:
    """What a round did."""

    sent: int = 0
    postponed: int = 0
    passed_on: int = 0


def run_round(desk: Desk, *, budget_s: float = 15.0) -> Tally:
    """Pass on overdue notices and send all that is due; return the counts.

    Any number of rounds may run at once, in any number of processes. A delivery that waits for its next attempt is
    waited for within the budget; none is begun after it. Without work a round writes nothing.
    """
    until = time.monotonic() + budget_s
    desk.store.rebase(desk.clock())
    desk.outbox.rebase(desk.clock())
    passed_on = _pass_on(desk)
    if desk.outbox.next_due_s(desk.clock()) is None and not desk.outbox.has_lapsed(desk.clock()):
        return Tally(passed_on=passed_on)
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="notices") as pool:
        counts = list(pool.map(lambda _: _send(desk, until), range(SENDERS)))
    return Tally(sum(s for s, _ in counts), sum(p for _, p in counts), passed_on)


def _pass_on(desk: Desk) -> int:
    count = 0
    for notice in desk.store.overdue(desk.clock()):
        with desk.engine.begin() as connection:
            later = desk.store.pass_on(notice, desk.policy, now=desk.clock(), connection=connection)
            if later is not None:
                desk.record(passed_on_entry(later, desk.actor), connection=connection)
                count += 1
    return count


def _send(desk: Desk, until: float) -> tuple[int, int]:
    """Send what is due, one after the other; return how many were sent and how many postponed."""
    sent = postponed = 0
    while time.monotonic() < until:
        delivery = desk.outbox.claim(desk.clock())
        if delivery is not None:
            done = deliver(delivery, desk)
            sent, postponed = sent + done, postponed + (not done)
            continue
        wait_s = desk.outbox.next_due_s(desk.clock())
        if wait_s is None or time.monotonic() + wait_s >= until:
            break
        time.sleep(min(max(wait_s, 0.05), 1.0))
    return sent, postponed
