"""The monitor: what one frame tells, in 80 columns, without colour, and how it ends."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace

import sqlalchemy as sa
from rich.console import Console

from cardio_dagster.audit_contents import ErrorMet, ReportClosed
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.commands.monitor import Frame, drawn, run_monitor
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.notices.tables import notices
from cardio_dagster.stores.study_tables import studies
from cardio_dagster.watch.counts import Counts
from cardio_dagster.watch.health import health
from cardio_dagster.watch.limits import Limits
from cardio_dagster.watch.moments import now, text_of
from cardio_dagster.watch.recent import Recent
from cardio_dagster.watch.words import Level
from cardio_dagster.watch.workers import QueueStats, WorkerStats, Workforce

ACTOR = Actor(ActorKind.SERVICE, "test")


def text_of_frame(frame, **options):
    console = Console(width=80, file=io.StringIO(), record=True, **options)
    console.print(drawn(frame))
    return console.export_text()


def test_once_prints_one_frame_without_colour(place, ledger, home):
    at = text_of(now())
    row = {"study_id": "s-1", "revision": 1, "source": "x", "attempt": 0, "priority_rank": 0, "received_at": at}
    values = {
        "notice_id": "n",
        "audience": "clinical",
        "impact": "critical",
        "impact_rank": 3,
        "code": "QT",
        "level": 0,
    }
    causes = '[{"code": "QT", "impact": "critical", "count": 1}]'
    with connect(place.settings.database).begin() as connection:
        connection.execute(sa.insert(studies), row)
        more = {"causes": causes, "raised_at": at, "state": "open", "role": "r", "subject": "database"}
        connection.execute(sa.insert(notices), {**values, **more})
    ledger.append(
        Entry(Kind.REPORT_CLOSED, ACTOR, ReportClosed("released", "COMPLETE", "FULL", 1, {}), "s-1", 1),
        Entry(Kind.REPORT_CLOSED, ACTOR, ReportClosed("error", "ERROR", "FULL", 1, {}), "s-2", 1),
        Entry(Kind.ERROR_MET, ACTOR, ErrorMet("E_HARD_003", "critical", "critical"), "s-2", 1),
    )
    out = io.StringIO()
    assert run_monitor(place.settings, once=True, console=Console(width=80, file=out)) == 0
    text = out.getvalue()
    assert "\x1b" not in text
    for told in ("1 stat", "1 WAITING", "50 % of 2 with a result", "1 E_HARD_003", "critical", "QT"):
        assert told in text, told
    assert max(map(len, text.splitlines())) <= 80


def test_full_frame_keeps_to_80_columns(place):
    queues = ("stat", "urgent", "routine", "notifications", "evaluation", "backfill")
    lines = tuple(QueueStats(q, 12345, 0 if q == "stat" else 3, 12) for q in queues)
    workers = tuple(WorkerStats(f"routine-{n}@a-long-host-name", queues, 4, 3, "") for n in range(9))
    counted = Counts({"WAITING": 99999, "ANALYSIS": 12}, {"COMPLETE": 10**6}, {"stat": 7}, {"stat": 99.0})
    counted = replace(counted, held=3, held_oldest_s=90_000.0)
    frame = Frame(health(place, Limits(timeout_s=20)), counted, Recent(), Workforce(Level.DEAD, workers, lines))
    text = text_of_frame(frame)
    assert max(map(len, text.splitlines())) <= 80
    assert any(line.split()[:3] == ["stat", "12345", "none"] for line in text.splitlines())
    assert "3, the oldest since 1 d" in text


def test_dead_database_leaves_a_frame_that_says_so(place):
    connect(place.settings.database).dispose()
    for path in place.settings.store_dir.glob("cardio.db*"):
        path.unlink()
    text = text_of_frame(Frame(health(place, Limits(timeout_s=20)), None, None, None))
    assert "DEAD" in text
    assert "database" in text


def test_monitor_draws_on_a_terminal_and_gives_it_back_on_ctrl_c(place):
    code = (
        "import signal, sys; from pathlib import Path; from cardio_dagster.settings import Settings;"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # a background job inherits that it is ignored
        "from cardio_dagster.commands.monitor import run_monitor;"
        "sys.exit(run_monitor(Settings(data_dir=Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", code, str(place.settings.data_dir)]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=environment) as process:
        os.close(theirs)
        try:
            seen = _read_until(ours, b"Last notices", 120)
            process.send_signal(signal.SIGINT)
            seen += _read_until(ours, b"\x1b[?1049l", 60)  # back to the screen as it was
            _, err = process.communicate(timeout=15)
        finally:
            process.kill()
            os.close(ours)
    assert seen.count(b"\x1b[?1049h") == seen.count(b"\x1b[?1049l") == 1
    assert (process.returncode, err) == (0, b"")


def _read_until(terminal, wanted, patience_s):
    seen, deadline_s = b"", time.monotonic() + patience_s
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline_s - time.monotonic()))
        assert ready, f"not seen: {wanted!r}"
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # its end: the process is gone
            break
    return seen
