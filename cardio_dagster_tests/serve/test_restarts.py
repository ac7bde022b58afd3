"""What the supervisor started again is in the ledger, once, whenever the database takes it."""

import json
import os
import signal
import sys

import pytest

from cardio_dagster.audit_record import Kind
from cardio_dagster.serve import restarts as module
from cardio_dagster.serve.restarts import Restart, Restarts, record
from cardio_dagster.serve.state import running
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import Ledger, decode
from cardio_dagster.stores.site_key import held_key
from cardio_dagster_tests.serve.fakes import phase, site_in, stays, supervise, wait_until


def recorded(data_dir):
    chosen = Settings(data_dir=data_dir)
    ledger = Ledger(connect(chosen.database), held_key(chosen.store_dir, None))
    return [(r.actor, decode(r)) for r in ledger.records(kinds=[Kind.SERVICE_RESTARTED])]


def is_begun(data_dir):
    """Return whether a ledger was begun; its tables are made in one transaction before the site's key."""
    return (data_dir / "store" / "site.key").exists()


def child(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


def finish(restarts: Restarts) -> None:
    wait_until(lambda: (restarts.go_on(), not restarts._waiting and restarts._process is None)[1], "recorded")


def test_a_killed_service_is_in_the_ledger(tmp_path, clean_environment):
    site = site_in(tmp_path)
    process = supervise(site, stays("one"))
    wait_until(lambda: phase(site) == "up", "up", 120)
    os.kill(running(site.data_dir)["pids"]["one"], signal.SIGKILL)
    made = wait_until(lambda: is_begun(site.data_dir) and recorded(site.data_dir), "recorded", 120)
    process.terminate()
    assert process.wait(60) == 0
    ((actor, told),) = made
    assert (actor, told.service, told.how, told.restarts) == ("service:supervisor", "one", "signal SIGKILL", 1)


def test_sent_twice_it_is_recorded_once(tmp_path, clean_environment):
    clean_environment.setenv("CARDIO_DATA_DIR", str(tmp_path / "data"))
    told = {"service": "daemon", "how": "exit code 1", "restarts": 1, "ended_at": "2026-11-20T03:00:00.000+00:00"}
    record(json.dumps([told]))
    record(json.dumps([told, {**told, "restarts": 2, "ended_at": "2026-11-20T03:00:09.000+00:00"}]))
    assert [c.restarts for _, c in recorded(tmp_path / "data")] == [1, 2]


def test_what_a_dead_database_did_not_take_is_sent_again_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "AGAIN_S", 0.0)
    seen, flag = tmp_path / "seen", tmp_path / "down"
    flag.touch()
    script = f"import os, sys; t = sys.stdin.read(); sys.exit(1) if os.path.exists({str(flag)!r}) else open({str(seen)!r}, 'w').write(t)"
    restarts = Restarts(dict(os.environ), child(script))
    restarts.add("postgres", "signal SIGKILL", 1)
    restarts.go_on()
    restarts._process.wait()
    restarts.add("gateway", "exit code 1", 1)
    restarts._ended(1)
    flag.unlink()
    finish(restarts)
    assert [one["service"] for one in json.loads(seen.read_text())] == ["postgres", "gateway"]


def test_a_recording_that_hangs_keeps_nobody_waiting(caplog):
    restarts = Restarts(dict(os.environ), child("import time; time.sleep(600)"))
    restarts.add("daemon", "exit code 1", 1)
    restarts.go_on()
    process = restarts._process
    restarts.go_on()
    assert restarts._process is process
    restarts.finish(0.2)
    assert process.poll() == -signal.SIGKILL
    assert "not in the ledger: daemon ended at" in caplog.text


def test_a_process_that_reads_nothing_is_no_harm():
    restarts = Restarts(dict(os.environ), child("import os; os._exit(3)"))
    restarts._waiting = [Restart("x" * 1000, "exit code 1", n, "t") for n in range(1000)]
    restarts.go_on()
    restarts._process.wait()
    restarts.go_on()
    assert len(restarts._waiting) == 1000


@pytest.mark.parametrize("number", [module.MOST, module.MOST + 5])
def test_no_more_is_kept_than_fits(number):
    restarts = Restarts({})
    for one in range(number):
        restarts.add("x", "exit code 1", one)
    assert len(restarts._waiting) == module.MOST
    assert restarts._waiting[-1].restarts == number - 1
