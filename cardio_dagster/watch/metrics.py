"""Metrics: the figures of an installation in Prometheus' words.

Belongs here: names, labels and buckets; names end in their base unit and counters in _total (prometheus.io, "Metric and label
naming"). Not here: the queries (counts.py, tail.py, checks/).

Every label has a fixed set of values: states, codes of the catalogue, queues, priorities, impacts. No study, no person.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from cardio_dagster.outcome import Impact
from cardio_dagster.stores.report_paths import REPORTS_DIR
from cardio_dagster.study import Priority
from cardio_dagster.watch.asking import Asker
from cardio_dagster.watch.checks.machine import room_of
from cardio_dagster.watch.counts import Counting, Counts
from cardio_dagster.watch.health import Watch
from cardio_dagster.watch.moments import now
from cardio_dagster.watch.place import open_engine
from cardio_dagster.watch.tail import Execution, News, Tail
from cardio_dagster.watch.waiting import append_wait_s
from cardio_dagster.watch.words import CHECKS
from cardio_dagster.watch.workers import Workforce, workforce

_STAGE_S = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)
_TIER_S = (0.01, 0.03, 0.1, 0.3, 0.5, 1, 2, 3, 5)
_SPEEDUP = (0.8, 1, 1.2, 1.5, 2, 3)


class Metrics:
    """The metrics of one process; a scrape looks at everything anew and counts what happened since the last."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._tail = watch, Tail(watch.place.settings.store_dir / REPORTS_DIR)
        self._counting, self._guard = Counting(), threading.Lock()
        self._asker: Asker[Any] = Asker(watch.limits.timeout_s)
        self.registry = CollectorRegistry()
        self._make_gauges()
        self._make_counters()

    def scrape(self) -> bytes:
        """Return the text format 0.0.4; a part that does not answer has no figures, and cardio_health tells that it is dead."""
        with self._guard:
            place = self._watch.place
            asked = {"database": self._ask_database, "workers": lambda: workforce(place, self._watch.limits) or False}
            answers = self._asker.ask(asked)
            self._set_state(answers["database"])
            self._set_workers(answers["workers"])
            self._set_health()
            return generate_latest(self.registry)

    def _make_gauges(self) -> None:
        def gauge(name: str, told: str, *labels: str) -> Gauge:
            return Gauge(f"cardio_{name}", told, labels, registry=self.registry)

        self._health = gauge("health", "0 ok, 1 degraded, 2 dead", "check")
        self._serving = gauge("serving", "1 unless something that matters is dead, as /health answers")
        self._stages = gauge("open_studies_state", "open studies by the state reached", "state")
        self._open = gauge("open_studies", "open studies", "priority")
        self._oldest = gauge("open_studies_oldest_seconds", "age of the oldest open study", "priority")
        self._ended = gauge("ended_studies", "studies of the registry that ended, by final state", "state")
        self._notices = gauge("notices_open", "notices that nobody acknowledged", "impact")
        self._held = gauge("held_reports", "reports that wait for a person")
        self._held_oldest = gauge("held_reports_oldest_seconds", "how long the oldest of them waits")
        self._records = gauge("ledger_records", "records of the audit ledger")
        self._append_wait = gauge("ledger_append_wait_seconds", "how long an append waits for its turn now")
        self._disk = gauge("disk_free_bytes", "free on the disk of the store")
        self._disk_ratio = gauge("disk_free_ratio", "free on the disk of the store, 0 to 1")
        self._queued = gauge("queue_waiting_runs", "runs that wait in the broker", "queue")
        self._slots = gauge("queue_slots", "processes of living workers that serve a queue", "queue")
        self._workers = gauge("workers_online", "living workers")
        self._active = gauge("workers_active_runs", "runs that workers work on")
        self._scrape_s = gauge("scrape_database_seconds", "what the queries of this scrape took")

    def _make_counters(self) -> None:
        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"cardio_{name}", told, labels, registry=self.registry)

        def histogram(name: str, told: str, label: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"cardio_{name}", told, (label,), buckets=buckets, registry=self.registry)

        self._received = counter("studies_received", "studies registered or opened again")
        self._closed = counter("studies_closed", "studies whose report was written, by its status", "status")
        self._failures = counter("failures", "problems met, by code", "code")
        self._raised = counter("notices_raised", "notices raised", "impact")
        self._retries = counter("stage_retries", "retries of stages in studies that ended")
        self._died = counter("runs_died", "runs that ended without a word")
        self._stage_s = histogram("stage_duration_seconds", "time of a stage of a study", "stage", _STAGE_S)
        self._tier_s = histogram("tier_duration_seconds", "time of a parallel tier", "tier", _TIER_S)
        self._speedup = histogram("tier_speedup_ratio", "sequential over parallel time of a tier", "tier", _SPEEDUP)
        self._tasks = counter("tier_tasks", "tasks of the tiers, by how they ended", "tier", "status")

    def _ask_database(self) -> tuple[Counts, News, float | None, float]:
        started = time.perf_counter()
        engine = open_engine(self._watch.place.settings.database)
        with engine.connect() as connection:
            found, news = self._counting.look(connection, now()), self._tail.look(connection)
        queried_s = time.perf_counter() - started
        return found, news, append_wait_s(engine), queried_s

    def _set_state(self, answer: Any) -> None:
        for labelled in (self._stages, self._open, self._oldest, self._ended, self._notices):
            labelled.clear()
        if isinstance(answer, Exception):
            return
        found, news, wait_s, queried_s = answer
        _set(self._stages, found.stages)
        _set(self._ended, found.ended)
        _set(self._open, {p.value: found.open.get(p.value, 0) for p in Priority})
        _set(self._oldest, {p.value: found.oldest_s.get(p.value, 0.0) for p in Priority})
        _set(self._notices, {i.value: found.notices.get(i.value, 0) for i in Impact})
        self._held.set(found.held)
        self._held_oldest.set(found.held_oldest_s)
        self._records.set(found.ledger_records)
        self._scrape_s.set(queried_s)
        self._append_wait.set(float("nan") if wait_s is None else wait_s)
        self._count(news)

    def _count(self, news: News) -> None:
        self._received.inc(news.received)
        self._died.inc(news.runs_died)
        for counter, found in (
            (self._closed, news.closed),
            (self._failures, news.errors),
            (self._raised, news.notices),
        ):
            for label, n in found.items():
                counter.labels(label).inc(n)
        for execution in news.executions:
            self._observe(execution)

    def _observe(self, execution: Execution) -> None:
        self._retries.inc(execution.pipeline_execution.retries_performed)
        for stage, duration_ms in execution.stage_timings.items():
            self._stage_s.labels(stage).observe(duration_ms / 1000)
        for tier in execution.tiers:
            self._tier_s.labels(tier.tier).observe(tier.duration_ms / 1000)
            if tier.speedup_vs_sequential is not None:
                self._speedup.labels(tier.tier).observe(tier.speedup_vs_sequential)
            for task in tier.tasks:
                self._tasks.labels(tier.tier, task.status).inc()

    def _set_workers(self, answer: Workforce | bool | Exception) -> None:
        for labelled in (self._queued, self._slots):
            labelled.clear()
        if not isinstance(answer, Workforce):
            return
        _set(self._queued, {q.name: q.waiting for q in answer.queues})
        _set(self._slots, {q.name: q.slots for q in answer.queues})
        self._workers.set(len(answer.workers))
        self._active.set(sum(w.active for w in answer.workers))

    def _set_health(self) -> None:
        found = self._watch.health()
        self._health.clear()
        _set(self._health, {c.name: c.level.rank for c in found.checks if c.name in CHECKS})
        self._serving.set(int(found.is_serving))
        room = room_of(self._watch.place.settings.store_dir)
        self._disk.set(room.free_mb * 1024 * 1024)
        self._disk_ratio.set(room.free_pct / 100)


def _set(gauge: Gauge, values: Mapping[str, float]) -> None:
    for label, value in values.items():
        gauge.labels(label).set(value)
