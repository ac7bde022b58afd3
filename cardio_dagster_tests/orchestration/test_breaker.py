"""Circuit breakers: a dependency that is down is left alone, told of once, tried once in a while, and costs no attempt."""

import errno
import time
import uuid
from datetime import datetime

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from cardio_dagster.errors import (
    CHECKPOINTS,
    DATABASE,
    DISK,
    POLICIES,
    REPORTS,
    DependencyError,
    FailureClass,
    dependency_of,
)
from cardio_dagster.orchestration import breaker, probes, requests, run_health
from cardio_dagster.orchestration.breaker import Breaker, Breakers, breakers_of
from cardio_dagster.orchestration.runs import Died, has_rested, max_runtime_s
from cardio_dagster.stores import atomic
from cardio_dagster.stores.atomic import write_atomically
from cardio_dagster.stores.attempts import MOST, ExcusedAttempts
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster_tests.defs.conftest import install, installation  # noqa: F401
from cardio_dagster_tests.defs.installation import clinical

FAILURE, STARTED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self, monkeypatch):
        self.now_s = 100.0
        monkeypatch.setattr(breaker.time, "monotonic", lambda: self.now_s)


class Dependency:
    """Something that answers or does not, and counts who asks."""

    def __init__(self):
        self.answers, self.asked = True, 0

    def __call__(self):
        self.asked += 1
        if not self.answers:
            raise DependencyError(DATABASE, "OperationalError")


def test_a_breaker_opens_after_so_many_failures_in_a_row_and_probes_once_after_its_rest(monkeypatch):
    clock, database, moves = Clock(monkeypatch), Dependency(), []
    guarded = Breaker(DATABASE, failures=3, reset_s=30.0, moved=lambda m, since: moves.append((m, since)))
    assert guarded.look(database) is None
    database.answers = False
    assert [guarded.look(database).is_open for _ in range(3)] == [False, False, True]
    since = guarded.down.since
    for _ in range(5):
        clock.now_s += 5
        assert guarded.look(database).is_open
    assert database.asked == 4, "it was hammered"
    clock.now_s += 6
    assert guarded.look(database).since == since, "the probe failed, it is open again"
    assert database.asked == 5
    clock.now_s += 31
    database.answers = True
    assert guarded.look(database) is None
    assert guarded.look(database) is None
    assert [m.state for m, _ in moves] == ["open", "half-open", "open", "half-open", "closed"]
    assert {began for _, began in moves} == {since}, "one outage"
    first, _ = moves[0]
    assert (first.dependency, first.failures, first.why) == (DATABASE, 3, "OperationalError")


def test_two_failures_and_a_success_begin_the_count_anew(monkeypatch):
    Clock(monkeypatch)
    database, guarded = Dependency(), Breaker(DATABASE, failures=3, reset_s=30.0, moved=lambda *_: None)
    for answers in (False, False, True, False, False):
        database.answers = answers
        guarded.look(database)
    assert not guarded.is_open


def test_a_clock_that_is_set_back_does_not_keep_it_open(monkeypatch):
    clock, database = Clock(monkeypatch), Dependency()
    guarded = Breaker(DATABASE, failures=1, reset_s=30.0, moved=lambda *_: None)
    database.answers = False
    guarded.look(database)

    class Past(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(1999, 1, 1, tzinfo=tz)

    monkeypatch.setattr("pybreaker.datetime", Past)
    database.answers, clock.now_s = True, clock.now_s + 31
    assert guarded.look(database) is None


def test_what_cannot_be_told_now_is_told_later_once_and_in_order():
    told = []
    many = Breakers({}, failures=3, reset_s=30.0)
    many.trip(DISK, "full")

    def cannot(moved, since):
        raise OSError

    many.tell(cannot)
    many.tell(lambda moved, _: told.append(moved))
    many.tell(lambda moved, _: told.append(moved))
    assert [(m.dependency, m.state, m.why) for m in told] == [(DISK, "open", "full")]


@pytest.mark.parametrize("down", [DATABASE, DISK, CHECKPOINTS, REPORTS])
def test_each_dependency_is_found_out_and_named_without_a_path(down, installation, tmp_path, monkeypatch):  # noqa: F811
    stores = installation.stores
    (tmp_path / "a file").touch()
    if down == DATABASE:
        installation.stores.registry()
        monkeypatch.setattr(
            probes, "connect", lambda url: (_ for _ in ()).throw(probes.sa.exc.OperationalError("", {}, None))
        )
    elif down == DISK:
        monkeypatch.setattr(
            probes.shutil, "disk_usage", lambda _: probes.shutil._ntuple_diskusage(10**12, 10**12, 10**6)
        )
    elif down == CHECKPOINTS:
        stores = stores.model_copy(update={"checkpoints_shown": str(tmp_path / "a file" / "c")})
    else:
        (installation.settings.store_dir / "reports").touch()
    found = Breakers(probes.probes_of(stores), failures=1, reset_s=30.0).look()
    assert (found.dependency, found.is_open) == (down, True)
    assert str(tmp_path) not in str(found)
    assert str(found).startswith(f"{down} is down since 20")


def test_the_sensor_takes_nothing_and_says_why_until_the_dependency_is_back(install, monkeypatch):  # noqa: F811
    site = install(breaker_failures=2, breaker_reset_s=0.05)
    free = [10**6]
    monkeypatch.setattr(probes.shutil, "disk_usage", lambda _: probes.shutil._ntuple_diskusage(10**12, 10**12, free[0]))
    site.drop(clinical(50))
    context = lambda: dg.build_sensor_context(instance=site.instance, resources={"stores": site.stores})  # noqa: E731
    from cardio_dagster.defs.intake import new_study_sensor

    for _ in range(3):
        with context() as held:
            skipped = new_study_sensor(held)
        assert isinstance(skipped, dg.SkipReason)
        assert skipped.skip_message.startswith("disk is down since 20")
    assert site.stores.registry().pending() == ()
    free[0] = 10**12
    time.sleep(0.06)
    assert len(site.tick().run_requests) == 1
    kinds = [(r.kind.value, "open" in r.content or "closed" in r.content) for r in site.stores.ledger().records()]
    assert kinds.count(("breaker.moved", True)) >= 2


def died(site, request, *, event=None):
    tags = {"dagster/run_key": request.run_key, "dagster/partition": request.partition_key, **(event or {})}
    run = create_run_for_test(site.instance, job_name="study", run_id=str(uuid.uuid4()), status=STARTED, tags=tags)
    site.instance.report_dagster_event(
        dg.DagsterEvent(event_type_value="PIPELINE_FAILURE", job_name="study", message="ended"), run.run_id
    )


def test_a_run_that_died_of_a_dependency_is_no_attempt_of_its_study(install, monkeypatch):  # noqa: F811
    site = install(max_attempts=2, breaker_reset_s=0.01)
    monkeypatch.setattr(run_health, "_is_dead", lambda instance, run_id: False)
    monkeypatch.setattr(requests, "has_rested", lambda died, charged: True)
    site.drop(clinical(50))
    (request,) = site.tick().run_requests
    for number in range(3):
        died(site, request, event={"cardio/dependency": CHECKPOINTS})
        assert site.tick().run_requests == [], "asked for in the tick that found it out"
        assert breakers_of(site.stores).down().dependency == CHECKPOINTS
        time.sleep(0.02)
        (request,) = site.tick().run_requests
        assert request.run_key.endswith(f":a{number + 2}")
    died(site, request)
    (request,) = site.tick().run_requests
    died(site, request)
    assert site.tick().run_requests == []
    (row,) = site.releases(request.partition_key)
    assert row.code == "E_RETRIES_001"


def test_a_study_has_only_so_many_excuses(engine):
    excuses = ExcusedAttempts(engine)
    assert [excuses.excuse("s-1", 1, f"k{n}", DISK) for n in range(MOST + 2)] == [True] * MOST + [False] * 2
    assert not excuses.excuse("s-1", 1, "k0", DISK)
    assert (excuses.count("s-1", 1), excuses.count("s-1", 2)) == (MOST, 0)


@pytest.mark.parametrize(("charged", "wait_s"), [(1, 2.0), (2, 8.0)])
def test_a_study_whose_run_was_lost_is_asked_for_after_a_while(charged, wait_s, monkeypatch):
    assert POLICIES[FailureClass.PROCESS_LOST].retry.delay_before(charged + 1) == wait_s
    for age_s, rested in ((wait_s - 0.5, False), (wait_s + 0.5, True), (-3600.0, True)):
        assert has_rested(Died(None, time.time() - age_s, None), charged) is rested


def test_each_further_run_of_a_study_has_half_the_batch(installation):  # noqa: F811
    study_id = installation.intake(clinical(50))
    registry, sizes = installation.stores.registry(), []
    for _ in range(3):
        registry.next_attempt(study_id)
        sizes.append(installation.stores.workplace(installation.row(study_id).study).options.batch_size)
    assert sizes == [8, 4, 2]


def test_a_run_is_ended_by_dagster_after_every_deadline_of_the_pipeline(installation):  # noqa: F811
    installation.drop(clinical(50))
    (request,) = installation.tick().run_requests
    assert request.tags["dagster/max_runtime"] == max_runtime_s(3600, 300) == "4200"
    assert max_runtime_s(0.5, 0.1, rounds=3) == "3"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_no_draft_and_names_neither_path_nor_file(number, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(number, "No space left on device", str(tmp_path))

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space") as raw:
        write_atomically(tmp_path / "x" / "file", b"content")
    assert list((tmp_path / "x").iterdir()) == []
    assert dependency_of(raw.value) == DISK
    with pytest.raises(DependencyError) as told:
        ReportStore(tmp_path / "out").save("s-1", 1, {"report.json": b"{}"})
    assert str(tmp_path) not in str(told.value)
    assert "s-1" in str(told.value)
    assert dependency_of(told.value) == REPORTS


def test_what_a_run_died_of_is_read_from_its_steps(installation, monkeypatch):  # noqa: F811
    from cardio_dagster.stores.checkpoints import ParquetCheckpoints

    def full(self, path, content):
        raise DependencyError(CHECKPOINTS, "no room")

    monkeypatch.setattr(ParquetCheckpoints, "_put", full)
    monkeypatch.setattr("cardio_dagster.orchestration.fan_out.OUTSIDE_POLICY", None)
    study_id = installation.intake(clinical(50))
    result = installation.run(study_id)
    assert not result.success
    run = installation.instance.get_run_by_id(result.run_id)
    assert run_health.dependency_of_run(installation.instance, run) == CHECKPOINTS
    assert installation.row(study_id).finished_at is None
