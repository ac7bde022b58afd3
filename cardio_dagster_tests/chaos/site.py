"""An installation that outlives its processes: persistent databases, real runs, the daemon's work by hand.

Belongs here: dropping, ticking, launching, finishing. Not here: what is broken (experiments/) or what must hold (checks.py).
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from unittest import mock

import dagster as dg
import sqlalchemy as sa
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._daemon.monitoring.run_monitoring import monitor_starting_run

from cardio_dagster.defs.intake import new_study_sensor
from cardio_dagster.demo.studies import drop
from cardio_dagster.orchestration import requests
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect, reading
from cardio_dagster.stores.results import releases
from cardio_dagster.stores.study_tables import StudyRow
from cardio_dagster_tests.chaos.child import Order, definitions_of
from cardio_dagster_tests.chaos.worker import Worker

_RUN_KEY = "dagster/run_key"
_TICKS = 40
log = logging.getLogger("cardio.chaos")
log.addHandler(logging.NullHandler())
log.propagate = False


@dataclass
class Site:
    """One installation on one database; `home` holds Dagster's instance."""

    root: Path
    settings: Settings
    home: Path
    cursor: str | None = None
    workers: list[Worker] = field(default_factory=list)
    asked: list[dg.DagsterRun] = field(default_factory=list)  # for, and not launched yet

    @cached_property
    def stores(self) -> Stores:
        """The stores, with their tables."""
        stores = Stores.of(self.settings)
        stores.setup_for_execution(dg.build_init_resource_context())
        return stores

    @cached_property
    def definitions(self) -> dg.Definitions:
        """The definitions, bound to this installation."""
        return definitions_of(self.settings)

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """The parent's hold on Dagster's instance; each child opens its own."""
        return dg.DagsterInstance.from_config(str(self.home))

    def close(self) -> None:
        """Let go of every connection."""
        if "instance" in self.__dict__:
            self.__dict__.pop("instance").dispose()
        connect(self.settings.database).dispose()

    def drop(self, write: Callable[[Path], None], name: str) -> Path:
        """Put a complete study into the landing folder."""
        return drop(write, self.settings.landing_dir, name)

    def tick(self) -> list[dg.DagsterRun]:
        """Do what one tick of the daemon does: evaluate the sensor, add partitions, make a run of each new key.

        The wait between two attempts at one study is passed over: it costs time here and proves nothing.
        """
        self._time_out_starting()
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, resources={"stores": self.stores})
        with context, mock.patch.object(requests, "has_rested", return_value=True):
            result = new_study_sensor(context)
        if isinstance(result, dg.SkipReason):  # something that all studies need is down
            return []
        self.cursor = result.cursor
        for request in result.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        runs = [self._run_of(request) for request in result.run_requests or [] if self._is_new(request.run_key)]
        self.asked += runs
        return runs

    def _time_out_starting(self) -> None:
        """Run the daemon's own check of runs whose worker died before it began; here without its wait of 120 s."""
        starting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])
        for record in self.instance.get_run_records(starting):
            monitor_starting_run(self.instance, record, log)

    def _is_new(self, run_key: str) -> bool:
        return not self.instance.get_runs(dg.RunsFilter(tags={_RUN_KEY: run_key}), limit=1)

    def _run_of(self, request: dg.RunRequest) -> dg.DagsterRun:
        tags = {**request.tags, _RUN_KEY: request.run_key, "dagster/sensor_name": "new_study_sensor"}
        if request.partition_key:
            tags["dagster/partition"] = request.partition_key
        job = self.definitions.resolve_job_def(request.job_name)
        return self.instance.create_run_for_job(job, tags=tags, run_config=request.run_config)

    def launch(self, run: dg.DagsterRun, **denied) -> Worker:
        """Start the worker of a run."""
        self.asked = [each for each in self.asked if each.run_id != run.run_id]
        worker = Worker(self.order_to_start(run, **denied)).start()
        self.workers.append(worker)
        return worker

    def order_to_start(self, run: dg.DagsterRun, **denied) -> Order:
        """Note that a run is starting, as the launcher does, and return what its worker needs to know."""
        starting = DagsterEvent(event_type_value=DagsterEventType.PIPELINE_STARTING.value, job_name=run.job_name)
        self.instance.report_dagster_event(starting, run_id=run.run_id)
        return Order(
            str(self.home),
            json.loads(self.words()[1]),
            run.job_name,
            run.run_id,
            str(self.root / "workers.log"),
            **denied,
        )

    def words(self) -> tuple[str, str]:
        """Return what another process needs to open this installation: its root, and its settings as JSON."""
        return str(self.root), self.settings.model_dump_json(exclude_unset=True, exclude={"site_key"})

    def urls(self) -> list[str]:
        """Return the URLs of its databases."""
        return [self.settings.database, *([self.storage()] if self.storage() else [])]

    def storage(self) -> str | None:
        """Return the URL of Dagster's storage; None where it is SQLite."""
        storage = json.loads((self.home / "dagster.yaml").read_text()).get("storage")
        return storage["postgres"]["postgres_url"] if storage else None

    def finish(self) -> list[Worker]:
        """Tick and run until nothing is open; return the workers that it took."""
        workers = []
        for _ in range(_TICKS):
            self.tick()
            for run in list(self.asked):
                workers.append(self.launch(run))
                workers[-1].join()
            if not self.open():
                return workers
            time.sleep(0.05)
        return workers

    def open(self) -> tuple[StudyRow, ...]:
        """Return the studies that have not ended."""
        return self.stores.registry().pending(limit=10_000)

    def releases(self) -> list[dict]:
        """Return every recorded release."""
        with reading(connect(self.settings.database)) as connection:
            return [dict(row) for row in connection.execute(sa.select(releases)).mappings()]

    def until_asked(self) -> list[dg.DagsterRun]:
        """Tick until a run is asked for; AssertionError if none is within two minutes."""
        ends_s = time.monotonic() + 120
        while time.monotonic() < ends_s:
            runs = self.tick()
            if runs:
                return runs
            time.sleep(0.05)
        raise AssertionError("no run was asked for")
