"""Reviews: what waits for a person, what people decided, and the versions of reports that followed.

Belongs here: opening, deciding and recording, each in one transaction with its record in the ledger. Not here: whether a
decision may be made (review/deciding.py), its number (review_numbering.py) or what it makes of a report (pipeline/reviewed.py).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

from cardio_dagster.audit_record import Entry, Record
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.report_paths import kept_path, path_of
from cardio_dagster.stores.review_numbering import decided_otherwise, decisions_of, number, standing_of
from cardio_dagster.stores.review_queries import OPEN, WAITING, decision_of, reasons_of
from cardio_dagster.stores.review_tables import ReviewItem, VersionRow, report_versions, review_decisions, reviews
from cardio_dagster.stores.review_words import (
    DecisionsWaiting,
    ReviewDecision,
    ReviewError,
    UnreadableDecisionError,
)

__all__ = ["Recorder", "ReviewError", "ReviewItem", "ReviewStore", "UnreadableDecisionError", "VersionRow"]


class Recorder(Protocol):
    """The ledger, as far as reviews need it."""

    def append(self, *entries: Entry, connection: sa.Connection | None = None) -> object:
        """Record in the caller's transaction; entries whose key stands already are left out."""

    def proven(self, key: str) -> Record | None:
        """Return the record with a key after proving it, None if there is none; raises LedgerError for a forged one."""


class ReviewStore:
    """The reviews of one database, of reports below `reports`; make the tables first with `create_tables(engine)`."""

    def __init__(self, engine: sa.Engine, reports: Path) -> None:
        self._engine = engine
        self._reports = reports

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
        values = ({str(name): value for name, value in row.items()} for row in rows)
        return tuple(ReviewItem(**{**row, **self._item_values(row)}) for row in values)

    def standing(self, study_id: str, revision: int | None = None) -> VersionRow | None:
        """Return the version that stands of a revision, by default of the newest decided one; None if nothing was decided."""
        with reading(self._engine) as connection:
            return standing_of(connection, self._reports, study_id, revision)

    def decisions(self, study_id: str, revision: int) -> tuple[ReviewDecision, ...]:
        """Return the decisions that rest on the report that stands as version 1, in the order made.

        Raises UnreadableDecisionError where a row of one was written by hand.
        """
        with reading(self._engine) as connection:
            return decisions_of(connection, study_id, revision)

    def waiting(self, *, limit: int = 200) -> DecisionsWaiting:
        """Return decisions whose version is not written yet, the oldest first; none of an overtaken report.

        A row that cannot be read is a fault of its study and keeps no other waiting.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(WAITING.limit(limit)).mappings().all()
        readable: list[ReviewDecision] = []
        unreadable: list[tuple[str, int]] = []
        for row in rows:
            try:
                readable.append(decision_of(row))
            except UnreadableDecisionError:
                unreadable.append((row["study_id"], row["revision"]))
        return DecisionsWaiting(tuple(readable), tuple(dict.fromkeys(unreadable)))

    def decide(
        self, decision: ReviewDecision, entry: Callable[[ReviewDecision], Entry], ledger: Recorder
    ) -> ReviewDecision:
        """Record a decision, with `entry` of it in the ledger in the same transaction; return it with the number it makes.

        Raises ReviewError if nothing stands, if a later revision was decided, if another version stands than the person
        looked at, or if somebody else has decided on it. Of two at once one wins.
        """
        try:
            with self._engine.begin() as connection:
                numbered, stands = number(connection, self._reports, decision)
                connection.execute(sa.insert(review_decisions), _values_of(numbered, stands))
                ledger.append(entry(numbered), connection=connection)
        except sa.exc.IntegrityError:
            raise decided_otherwise(self.decisions(decision.study_id, decision.revision)) from None
        return numbered

    def record(self, row: VersionRow, entries: tuple[Entry, ...], ledger: Recorder) -> bool:
        """Record a written version, with its entries in the ledger in the same transaction; False if it is recorded already."""
        named = ("study_id", "revision", "version", "base_sha256", "status", "report_sha256")
        path = kept_path(row.report_path, self._reports)
        try:
            with self._engine.begin() as connection:
                values = {**{name: getattr(row, name) for name in named}, "report_path": path, "decided_at": row.at}
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

    def _item_values(self, row: dict[str, Any]) -> dict[str, Any]:
        path = str(path_of(row["report_path"] or "", self._reports))
        return {"reasons": reasons_of(row["reasons"]), "report_path": path}


def _values_of(decision: ReviewDecision, stands: VersionRow) -> dict[str, Any]:
    amendments = msgspec.json.encode(decision.amendments).decode()
    return {**msgspec.to_builtins(decision), "amendments": amendments, "base_sha256": stands.base_sha256}
