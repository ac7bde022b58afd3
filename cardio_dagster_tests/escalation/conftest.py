"""A desk on a database of each kind, and receivers."""

import pytest

from cardio_dagster.audit_record import Actor, ActorKind
from cardio_dagster.escalation.sending import Desk
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster_tests.escalation.notices import DEFAULT, KEY, Clock
from cardio_dagster_tests.escalation.receivers import mail_server, webhook


@pytest.fixture
def hook():
    with webhook() as receiver:
        yield receiver


@pytest.fixture
def mails():
    with mail_server() as receiver:
        yield receiver


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def engine(request):
    """Return an engine on a new SQLite database; of a test that asks for `database_url` on PostgreSQL as well."""
    both = "database_url" in request.fixturenames
    engine = connect(request.getfixturevalue("database_url" if both else "sqlite_url"))
    create_tables(engine)
    return engine


@pytest.fixture
def desk(engine, tmp_path, clock):
    ledger = Ledger(engine, KEY)
    ledger.append()  # opens it
    return Desk(
        engine=engine,
        ledger=ledger,
        policy=DEFAULT,
        folder=tmp_path / "notices",
        actor=Actor(ActorKind.SENSOR, "escalation_sensor"),
        clock=clock,
    )
