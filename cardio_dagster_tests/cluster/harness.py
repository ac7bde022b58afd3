"""A real cluster on one machine: PostgreSQL, Redis, code server, daemon, workers, each in a process of its own.

Belongs here: starting, killing, restarting and asking. Not here: what must hold (test_*.py, the load test).
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import psutil
import redis
import sqlalchemy as sa

from cardio_dagster.demo.studies import drop
from cardio_dagster.orchestration.sight import Sight
from cardio_dagster.serve.site import free_port

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
_REDIS = """\
bind 127.0.0.1
port {port}
dir "{folder}"
save ""
appendonly {kept}
appendfsync always
daemonize no
"""


def wait_until(condition: Callable[[], object], what: str, patience_s: float = 60.0) -> object:
    """Return what the condition returns as soon as that is true; fails after `patience_s`."""
    deadline_s = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, f"not within {patience_s} s: {what}"
        time.sleep(0.1)
    return found


@dataclass
class Process:
    """One process and its log."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    log: Path
    running: subprocess.Popen | None = None

    def start(self) -> "Process":
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command, env=self.environment, stdout=log, stderr=subprocess.STDOUT, cwd=self.log.parent
            )
        return self

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal and, if it ends the process, wait for that."""
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(number)
            if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
                self.running.wait(60)

    def stop(self) -> None:
        """End it in order; by force if it does not."""
        if self.running is None or self.running.poll() is not None:
            return
        self.running.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.running.wait(10)
            return
        self.kill()


@dataclass
class RedisServer:
    """A Redis of the test's own; `kept` says whether it remembers after a restart."""

    folder: Path
    kept: bool = True
    port: int = field(default_factory=lambda: free_port(0))
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> "RedisServer":
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "redis.conf"
        path.write_text(_REDIS.format(port=self.port, folder=self.folder, kept="yes" if self.kept else "no"))
        program = shutil.which("redis-server") or str(Path(sys.executable).with_name("redis-server"))
        self.process = Process("redis", (program, str(path)), dict(os.environ), self.folder / "redis.log").start()
        wait_until(self._answers, "Redis answers", 20)
        return self

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()

    def restart(self, *, away_s: float = 0.0) -> None:
        """Kill it, wait, start it again."""
        self.stop()
        time.sleep(away_s)
        self.start()


@dataclass
class Cluster:
    """An installation of the profile `cluster` below `folder`; `postgres` is the URL of a server's first database."""

    folder: Path
    postgres: str
    kept: bool = True
    chosen: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.redis = RedisServer(self.folder / "redis", kept=self.kept)
        self.database_url, self.dagster_url = self._new_database("ours"), self._new_database("dagsters")
        self.code_port = free_port(0)
        self.home = self.folder / "dagster"
        self.home.mkdir()
        shutil.copyfile(ROOT / "deploy" / "cluster" / "dagster.yaml", self.home / "dagster.yaml")
        (self.folder / "workspace.yaml").write_text(
            f"load_from:\n  - grpc_server: {{host: {HOST}, port: {self.code_port}, location_name: cardio_dagster}}\n"
        )
        (self.data_dir / "landing").mkdir(parents=True)

    def _new_database(self, name: str) -> str:
        database = f"q_{name}_{secrets.token_hex(4)}"
        admin = sa.create_engine(self.postgres, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {database}"))
        return sa.make_url(self.postgres).set(database=database).render_as_string(hide_password=False)

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def environment(self) -> dict[str, str]:
        """Return the environment of every process."""
        return {
            **os.environ,
            "DAGSTER_HOME": str(self.home),
            "CARDIO_DATA_DIR": str(self.data_dir),
            "CARDIO_DATABASE_URL": self.database_url,
            "CARDIO_DAGSTER_DATABASE_URL": self.dagster_url,
            "CARDIO_BROKER_URL": self.redis.url,
            "CARDIO_QUIET_WINDOW_S": "0",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            **self.chosen,
        }

    def start(self, *, daemon: bool = True) -> "Cluster":
        """Start everything but the workers."""
        self.redis.start()
        module = (sys.executable, "-m")
        environment = self.environment()
        prepare = (*module, "cardio_dagster.orchestration.prepare_instance")
        subprocess.run(prepare, env=environment, check=True, cwd=self.folder, capture_output=True)
        code = ("dagster", "api", "grpc", "-m", "cardio_dagster.definitions", "-h", HOST, "-p", str(self.code_port))
        self._start("code", (*module, *code, "--location-name", "cardio_dagster"))
        if daemon:
            self.start_daemon()
        return self

    def start_daemon(self) -> Process:
        command = ("cardio_dagster.orchestration.daemon", "run", "-w", str(self.folder / "workspace.yaml"))
        return self._start("daemon", (sys.executable, "-m", *command))

    def start_webserver(self, port: int) -> Process:
        command = ("dagster_webserver", "-w", str(self.folder / "workspace.yaml"), "-h", HOST, "-p", str(port))
        return self._start("ui", (sys.executable, "-m", *command))

    def start_gateway(self, port: int) -> str:
        """Start the gateway, wait until it answers and return its address."""
        url = f"http://{HOST}:{port}"
        self._start("gateway", (sys.executable, "-m", "cardio_dagster.gateway", "--host", HOST, "--port", str(port)))
        wait_until(lambda: _listens(url), "the gateway answers")
        return url

    def start_worker(self, name: str, queues: str, processes: int = 1) -> Process:
        """Start a worker; it is ready when `workers` shows it."""
        arguments = ("--queue", queues, "--concurrency", str(processes), "--name", name)
        return self._start(name, (sys.executable, "-m", "cardio_dagster.serve.worker", *arguments))

    def _start(self, name: str, command: Sequence[str]) -> Process:
        process = Process(name, command, self.environment(), self.folder / f"{name}.log").start()
        self.processes[name] = process
        return process

    def kill_and_restart(self, name: str) -> None:
        """SIGKILL a process and start it again."""
        self.processes[name].kill()
        self.processes[name].start()

    def kill_tree(self, name: str) -> None:
        """SIGKILL a process and all that it started, as the loss of its machine would."""
        below = psutil.Process(self.processes[name].pid).children(recursive=True)
        self.processes[name].kill()
        for child in below:
            with suppress(psutil.NoSuchProcess):
                child.kill()

    def instance(self) -> dg.DagsterInstance:
        """Return the instance in this process; the environment must be that of the cluster."""
        return dg.DagsterInstance.from_config(str(self.home))

    def workers(self) -> tuple[str, ...]:
        """Return the names of the living workers."""
        seen = Sight(self.redis.url).workers(fresh=True)
        return tuple(sorted(w.name.split("@")[0] for w in seen.living)) if seen else ()

    def put(self, write: Callable[[Path], None], name: str) -> None:
        """Write a study beside the landing zone and move it there in one step."""
        drop(write, self.folder / "draft", name).rename(self.data_dir / "landing" / name)

    def releases(self) -> list[tuple]:
        """Return what was released: study, revision, state."""
        engine = sa.create_engine(self.database_url, poolclass=sa.NullPool)
        try:
            with engine.connect() as connection:
                return [tuple(r) for r in connection.execute(sa.text("select study_id, revision, state from releases"))]
        except sa.exc.ProgrammingError:
            return []

    def stop(self) -> None:
        """End everything, the last started first."""
        for process in reversed(self.processes.values()):
            process.stop()
        self.redis.stop()


def _listens(url: str) -> bool:
    """Return whether somebody answers there, whatever the answer."""
    try:
        with urllib.request.urlopen(f"{url}/openapi.json", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
