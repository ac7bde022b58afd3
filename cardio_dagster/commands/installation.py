"""Opening an installation that is there: a command that asks or decides never begins one.

Belongs here: database and ledger of what the settings name. Not here: making an installation, which intake does.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from cardio_dagster.errors import SettingsError
from cardio_dagster.settings import Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from cardio_dagster.stores.ledger import Ledger

_NEEDED = "ledger"


def open_database(chosen: Settings) -> "sa.Engine":
    """Return the database of an installation; tables that a newer version added are made.

    Raises SettingsError where no study was ever taken in: an empty answer would look like an all-clear.
    """
    import sqlalchemy as sa

    from cardio_dagster.stores.database import connect, create_tables
    from cardio_dagster.stores.schema import MODULES

    url = sa.make_url(chosen.database)
    nothing = SettingsError(
        "no studies are kept here; set CARDIO_DATA_DIR (and CARDIO_DATABASE_URL) to those of the installation"
    )
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise nothing
    engine = connect(chosen.database)
    tables = set(sa.inspect(engine).get_table_names())
    if _NEEDED not in tables:
        raise nothing
    if not {t.name for t in MODULES[0].metadata.tables.values()} <= tables:
        create_tables(engine)
    return engine


def open_ledger(chosen: Settings) -> "Ledger":
    """Return the ledger of an installation with the key that it has; raises SettingsError where either is missing."""
    from cardio_dagster.stores.ledger import Ledger
    from cardio_dagster.stores.site_key import held_key

    key = held_key(chosen.store_dir, chosen.site_key)
    return Ledger(open_database(chosen), key)


def begin_ledger(chosen: Settings) -> "Ledger":
    """Return the ledger of an installation, begun where there is none: a model may be promoted before the first study."""
    from cardio_dagster.stores.database import connect, create_tables
    from cardio_dagster.stores.ledger import Ledger
    from cardio_dagster.stores.site_key import site_key

    engine = connect(chosen.database)
    create_tables(engine)
    return Ledger(engine, site_key(chosen.store_dir, chosen.site_key))
