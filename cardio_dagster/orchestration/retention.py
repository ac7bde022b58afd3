"""What the monthly look at the retention does: counting, never removing.

Belongs here: the archive of an installation as its Dagster resource names it. Not here: the rules (audit/retention/).
"""

from datetime import UTC, datetime
from pathlib import Path

from cardio_dagster.audit.retention import Archive, Survey, limit_of, survey
from cardio_dagster.audit.retention.stored import StorePlaces
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.stores.database import connect, create_tables


def count_due(stores: Stores, now: datetime | None = None) -> Survey:
    """Count what is past its retention at `now` (the present if None); changes nothing."""
    engine = connect(stores.database_url)
    create_tables(engine)
    archive = Archive(engine, stores.ledger(), StorePlaces(Path(stores.store_dir), stores.checkpoint_url))
    return survey(archive, limit_of(now or datetime.now(UTC), stores.retention_years))
