"""The pool of the bulk job: its workers end with the run that started them."""

import os
import signal
import subprocess
import sys

import psutil

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
