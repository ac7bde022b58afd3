"""Escalation as the definitions see it: raising notices beside other records, and one round of sending.

Belongs here: from the installation's settings to escalation/. Not here: what is worth a notice, or how it is sent.
"""

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import Connection

from cardio_dagster.audit_record import Actor, ActorKind, Entry
from cardio_dagster.escalation.entries import raised_entries
from cardio_dagster.escalation.machine import policy_cause
from cardio_dagster.escalation.policy import policy_in_force
from cardio_dagster.escalation.rounds import Tally, run_round
from cardio_dagster.escalation.sending import Desk
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.notices import Cause, NoticeStore, Policy

log = logging.getLogger(__name__)

SENSOR = Actor(ActorKind.SENSOR, "escalation_sensor")
BUDGET_S = 15.0  # of a tick; Dagster gives it 60


def raise_notices(
    causes: Iterable[Cause], stores: Stores, actor: Actor, *, connection: Connection
) -> tuple[Entry, ...]:
    """Raise notices in the caller's transaction and return what the ledger must keep of them.

    The caller appends the entries last in the same transaction. Repeated with the same causes it raises nothing.
    An escalation file that cannot be used does not stop it: the packaged policy stands in.
    """
    policy, _, _ = policy_in_force(_file(stores), check_channels=False)
    store = NoticeStore(connect(stores.database_url))
    return raised_entries(store.raise_(causes, policy, now=datetime.now(UTC), connection=connection), actor)


def raise_alone(causes: Iterable[Cause], stores: Stores, actor: Actor) -> int:
    """Raise notices in a transaction of their own, with their records; return how many are new."""
    engine = connect(stores.database_url)
    with engine.begin() as connection:
        entries = raise_notices(causes, stores, actor, connection=connection)
        if entries:
            Ledger(engine, stores.site_key()).append(*entries, connection=connection)
    return len(entries)


def escalate(stores: Stores, *, budget_s: float = BUDGET_S) -> Tally:
    """Run one round: pass on what nobody answered, send what is due; a spoilt escalation file is told as well."""
    policy, fault, sha256 = policy_in_force(_file(stores))
    if fault is not None:
        log.error("the packaged escalation policy is in force: %s", fault)
        raise_alone((policy_cause(sha256),), stores, SENSOR)
    return run_round(desk_of(stores, policy), budget_s=budget_s)


def desk_of(stores: Stores, policy: Policy, actor: Actor = SENSOR) -> Desk:
    """Return what sending needs of this installation."""
    engine = connect(stores.database_url)
    return Desk(
        engine=engine,
        ledger=Ledger(engine, stores.site_key()),
        policy=policy,
        folder=Path(stores.notices_dir),
        actor=actor,
        report_url=stores.report_url,
        breaker_failures=stores.breaker_failures,
        breaker_reset_s=stores.breaker_reset_s,
    )


def _file(stores: Stores) -> Path | None:
    return Path(stores.escalation_file) if stores.escalation_file else None
