"""Holds: which studies must be kept whatever their age, and the lock under which that is decided.

Belongs here: the table of legal holds and its moves, each with its ledger record in the same transaction. Not here:
what goes when a study is due (retention.py, audit/retention/).

A hold and a purge of the same study take one lock first: either the hold stands and the purge leaves the study alone,
or the purge is recorded and the hold is refused. There is nothing between.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from cardio_dagster.audit_contents import HoldMoved
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.errors import CardioError
from cardio_dagster.stores.database import metadata, reading
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.studies import UnknownStudyError, utc_now
from cardio_dagster.stores.study_tables import studies

holds = sa.Table(
    "legal_holds",
    metadata,
    sa.Column("study_id", sa.String(64), sa.ForeignKey("studies.study_id"), primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("placed_by", sa.String(128), nullable=False),
    sa.Column("placed_at", sa.String(40), nullable=False),
)
purges = sa.Table(
    "study_purges",
    metadata,
    sa.Column("study_id", sa.String(64), sa.ForeignKey("studies.study_id"), primary_key=True),
    sa.Column("proof_seq", sa.BigInteger, nullable=False),  # of the newest CONTENT_PURGED record
    sa.Column("purged_at", sa.String(40), nullable=False),
    sa.Column("finished_at", sa.String(40)),  # None: files may still lie in the store
)
sa.Index(
    "ix_study_purges_unfinished",
    purges.c.study_id,
    sqlite_where=purges.c.finished_at.is_(None),
    postgresql_where=purges.c.finished_at.is_(None),
)
_LOCK = 0x686F6C64  # any number, the same in every process: PostgreSQL's advisory lock of holds and purges


class HoldError(CardioError):
    """A hold cannot be placed or lifted; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One legal hold; `placed_by` is an actor such as `person:mk`, `placed_at` ISO 8601 in UTC."""

    study_id: str
    reason: str
    placed_by: str
    placed_at: str


def lock_retention(connection: sa.Connection) -> None:
    """Wait for every other hold or purge; the lock ends with the transaction. SQLite's writers wait for each other anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


class HoldStore:
    """The legal holds of one database; make the tables first with `create_tables(engine)`."""

    def __init__(self, engine: sa.Engine, ledger: Ledger) -> None:
        self._engine, self._ledger = engine, ledger

    def place(self, study_id: str, reason: str, actor: Actor) -> Hold:
        """Keep a study until the hold is lifted, and record who wanted it (HOLD_PLACED).

        Raises UnknownStudyError for a study that is not registered, HoldError for an empty reason, for a study that is
        on hold already and for one whose content was purged.
        """
        hold = Hold(study_id, _reason(reason), str(actor), utc_now())
        with self._engine.begin() as connection:
            lock_retention(connection)
            _refuse_unknown(connection, study_id)
            _refuse_purged(connection, study_id)
            if (standing := _get(connection, study_id)) is not None:
                raise HoldError(
                    f"{study_id} is on hold since {standing.placed_at[:10]}; lift that hold and place one with both reasons"
                )
            connection.execute(sa.insert(holds), _values(hold))
            self._record(connection, Kind.HOLD_PLACED, hold.study_id, hold.reason, actor)
        return hold

    def lift(self, study_id: str, reason: str, actor: Actor) -> None:
        """End the hold on a study, and record who did and why (HOLD_LIFTED); HoldError where there is none or no reason."""
        why = _reason(reason)
        with self._engine.begin() as connection:
            lock_retention(connection)
            if connection.execute(sa.delete(holds).where(holds.c.study_id == study_id)).rowcount == 0:
                raise HoldError(f"{study_id} is not on hold; `cardio audit holds` lists those that are")
            self._record(connection, Kind.HOLD_LIFTED, study_id, why, actor)

    def get(self, study_id: str) -> Hold | None:
        """Return the hold on a study; None if there is none."""
        with reading(self._engine) as connection:
            return _get(connection, study_id)

    def all(self) -> tuple[Hold, ...]:
        """Return the holds that stand, the oldest first."""
        query = sa.select(holds).order_by(holds.c.placed_at, holds.c.study_id)
        with reading(self._engine) as connection:
            return tuple(Hold(*row) for row in connection.execute(query))

    def _record(self, connection: sa.Connection, kind: Kind, study_id: str, reason: str, actor: Actor) -> None:
        self._ledger.append(Entry(kind, actor, HoldMoved(reason), study_id=study_id), connection=connection)


def _get(connection: sa.Connection, study_id: str) -> Hold | None:
    row = connection.execute(sa.select(holds).where(holds.c.study_id == study_id)).one_or_none()
    return None if row is None else Hold(*row)


def _values(hold: Hold) -> dict[str, str]:
    return {name: getattr(hold, name) for name in Hold.__dataclass_fields__}


def _reason(text: str) -> str:
    if not text.strip():
        raise HoldError("a hold moves with a reason; give one with --reason, without the patient's name")
    return text.strip()


def _refuse_unknown(connection: sa.Connection, study_id: str) -> None:
    if connection.execute(sa.select(studies.c.study_id).where(studies.c.study_id == study_id)).first() is None:
        raise UnknownStudyError(f"study {study_id} is not registered; look its id up in its report")


def _refuse_purged(connection: sa.Connection, study_id: str) -> None:
    row = connection.execute(sa.select(purges).where(purges.c.study_id == study_id)).one_or_none()
    if row is not None:
        raise HoldError(
            f"{study_id} was purged on {row.purged_at[:10]}, proof record {row.proof_seq}; nothing is left to hold"
        )
