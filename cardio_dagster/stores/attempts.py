"""Excused attempts: runs of a study that died of something that all studies need, and so do not count against it.

Belongs here: which runs these were. Not here: counting attempts (studies.py) or telling why a run died (orchestration/).
"""

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cardio_dagster.stores.database import metadata, reading

excused_attempts = sa.Table(
    "excused_attempts",
    metadata,
    sa.Column("study_id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("run_key", sa.String(128), primary_key=True),
    sa.Column("dependency", sa.String(64), nullable=False),
)
MOST = 20  # of one revision: a study that breaks what others do not is no victim of it


class ExcusedAttempts:
    """The excused attempts of all studies in one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def excuse(self, study_id: str, revision: int, run_key: str, dependency: str) -> bool:
        """Note that a run died of a dependency; return False if that is known already, or if the study has no excuse left."""
        table = excused_attempts
        mine = (table.c.study_id == study_id) & (table.c.revision == revision)
        values = {"study_id": study_id, "revision": revision, "run_key": run_key, "dependency": dependency}
        with self._engine.begin() as connection:
            known = set(connection.execute(sa.select(table.c.run_key).where(mine)).scalars())
            if run_key in known or len(known) >= MOST:
                return False
            connection.execute(sa.insert(table), values)
        return True

    def count(self, study_id: str, revision: int) -> int:
        """Return how many attempts of a revision do not count against it."""
        table = excused_attempts
        mine = (table.c.study_id == study_id) & (table.c.revision == revision)
        with reading(self._engine) as connection:
            return int(connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one())
