"""Reviews: what waits for a person, what people decided, and the versions of reports that followed.

Belongs here: opening, deciding and recording, each in one transaction with its record in the ledger. Not here: whether a
decision may be made (review/deciding.py) or what it makes of a report (pipeline/reviewed.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

from cardio_dagster.audit_record import Entry, Record
from cardio_dagster.errors import CardioError
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.results import releases
from cardio_dagster.stores.review_queries import OPEN, RESTS_ON, STANDING, WAITING, decision_of, version_of
from cardio_dagster.stores.review_tables import VersionRow, report_versions, review_decisions, reviews
from cardio_dagster.stores.review_words import ReviewDecision

__all__ = ["Recorder", "ReviewError", "ReviewItem", "ReviewStore", "VersionRow"]


class ReviewError(CardioError, ValueError):
    """A decision that cannot be taken; the message says why and what to do."""


class Recorder(Protocol):
    """The ledger, as far as reviews need it."""

    def append(self, *entries: Entry, connection: sa.Connection | None = None) -> object:
        """Record in the caller's transaction; entries whose key stands already are left out."""

    def proven(self, key: str) -> Record | None:
        """Return the record with a key after proving it, None if there is none; raises LedgerError for a forged one."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A report that waits for a person. `priority` and `received_at` are None where the registry does not know it."""

    study_id: str
    revision: int
    version: int
    report_sha256: str
    status: str  # held or error
    reasons: tuple[str, ...]
    opened_at: str
    report_path: str
    priority: str | None
    received_at: str | None


class ReviewStore:
    """The reviews of one database; make the tables first with `create_tables(engine)`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def open(
        self,
        study_id: str,
        revision: int,
        version: int,
        report_sha256: str,
        reasons: tuple[str, ...],
        *,
        at: str,
        connection: sa.Connection,
    ) -> bool:
        """Let a report wait for a person; return False where this very report does already.

        Another report of the same revision (launched again after an error) takes the place of the former.
        Call it in the transaction that records the release.
        """
        mine = (reviews.c.study_id == study_id) & (reviews.c.revision == revision)
        known = connection.execute(sa.select(reviews.c.version, reviews.c.report_sha256).where(mine)).first()
        if known is not None and tuple(known) == (version, report_sha256):
            return False
        row = {"study_id": study_id, "revision": revision, "version": version, "report_sha256": report_sha256}
        connection.execute(sa.delete(reviews).where(mine))
        connection.execute(
            sa.insert(reviews), {**row, "reasons": msgspec.json.encode(reasons).decode(), "opened_at": at}
        )
        return True

    def worklist(self) -> tuple[ReviewItem, ...]:
        """Return what waits for a person, the oldest first; what was decided, or overtaken by a later revision, does not."""
        with reading(self._engine) as connection:
            rows = connection.execute(OPEN).mappings().all()
        values = ({**row, "reasons": tuple(msgspec.json.decode(row["reasons"]))} for row in rows)
        return tuple(ReviewItem(**{str(name): value for name, value in row.items()}) for row in values)

    def standing(self, study_id: str, revision: int | None = None) -> VersionRow | None:
        """Return the version that stands of a revision, by default of the newest decided one; None if nothing was decided."""
        with reading(self._engine) as connection:
            return _standing(connection, study_id, revision)

    def decisions(self, study_id: str, revision: int) -> tuple[ReviewDecision, ...]:
        """Return the decisions that rest on the report that stands as version 1, in the order made."""
        with reading(self._engine) as connection:
            return _decisions(connection, study_id, revision)

    def waiting(self, *, limit: int = 200) -> tuple[ReviewDecision, ...]:
        """Return decisions whose version is not written yet, the oldest first; none of an overtaken report."""
        with reading(self._engine) as connection:
            rows = connection.execute(WAITING.limit(limit)).mappings().all()
        return tuple(decision_of(row) for row in rows)

    def decide(
        self, decision: ReviewDecision, entry: Callable[[ReviewDecision], Entry], ledger: Recorder
    ) -> ReviewDecision:
        """Record a decision, with `entry` of it in the ledger in the same transaction; return it with the number it makes.

        Raises ReviewError if nothing stands, if a later revision was decided, if another version stands than the person
        looked at, or if somebody else has decided on it. Of two at once one wins.
        """
        try:
            with self._engine.begin() as connection:
                numbered = _numbered(connection, decision)
                connection.execute(sa.insert(review_decisions), _decision_values(connection, numbered))
                ledger.append(entry(numbered), connection=connection)
        except sa.exc.IntegrityError:
            raise _other(self.decisions(decision.study_id, decision.revision)) from None
        return numbered

    def record(self, row: VersionRow, entries: tuple[Entry, ...], ledger: Recorder) -> bool:
        """Record a written version, with its entries in the ledger in the same transaction; False if it is recorded already."""
        named = ("study_id", "revision", "version", "base_sha256", "status", "report_path", "report_sha256")
        try:
            with self._engine.begin() as connection:
                values = {**{name: getattr(row, name) for name in named}, "decided_at": row.at}
                connection.execute(sa.insert(report_versions), values)
                ledger.append(*entries, connection=connection)
        except sa.exc.IntegrityError:
            if self.written(row.study_id, row.revision, row.version):
                return False
            raise
        return True

    def written(self, study_id: str, revision: int, version: int) -> bool:
        """Return whether a version is recorded; version 1 never is here."""
        mine = {"study_id": study_id, "revision": revision, "version": version}
        query = sa.select(report_versions.c.version).filter_by(**mine)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def versions(self, study_id: str, revision: int, base_sha256: str) -> dict[int, tuple[str, str]]:
        """Return status and hash of every recorded version that rests on this version 1, by number."""
        made = report_versions.c
        query = sa.select(made.version, made.status, made.report_sha256).filter_by(
            study_id=study_id, revision=revision, base_sha256=base_sha256
        )
        with reading(self._engine) as connection:
            return {row.version: (row.status, row.report_sha256) for row in connection.execute(query)}


def _numbered(connection: sa.Connection, decision: ReviewDecision) -> ReviewDecision:
    """Return the decision with the number of its version; raise ReviewError where it may not be taken."""
    study_id, revision = decision.study_id, decision.revision
    own = (releases.c.study_id == study_id) & (releases.c.revision == revision)
    connection.execute(sa.select(releases.c.revision).where(own).with_for_update())  # a run launched again waits
    newest, stands = _standing(connection, study_id, None), _standing(connection, study_id, revision)
    if newest is None or stands is None:
        raise ReviewError(f"study {study_id} has no decided report; wait for its run, or look for its id with `cardio review list`")  # fmt: skip
    if newest.revision != revision:
        raise ReviewError(f"revision {newest.revision} of {study_id} was decided since; look at it and decide on that")
    taken = _decisions(connection, study_id, revision)
    if (stands.version, stands.report_sha256) != (decision.version, decision.report_sha256):
        raise _other(taken)
    if taken and taken[-1].makes > stands.version:
        raise _other(taken)
    numbers = sa.select(sa.func.max(review_decisions.c.makes)).filter_by(study_id=study_id, revision=revision)
    return replace(decision, makes=max(connection.execute(numbers).scalar() or 0, 1) + 1)


def _other(taken: tuple[ReviewDecision, ...]) -> ReviewError:
    if not taken:
        return ReviewError(
            "the report was made anew since you looked at it; look at it again with `cardio review show`"
        )
    last = taken[-1]
    return ReviewError(
        f"{last.by} ({last.role}) decided meanwhile: {last.choice.value}, at {last.at}, which makes version {last.makes}; "
        "look at that version with `cardio review show` and decide again if need be"
    )


def _standing(connection: sa.Connection, study_id: str, revision: int | None) -> VersionRow | None:
    query = sa.select(STANDING).where(STANDING.c.study_id == study_id)
    if revision is not None:
        query = query.where(STANDING.c.revision == revision)
    row = connection.execute(query.order_by(STANDING.c.revision.desc()).limit(1)).mappings().first()
    return None if row is None or row["report_path"] is None else version_of(row)


def _decisions(connection: sa.Connection, study_id: str, revision: int) -> tuple[ReviewDecision, ...]:
    mine = (review_decisions.c.study_id == study_id) & (review_decisions.c.revision == revision)
    query = sa.select(review_decisions).join(releases, RESTS_ON).where(mine).order_by(review_decisions.c.makes)
    return tuple(decision_of(row) for row in connection.execute(query).mappings())


def _decision_values(connection: sa.Connection, decision: ReviewDecision) -> dict[str, Any]:
    stands = _standing(connection, decision.study_id, decision.revision)
    values: dict[str, Any] = msgspec.to_builtins(decision)
    amendments = msgspec.json.encode(decision.amendments).decode()
    return {**values, "amendments": amendments, "base_sha256": stands.base_sha256 if stands else ""}
