"""What is said of each part when it is down, hangs or lies."""

import io
import json
import multiprocessing
import os
import shutil
import signal
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from dagster._core.scheduler.instigation import TickStatus
from rich.console import Console

from cardio_dagster.commands.health import print_health, show_health
from cardio_dagster.models.catalogue import SHIPPED_CATALOGUE
from cardio_dagster.settings import Settings, WatchSettings, forget_settings
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import anchor_day
from cardio_dagster.stores.notices.tables import notices
from cardio_dagster.stores.study_tables import PRIORITY_RANK, studies
from cardio_dagster.stores.workers import WorkerBeat, write_beat
from cardio_dagster.study import Priority
from cardio_dagster.watch.asking import Asker
from cardio_dagster.watch.checks.dagsters import DAEMONS
from cardio_dagster.watch.health import Watch, health
from cardio_dagster.watch.limits import Bounds, Limits
from cardio_dagster.watch.moments import now, text_of
from cardio_dagster.watch.place import place_of
from cardio_dagster.watch.words import CHECKS, Level
from cardio_dagster_tests.cluster.harness import RedisServer
from cardio_dagster_tests.watch.conftest import ACCESS, beat, tick

PATIENT = Limits(timeout_s=20.0)  # on a busy machine slowness is not what these tests are about


def check(place, name, limits=PATIENT):
    found = health(place, limits).check(name)
    assert found is not None
    return found


def test_all_is_well(place):
    found = health(place, PATIENT)
    assert {c.name: (c.level, c.cure) for c in found.checks if c.level is not Level.OK or c.cure} == {}
    assert (found.level, found.is_serving) == (Level.OK, True)
    names = [c.name for c in found.checks]
    assert names == [name for name in CHECKS if name not in {"broker", "workers"}]


def test_lost_database_is_dead_and_no_empty_one_is_made(place):
    connect(place.settings.database).dispose()
    for path in place.settings.store_dir.glob("cardio.db*"):
        path.unlink()
    found = health(place, PATIENT)
    assert found.check("database").level is Level.DEAD
    assert not found.is_serving
    assert found.check("queue_age").level is Level.DEGRADED  # nothing is known of it, which is not well
    assert list(place.settings.store_dir.glob("cardio.db*")) == []


@pytest.mark.parametrize(("ago_s", "level"), [(60, Level.OK), (80, Level.DEGRADED), (140, Level.DEAD)])
def test_daemon_is_judged_by_the_age_of_its_own_heartbeat(place, home, ago_s, level):
    beat(home, "SCHEDULER", ago_s=ago_s)
    found = check(place, "daemon")
    assert found.level is level
    if level is not Level.OK:
        assert "SCHEDULER" in found.seen
        assert "SENSOR" not in found.seen
        assert abs(_ago_s(found.since) - ago_s) < 5


def _ago_s(since):
    from datetime import datetime

    return (now() - datetime.fromisoformat(since)).total_seconds()


def test_daemon_that_was_never_heard_of_is_dead(settings, ledger, home):
    for name in DAEMONS[:-1]:
        beat(home, name)
    found = check(place_of(settings, queues=()), "daemon")
    assert (found.level, found.seen) == (Level.DEAD, f"never heard of: {DAEMONS[-1]}")


def _beat_for_ever(instance, said):
    while True:
        for name in DAEMONS:
            beat(instance, name)
        said.send("beat")
        time.sleep(0.5)  # it is stopped here, and not while it holds the database


def test_daemon_that_hangs_counts_as_dead_although_its_process_is_alive(place, home):
    watch = Watch(place, Limits(timeout_s=20.0, kept_s=0.0, heartbeat=Bounds(3.0, 4.0)))
    heard, said = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_beat_for_ever, args=(home, said), daemon=True)
    process.start()
    try:
        heard.recv()
        assert watch.health().check("daemon").level is Level.OK
        heard.recv()
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(4.1)
        assert process.is_alive()  # to whoever only looks at the process
        found = watch.health()
        assert found.check("daemon").level is Level.DEAD
        assert "silent" in found.check("daemon").seen
        assert not found.is_serving
        while heard.poll():
            heard.recv()
        os.kill(process.pid, signal.SIGCONT)
        for _ in range(3):
            heard.recv()
        assert watch.health().check("daemon").level is Level.OK
    finally:
        process.kill()
        process.join()


@pytest.mark.parametrize(
    ("statuses", "level"),
    [
        (["FAILURE", "SUCCESS"], Level.OK),
        (["SUCCESS", "FAILURE"], Level.DEGRADED),
        (["FAILURE", "STARTED"], Level.DEGRADED),
        (["FAILURE", "FAILURE", "FAILURE"], Level.DEAD),
    ],
)
def test_sensor_that_fails(place, home, statuses, level):
    tick(home, "review_sensor", *(TickStatus[s] for s in statuses))
    found = check(place, "sensors")
    assert found.level is level
    assert level is Level.OK or "review_sensor" in found.seen


@pytest.mark.parametrize(("ago_s", "level"), [(60, Level.OK), (100, Level.DEGRADED), (400, Level.DEAD)])
def test_sensor_that_does_not_tick(place, home, ago_s, level):
    tick(home, "review_sensor", TickStatus.SUCCESS, ago_s=ago_s)
    assert check(place, "sensors").level is level


def test_sensor_that_is_turned_off(place, home):
    tick(home, "review_sensor", TickStatus.SUCCESS, is_on=False)
    found = check(place, "sensors")
    assert (found.level, found.seen) == (Level.DEGRADED, "review_sensor is turned off")


def test_code_server_that_is_gone(place, monkeypatch):
    monkeypatch.setenv("CARDIO_CODE_SERVER", "127.0.0.1:1")
    forget_settings()
    assert check(place_of(place.settings, queues=()), "code_server").level is Level.DEAD


@pytest.mark.parametrize("priority", list(Priority))
def test_oldest_open_study_is_judged_by_its_priority(place, priority):
    bounds, engine = PATIENT.queue_age(priority), connect(place.settings.database)
    row = {"study_id": "s-1", "revision": 1, "source": "x", "priority_rank": PRIORITY_RANK[priority], "attempt": 0}
    for waits_s, level in ((0.5, Level.OK), (bounds.degraded + 5, Level.DEGRADED), (bounds.dead + 5, Level.DEAD)):
        received_at = text_of(now() - timedelta(seconds=waits_s))
        with engine.begin() as connection:
            connection.execute(sa.delete(studies))
            connection.execute(sa.insert(studies), {**row, "received_at": received_at})
        found = health(place, PATIENT)
        assert found.check("queue_age").level is level
        assert found.is_serving  # an old study is no reason to refuse a new one
        assert level is Level.OK or found.check("queue_age").since == received_at


@pytest.mark.parametrize(("overdue_s", "level"), [(-60, Level.OK), (60, Level.DEGRADED), (4000, Level.DEAD)])
def test_notice_that_nobody_acknowledges(place, overdue_s, level):
    due_at = text_of(now() - timedelta(seconds=overdue_s))
    values = {"notice_id": "n", "audience": "clinical", "impact": "critical", "impact_rank": 3, "code": "X", "level": 0}
    more = {"causes": "[]", "raised_at": due_at, "state": "open", "role": "r", "due_at": due_at}
    with connect(place.settings.database).begin() as connection:
        connection.execute(sa.insert(notices), {**values, **more})
    found = check(place, "notices")
    assert found.level is level
    assert "1 critical open" in found.seen


def test_changed_last_record_and_forged_end_are_seen(place, ledger):
    ledger.append(ACCESS)
    with connect(place.settings.database).begin() as connection:
        for name in connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type='trigger'")).scalars().all():
            connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
        connection.execute(sa.text("UPDATE ledger SET actor = 'person:x' WHERE seq = (SELECT max(seq) FROM ledger)"))
    assert check(place, "ledger").seen == "its last record was changed"
    with connect(place.settings.database).begin() as connection:
        connection.execute(sa.text("DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)"))
    assert check(place, "ledger").seen == "its end names another last record than there is"
    with connect(place.settings.database).begin() as connection:
        connection.execute(sa.text("UPDATE ledger_head SET seq = seq - 1"))
    found = check(place, "ledger")
    assert (found.level, found.seen) == (Level.DEAD, "its end was not written with this site's key")


def test_late_anchor_is_told_and_does_not_stop_the_house(place, ledger):
    def after(days):
        return Watch(place, PATIENT, clock=lambda: now() + timedelta(days=days)).health().check("ledger")

    assert after(1).level is Level.OK
    assert after(4).level is Level.DEGRADED
    ledger.now = lambda: text_of(now() + timedelta(days=1))
    ledger.append(ACCESS)
    anchor_day(ledger, now().date(), place.settings.anchors)
    assert after(2).level is Level.OK
    shutil.rmtree(place.settings.anchors)
    assert "file is gone" in after(2).seen


def test_clock_that_was_set_back_is_seen_in_the_ledger(place, ledger):
    found = Watch(place, PATIENT, clock=lambda: now() - timedelta(hours=1)).health().check("ledger")
    assert found.level is Level.DEGRADED
    assert "ahead of this machine's clock" in found.seen


def test_changed_and_missing_model_files_are_named(place, tmp_path):
    folder = tmp_path / "models"
    shutil.copytree(SHIPPED_CATALOGUE.parent, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    chosen = Settings(data_dir=place.settings.data_dir, model_catalogue=folder / "catalogue.toml")
    first, second = sorted(folder.rglob("*.onnx"))[:2]
    other = place_of(chosen, queues=())
    assert check(other, "models").level is Level.OK
    first.write_bytes(first.read_bytes()[:-1] + b"x")  # the same size
    second.unlink()
    found = check(other, "models")
    assert found.level is Level.DEAD
    assert found.seen.count("E_HARD_003") == 1
    assert "is missing" in found.seen


def test_disk_without_room_or_inodes(place, monkeypatch):
    real = os.statvfs(place.settings.data_dir)

    def left(**changed):
        names = [n for n in dir(real) if n.startswith("f_")]
        fake = type("Room", (), {n: getattr(real, n) for n in names} | changed)
        monkeypatch.setattr(os, "statvfs", lambda _: fake)
        return check(place, "disk").level

    roomy = {"f_bavail": 2**40, "f_blocks": 2**40, "f_frsize": 4096, "f_files": 1000, "f_favail": 900}
    assert left(**roomy) is Level.OK
    assert left(**roomy | {"f_favail": 50}) is Level.DEGRADED
    assert left(**roomy | {"f_favail": 5}) is Level.DEAD
    assert left(**roomy | {"f_files": 0, "f_favail": 0}) is Level.OK  # a file system without inodes
    assert left(**roomy | {"f_bavail": 1}) is Level.DEAD


@pytest.fixture
def redis_server(tmp_path):
    server = RedisServer(tmp_path / "redis", kept=False).start()
    yield server
    server.process.kill(signal.SIGCONT)
    server.stop()


def test_broker_and_workers(place, redis_server, monkeypatch):
    monkeypatch.setenv("CARDIO_BROKER_URL", redis_server.url)
    forget_settings()
    here = place_of(place.settings, queues=("stat", "routine", "backfill"))
    assert (check(here, "broker").level, check(here, "workers").level) == (Level.OK, Level.DEAD)
    life = WorkerBeat("l", "w@h", ("stat", "routine"), 2, "elsewhere", 1, time.time())
    write_beat(redis_server.client(), life)
    assert check(here, "workers").level is Level.DEGRADED
    write_beat(redis_server.client(), WorkerBeat("m", "v@h", ("backfill",), 1, "elsewhere", 1, time.time()))
    assert check(here, "workers").level is Level.OK
    stat_is_gone = place_of(place.settings, queues=("urgent", "routine"))
    assert check(stat_is_gone, "workers").level is Level.DEAD
    redis_server.process.kill(signal.SIGSTOP)
    started = time.monotonic()
    watch = Watch(here, Limits(timeout_s=1.0, kept_s=0.0))
    assert watch.health().check("broker").level is Level.DEAD
    assert time.monotonic() - started < 20.0  # the client itself would wait for ever
    started = time.monotonic()
    watch.health()
    assert time.monotonic() - started < 20.0  # the client itself would wait for ever


def test_a_question_that_hangs_is_not_asked_again_and_holds_nobody_up():
    asker, hold, asked = Asker(0.1), threading.Event(), []

    def hangs():
        asked.append(1)
        hold.wait(10)
        return 1

    started = time.monotonic()
    for _ in range(3):
        found = asker.ask({"a": hangs, "b": lambda: 2})
        assert isinstance(found["a"], TimeoutError)
        assert found["b"] == 2
    assert time.monotonic() - started < 1.0
    assert len(asked) == 1
    hold.set()
    time.sleep(0.05)
    assert asker.ask({"a": hangs})["a"] == 1


def test_one_look_serves_all_who_ask_within_its_time(place, home):
    watch = Watch(place, PATIENT)
    first = watch.health()
    beat(home, "SENSOR", ago_s=1000)
    assert watch.health() is first


def test_since_is_the_first_look_that_saw_it_so(place):
    moments = iter([now() + timedelta(seconds=n) for n in range(4)])
    watch = Watch(place, Limits(timeout_s=20.0, kept_s=0.0), clock=lambda: next(moments))
    shares = [watch.health().check("disk").since for _ in range(2)]
    assert shares[0] == shares[1]


def test_cached_look_is_quick(place):
    watch = Watch(place, Limits(timeout_s=20.0, kept_s=0.0))
    watch.health()
    took = []
    for _ in range(5):
        started = time.perf_counter()
        watch.health()
        took.append(time.perf_counter() - started)
    assert min(took) < 0.2


def test_nothing_secret_is_told(place, monkeypatch, tmp_path):
    monkeypatch.setenv("CARDIO_BROKER_URL", "redis://:hunter2@127.0.0.1:1/0")
    monkeypatch.setenv("CARDIO_DAGSTER_DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/dagster")
    forget_settings()
    found = health(place_of(place.settings, queues=("stat",)), PATIENT)
    told = " ".join(f"{c.seen} {c.cure}" for c in found.checks)
    assert "hunter2" not in told
    assert str(tmp_path) not in told
    assert (found.check("broker").level, found.check("daemon").level) == (Level.DEAD, Level.DEAD)


def test_postgres_and_its_clock(place, postgres_url, home):
    from cardio_dagster.stores.database import create_tables

    create_tables(connect(postgres_url))
    there = place_of(Settings(data_dir=place.settings.data_dir, database_url=postgres_url), queues=())
    found = health(there, PATIENT)
    assert found.check("database").level is Level.OK
    assert "apart from the database's" in found.check("clock").seen
    assert found.check("clock").level is Level.OK


def test_command_says_it_in_words_and_by_its_exit_code(place, home, capsys):
    assert show_health(place.settings, as_json=True) in {0, 1, 2}
    assert {c["name"] for c in json.loads(capsys.readouterr().out)["checks"]} >= {"database", "daemon"}
    beat(home, "SENSOR", ago_s=1000)
    console = Console(width=80, record=True, file=io.StringIO())
    print_health(health(place, PATIENT), console)
    text = console.export_text()
    assert "It does not work." in text
    assert CHECKS["daemon"].cure.split(";")[0] in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_site_chooses_its_own_thresholds(place):
    impossible = Limits(timeout_s=20.0, site=WatchSettings(disk_low_mb=1e9, disk_full_mb=0))
    assert check(place, "disk", impossible).level is Level.DEGRADED
    assert (
        check(place, "disk", Limits(timeout_s=20.0, site=WatchSettings(disk_low_mb=1e9, disk_full_mb=1e9))).level
        is Level.DEAD
    )


def test_the_thresholds_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("CARDIO_WATCH_STAT_LATE_S", "7")
    forget_settings()
    assert Limits().queue_age(Priority.STAT) == Bounds(7, 300)
