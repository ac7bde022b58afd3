"""Waiting: how long an append to the ledger would wait for its turn at this moment.

Belongs here: taking the lock of the ledger's end and giving it back at once. Not here: appending (stores/ledger/).
"""

import time

import sqlalchemy as sa

from cardio_dagster.stores.ledger.tables import head

_LOCKED = sa.select(head.c.seq).with_for_update()


def append_wait_s(engine: sa.Engine) -> float | None:
    """Return the seconds until the end of the ledger was ours; None where it was not within the engine's time-out.

    On SQLite the lock is that of the whole database, as it is for an append.
    """
    started = time.perf_counter()
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.exec_driver_sql("ROLLBACK")
            else:  # every statement commits by itself, so the lock is gone as soon as it was had
                connection.execute(_LOCKED)
    except sa.exc.DBAPIError:
        return None
    return time.perf_counter() - started
