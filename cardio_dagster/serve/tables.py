"""Make databases and tables before the services start: `python -m cardio_dagster.serve.tables [DATABASE ...]`.

Belongs here: what must be there once. With names given, these databases and that of CARDIO_DATABASE_URL are
created where missing, which the embedded PostgreSQL needs. Not here: Dagster's own tables
(orchestration/prepare_instance.py).
"""

import sys

import sqlalchemy as sa

from cardio_dagster.settings import settings
from cardio_dagster.stores.database import connect, create_tables


def main(databases: list[str]) -> None:
    """Create what is missing; raises sqlalchemy.exc.SQLAlchemyError where the database refuses."""
    if databases:
        ours = sa.make_url(settings().database)
        _create(ours, [*databases, str(ours.database)])
    create_tables(connect(settings().database))


def _create(url: sa.URL, names: list[str]) -> None:
    engine = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        there = set(connection.execute(sa.text("SELECT datname FROM pg_database")).scalars())
        for name in names:
            if name not in there:
                connection.execute(sa.text(f'CREATE DATABASE "{name}"'))


if __name__ == "__main__":
    main(sys.argv[1:])
