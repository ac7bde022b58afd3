"""Outages: each move of a breaker is in the ledger, and people are told of an outage once, however often it is tried."""

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import dagster as dg
import pytest
import sqlalchemy as sa

from cardio_dagster.audit_contents import BreakerMoved
from cardio_dagster.audit_record import Kind
from cardio_dagster.errors import CHECKPOINTS, DATABASE, REPORTS
from cardio_dagster.orchestration import outages, probes
from cardio_dagster.orchestration.breaker import Breakers, breakers_of
from cardio_dagster.orchestration.outages import record_move
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import Ledger, decode
from cardio_dagster.stores.notices import NoticeStore
from cardio_dagster_tests.defs.conftest import install  # noqa: F401

OPENED = BreakerMoved(DATABASE, "open", 3, "OperationalError")
SINCE = "2026-11-22T10:00:00+00:00"


@pytest.fixture
def site(install):  # noqa: F811
    """Return an installation whose breakers open at the second failure and try again at once."""
    return install(breaker_failures=2, breaker_reset_s=0.01)


@pytest.fixture
def disk(monkeypatch):
    """Return the free bytes of a disk of 1 TB, to be changed."""
    free = [10**12]
    usage = probes.shutil._ntuple_diskusage
    monkeypatch.setattr(probes.shutil, "disk_usage", lambda _: usage(10**12, 10**12 - free[0], free[0]))
    return free


def tick(site):
    """Look once, as the sensor does, and tell what moved."""
    found = breakers_of(site.stores)
    try:
        return found.look()
    finally:
        found.tell(partial(record_move, stores=site.stores))


def raised(site):
    return [decode(r).cause for r in site.stores.ledger().records(kinds=(Kind.NOTICE_RAISED,))]


def moves(site):
    return [decode(r).state for r in site.stores.ledger().records(kinds=(Kind.BREAKER_MOVED,))]


def answer(site):
    """Acknowledge every open notice: somebody looks after it."""
    engine = connect(site.stores.database_url)
    store = NoticeStore(engine)
    with engine.begin() as connection:
        for notice in store.open():
            store.acknowledge(notice.notice_id, by="ops", role="operator", now=datetime.now(UTC), connection=connection)
    assert store.open() == ()


def test_a_disk_below_its_floor_is_told_once_answered_or_not(site, disk):
    disk[0] = 10**6
    tick(site)
    assert raised(site) == [], "one failure is no outage"
    tick(site)
    (notice,) = NoticeStore(connect(site.stores.database_url)).open()
    assert (notice.causes[0].code, notice.subject, notice.study_id) == ("DISK_LOW", "store", None)
    answer(site)
    for _ in range(3):
        time.sleep(0.011)
        assert tick(site).is_open
    disk[0] = 10**12
    time.sleep(0.011)
    assert tick(site) is None
    assert moves(site) == ["open", *["half-open", "open"] * 3, "half-open", "closed"]
    assert raised(site) == ["DISK_LOW"]


def test_the_sensor_itself_tells_of_an_outage(site, disk):
    from cardio_dagster.defs.intake import new_study_sensor

    disk[0] = 10**6
    for _ in range(4):
        with dg.build_sensor_context(instance=site.instance, resources={"stores": site.stores}) as context:
            assert isinstance(new_study_sensor(context), dg.SkipReason)
    assert raised(site) == ["DISK_LOW"]


def test_a_dependency_that_is_down_is_told_and_so_is_its_next_outage(site):
    record_move(OPENED, SINCE, stores=site.stores)
    answer(site)
    record_move(OPENED, SINCE, stores=site.stores)
    assert raised(site) == ["BREAKER_OPEN"]
    for state in ("half-open", "closed"):
        record_move(BreakerMoved(DATABASE, state, 0), SINCE, stores=site.stores)
    assert raised(site) == ["BREAKER_OPEN"]
    later = (datetime.fromisoformat(SINCE) + timedelta(hours=1)).isoformat()
    record_move(OPENED, later, stores=site.stores)
    assert raised(site) == ["BREAKER_OPEN"] * 2


@pytest.mark.parametrize("store", [CHECKPOINTS, REPORTS])
def test_a_store_on_a_full_disk_is_one_outage_and_not_two(store, site, disk):
    disk[0] = 10**6
    breakers_of(site.stores).trip(store, "a run gave it up")
    for _ in range(3):
        tick(site)
    assert raised(site) == ["DISK_LOW"]


@pytest.mark.parametrize("store", [CHECKPOINTS, REPORTS])
def test_a_store_that_is_down_by_itself_is_named(store, site, disk):
    breakers_of(site.stores).trip(store, "a run gave it up")
    tick(site)
    assert raised(site) == ["BREAKER_OPEN"]


def test_while_the_database_is_down_nothing_is_lost_or_told_twice(site, monkeypatch):
    many = Breakers({}, failures=1, reset_s=30.0)
    many.trip(DATABASE, "OperationalError")

    def refused(url):
        raise sa.exc.OperationalError("", {}, Exception("refused"))

    with monkeypatch.context() as down:
        down.setattr(outages, "connect", refused)
        many.tell(partial(record_move, stores=site.stores))
    assert (moves(site), raised(site)) == ([], [])
    for _ in range(2):
        many.tell(partial(record_move, stores=site.stores))
    assert (moves(site), raised(site)) == (["open"], ["BREAKER_OPEN"])


def test_record_and_notice_stand_together_or_not_at_all(site, monkeypatch):
    def cut(self, *entries, connection=None):
        raise ConnectionError("cut")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "append", cut)
        with pytest.raises(ConnectionError, match="cut"):
            record_move(OPENED, SINCE, stores=site.stores)
    assert NoticeStore(connect(site.stores.database_url)).open() == ()
    record_move(OPENED, SINCE, stores=site.stores)
    assert (moves(site), raised(site)) == (["open"], ["BREAKER_OPEN"])
