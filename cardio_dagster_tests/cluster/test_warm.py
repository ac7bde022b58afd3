"""A warm process: one thread before the fork, definitions made once, connections pooled; and the way back without."""

import json
import os
import subprocess
import sys

import dagster as dg
import pytest
import sqlalchemy as sa

from cardio_dagster.orchestration import warm
from cardio_dagster.serve import worker

_CODE = """
import json, sys, threading
from pathlib import Path
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.reconstruct import ReconstructableRepository
from cardio_dagster.orchestration import warm
warm.keep_definitions()
repository = lambda: ReconstructableRepository(ModuleCodePointer(warm.MODULE, "defs", "/anywhere"))
one, two = (repository().get_reconstructable_job("study").get_repository_definition() for _ in range(2))
threads = sorted((task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir())
print(json.dumps({
    "same": one is two,
    "threads": [name for name in threads if name != "jemalloc_bg_thd"],
    "loaded": [m for m in ("pandas", "onnxruntime", "pyarrow.parquet") if m in sys.modules],
}))
"""


@pytest.mark.slow
def test_definitions_are_made_once_and_the_parent_has_one_thread():
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # as the supervisor sets it
    done = subprocess.run(
        [sys.executable, "-c", _CODE], capture_output=True, text=True, check=True, timeout=120, env=environment
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["same"]
    assert len(told["threads"]) == 1  # a lock that another thread holds at the fork stays locked for ever
    assert told["loaded"] == ["pandas", "pyarrow.parquet"]


def test_a_release_of_dagster_that_builds_them_otherwise_is_left_its_way(monkeypatch, caplog):
    monkeypatch.setattr(warm, "_plain", None)
    monkeypatch.setattr(warm, "BEFORE_THE_FORK", ())
    warm.keep_definitions()
    assert "each run will build them anew" in caplog.text


@pytest.fixture
def home(tmp_path, postgres_url, monkeypatch):
    config = {"storage": {"postgres": {"postgres_url": postgres_url}}, "telemetry": {"enabled": False}}
    (tmp_path / "dagster.yaml").write_text(json.dumps(config))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    warm.instance.cache_clear()
    yield tmp_path
    warm.instance().dispose()
    warm.instance.cache_clear()


def test_connections_are_kept_and_outlive_a_restart_of_postgres(home, postgres_url, postgres_server):
    instance = warm.instance()
    assert instance is warm.instance()
    pids = [_backends(postgres_server, postgres_url) for _ in range(3) if instance.get_runs_count() == 0]
    assert pids[0] == pids[-1] != set()
    admin = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        for pid in pids[0]:
            connection.execute(sa.text(f"SELECT pg_terminate_backend({pid})"))
    assert instance.get_runs_count() == 0


def _backends(server, url):
    admin = sa.create_engine(server, poolclass=sa.NullPool)
    query = "SELECT pid FROM pg_stat_activity WHERE datname = :name"
    with admin.connect() as connection:
        return set(connection.execute(sa.text(query), {"name": sa.make_url(url).database}).scalars())


def test_without_the_undocumented_part_it_works_unpooled(home, monkeypatch, caplog):
    def refuse(*_):
        raise NotImplementedError

    monkeypatch.setattr(dg.DagsterInstance, "optimize_for_webserver", refuse)
    assert warm.instance().get_runs_count() == 0
    assert "not pooled: NotImplementedError" in caplog.text


def test_the_command_line_of_a_worker():
    line = worker.command(["urgent", "stat"], 4, name="express")
    assert "--queues=stat,urgent" in line
    assert "--concurrency=4" in line
    assert "--without-mingle" in line
    assert any(part.startswith("--hostname=express@") for part in line)


@pytest.mark.parametrize(("queues", "nice"), [("stat,urgent", 0), ("stat,routine", 10), ("backfill", 10)])
def test_a_worker_of_what_can_wait_gives_way(monkeypatch, queues, nice):
    monkeypatch.setenv("CARDIO_BROKER_URL", "redis://127.0.0.1:1/0")
    given = []
    monkeypatch.setattr(worker.os, "nice", given.append)
    monkeypatch.setattr(worker.os, "execv", lambda *line: given.append(line))
    worker.main(["--queue", queues])
    assert given[0] == nice
    assert given[1][0] == sys.executable


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["--queue", "stat,fast"], "no such queue: fast; choose from stat, urgent"),
        (["--queue", ""], "none named"),
        (["--concurrency", "0"], "--concurrency 1 or more"),
        ([], "CARDIO_BROKER_URL is not set; set it to redis://"),
    ],
)
def test_a_wrong_command_line_ends_with_its_cure(monkeypatch, arguments, cure):
    monkeypatch.delenv("CARDIO_BROKER_URL", raising=False)
    with pytest.raises(SystemExit, match=cure):
        worker.main(arguments)


@pytest.mark.slow
def test_without_the_extra_nothing_of_it_is_imported():
    code = (
        "import sys, cardio_dagster.orchestration.requests, cardio_dagster.orchestration.aging;"
        "print([m for m in ('redis', 'celery', 'kombu', 'dagster_celery') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


_CHILD = """
import multiprocessing, os
os.environ.pop("CARDIO_BROKER_URL", None)  # then Celery's is in memory
from concurrent.futures import ProcessPoolExecutor
import billiard
from cardio_dagster.orchestration import warm, worker_app

def child(told):
    warm.open_connections = lambda: None
    worker_app._after_the_fork()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
        told.put(pool.submit(abs, -3).result())

if __name__ == "__main__":
    context = billiard.get_context("fork")
    told = context.Queue()
    process = context.Process(target=child, args=(told,))
    process.daemon = True  # as Celery's are
    process.start()
    print(told.get(timeout=60))
"""


@pytest.mark.slow
def test_a_process_of_celery_may_have_those_of_the_bulk_job(tmp_path):
    script = tmp_path / "child.py"
    script.write_text(_CHILD)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip() == "3", done.stderr[-2000:]
