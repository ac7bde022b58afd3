"""The pool of the bulk job: its workers end with the run that started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cardio_dagster.modalities.branch import Options
from cardio_dagster.orchestration import pool
from cardio_dagster.pipeline.worker import WorkOrder
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster_tests.pipeline.studies import study

PROGRAM = """
import time
from cardio_dagster.orchestration.pool import WorkerPool
pool = WorkerPool(2)
executor = pool._started()
pids = {executor.submit(time.sleep, 0.2), executor.submit(time.sleep, 0.2)}
[f.result() for f in pids]
print(*executor._processes, flush=True)
time.sleep(120)
"""


@pytest.mark.slow
def test_workers_end_when_their_run_is_killed():
    run = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    workers = [psutil.Process(int(pid)) for pid in run.stdout.readline().split()]
    assert workers
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    for process in alive:
        process.kill()
    assert not alive
    assert len(gone) == len(workers)


def never_lets_go(order):
    """Hold the interpreter for ever, as a defect in foreign code may; run in the worker process."""
    import re

    re.match(r"(a|a)*b", "a" * 200)


@pytest.mark.slow
def test_a_worker_that_never_lets_go_of_the_interpreter_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(pool, "work", never_lets_go)
    options = Options(study_deadline_s=0.4, decision_deadline_s=0.1)
    order = WorkOrder(study(), (), str(tmp_path), str(tmp_path), ReportStore(Path(tmp_path)), options)
    with pool.WorkerPool(1) as workers:
        (given_back,) = workers.run([order])
    assert (given_back.passed, given_back.why) == (None, "its worker died")


SHARED = """
import sys
from cardio_dagster.orchestration.pool import WorkerPool
def names():
    return sorted({"dagster._cli", "pandas"} & set(sys.modules))
if __name__ == "__main__":
    with WorkerPool(1) as workers:
        print(*workers._started().submit(names).result())
"""


def test_workers_share_what_was_imported_once(tmp_path):
    """In a process of its own: of one process all pools have the same server, which knows what the first of them preloaded."""
    program = tmp_path / "program.py"
    program.write_text(SHARED)
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["dagster._cli", "pandas"]
