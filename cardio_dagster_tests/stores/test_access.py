"""Keys: what opens, what does not, and that nothing at rest opens anything."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.stores.access import SESSION_S, AccessError, AccessStore, Role, keys, sessions
from cardio_dagster.stores.database import connect, create_tables

SITE_KEY = b"k" * 32


class Clock:
    def __init__(self):
        self.at = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> str:
        return self.at.isoformat(timespec="milliseconds")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(engine, clock):
    return AccessStore(engine, SITE_KEY, clock=clock)


def test_key_opens_as_what_it_was_made_for(store):
    key = store.add("mk", Role.REVIEWER, days=1)
    caller = store.check(key)
    assert (caller.name, caller.role, caller.csrf) == ("mk", Role.REVIEWER, None)


def test_key_ends_with_its_days(store, clock):
    key = store.add("mk", Role.READER, days=2)
    clock.at += timedelta(days=2, milliseconds=-1)
    assert store.check(key)
    clock.at += timedelta(milliseconds=1)
    assert store.check(key) is None


def test_revoked_key_and_its_sessions_open_nothing_more(store):
    key = store.add("mk", Role.READER, days=2)
    session = store.open_session(store.check(key))
    assert store.check_session(session)
    assert store.revoke("mk")
    assert not store.revoke("mk")
    assert store.check(key) is None
    assert store.check_session(session) is None


def test_session_ends_by_itself_and_with_a_logout(store, clock):
    caller = store.check(store.add("mk", Role.READER, days=2))
    first, second = store.open_session(caller), store.open_session(caller)
    assert store.check_session(first).csrf != store.check_session(second).csrf
    store.close_session(first)
    assert store.check_session(first) is None
    clock.at += timedelta(seconds=SESSION_S)
    assert store.check_session(second) is None


def test_session_ends_with_its_key(store, clock):
    session = store.open_session(store.check(store.add("mk", Role.READER, days=0.1)))
    clock.at += timedelta(days=0.1)
    assert store.check_session(session) is None


def test_nothing_at_rest_opens_anything(store, engine):
    key = store.add("mk", Role.ADMIN, days=1)
    session = store.open_session(store.check(key))
    secret = key.split("_", 2)[2]
    with engine.connect() as connection:
        rows = [*connection.execute(sa.select(keys)), *connection.execute(sa.select(sessions))]
    at_rest = [str(value) for row in rows for value in row]
    assert not [v for v in at_rest if secret in v or session in v]
    key_id = key.split("_")[1]
    for value in at_rest:
        assert store.check(value) is None
        assert store.check(f"cardio_{key_id}_{value[:43].ljust(43, 'A')}") is None
        assert store.check_session(value) is None


def test_another_sites_key_opens_nothing(store, engine):
    key = store.add("mk", Role.ADMIN, days=1)
    assert AccessStore(engine, b"x" * 32).check(key) is None


def test_name_is_never_used_twice(store):
    store.add("mk", Role.READER, days=1)
    store.revoke("mk")
    with pytest.raises(AccessError, match="never used twice"):
        store.add("mk", Role.ADMIN, days=1)


@pytest.mark.parametrize("name", ["", "Ä", "a b", "A", "../x", "a" * 64, "-a", "a\n"])
def test_refused_names(store, name):
    with pytest.raises(AccessError, match="name of a key"):
        store.add(name, Role.READER, days=1)


@pytest.mark.parametrize("days", [0, -1, 3651, float("nan"), float("inf")])
def test_refused_days(store, days):
    with pytest.raises(AccessError, match="days"):
        store.add("mk", Role.READER, days=days)


def test_last_use_is_kept_to_the_minute(store, clock):
    key = store.add("mk", Role.READER, days=1)
    assert store.rows()[0].last_used_at is None
    store.check(key)
    first = store.rows()[0].last_used_at
    clock.at += timedelta(seconds=59)
    store.check(key)
    assert store.rows()[0].last_used_at == first
    clock.at += timedelta(seconds=1)
    store.check(key)
    assert store.rows()[0].last_used_at == clock()


@pytest.fixture(scope="module")
def one_key(tmp_path_factory):
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('access') / 'a.db'}")
    create_tables(engine)
    store = AccessStore(engine, SITE_KEY)
    return store, store.add("mk", Role.READER, days=1)


@given(st.data())
def test_key_with_any_character_changed_opens_nothing(one_key, data):
    store, key = one_key
    place = data.draw(st.integers(0, len(key) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != key[place]))
    assert store.check(key[:place] + other + key[place + 1 :]) is None
