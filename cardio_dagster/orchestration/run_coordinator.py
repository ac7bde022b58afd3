"""The run coordinator of a cluster: a queue gets as many runs as its living workers have room for, the rest waits here.

Belongs here: the limits by which Dagster's daemon takes runs from its queue, and the tags that put a run into one.
Not here: sending them (run_launcher.py), moving up what waits too long (aging.py). Named in deploy/cluster/dagster.yaml.

What waits, waits in Dagster, where it is seen, ordered, cancelled and survives the broker. Redis holds what workers
take within seconds. STAT has no limit. Long runs leave a process free wherever they could fill those that serve STAT.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import dagster as dg
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator, RunQueueConfig
from dagster._serdes import ConfigurableClassData

from cardio_dagster.orchestration.queues import (
    LONG_TAG,
    QUEUE_TAG,
    QUEUES,
    STAT,
    queue_of_tags,
    queue_tags,
)
from cardio_dagster.orchestration.sight import sight_of
from cardio_dagster.settings import cluster_settings
from cardio_dagster.stores.workers import Workers

NO_LIMIT = 100_000
_NONE = Workers((), settled=False)
_LONG_QUEUES = frozenset(QUEUES) - {STAT, "urgent", "notifications"}


@dataclass(frozen=True, slots=True)
class Limits:
    """How many runs may be with the broker and the workers at once, by queue, and how many long ones of all queues."""

    by_queue: Mapping[str, int]
    long: int

    def as_tags(self) -> list[dict[str, Any]]:
        """Return them as Dagster's limits of runs with a tag."""
        return [*self._queues(), {"key": LONG_TAG, "value": "true", "limit": self.long}]

    def _queues(self) -> Iterator[dict[str, Any]]:
        for queue, limit in self.by_queue.items():
            yield {"key": QUEUE_TAG, "value": queue, "limit": limit}


def limits(workers: Workers | None, *, local_runs: int) -> Limits:
    """Return the limits that the living workers allow; `local_runs` for a queue that none serves (0: it waits).

    Twice the processes of a queue's workers, so that none idles until the daemon looks again; no more long runs than
    processes, and one less where those serve STAT too: a worker kept for STAT may be dead just now.
    """
    seen = workers or _NONE
    by_queue = {queue: 2 * seen.slots(queue) or local_runs for queue in QUEUES}
    if seen.slots(STAT):
        by_queue[STAT] = NO_LIMIT
    long = sum(w.processes for w in seen.living if _LONG_QUEUES & set(w.queues))
    mixed = any(STAT in w.queues and _LONG_QUEUES & set(w.queues) for w in seen.living)
    return Limits(by_queue, max(1, long - mixed))


class StudyRunCoordinator(QueuedRunCoordinator[dg.DagsterInstance]):
    """Dagster's own queue, with limits that follow the workers."""

    def __init__(self, broker: str, inst_data: ConfigurableClassData | None = None, **chosen: Any) -> None:
        super().__init__(inst_data=inst_data, **chosen)
        self._url = broker

    @classmethod
    def config_type(cls) -> Any:
        """Return what Dagster's own has, and the broker."""
        broker = dg.Field(dg.StringSource, description="URL of Redis, best env: CARDIO_BROKER_URL")
        return {**super().config_type(), "broker": broker}  # type: ignore[dict-item]

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """Return the coordinator that dagster.yaml names."""
        return cls(inst_data=inst_data, **config_value)

    def get_run_queue_config(self) -> RunQueueConfig:
        """Return the limits of this moment; the daemon asks for them each time it looks into its queue."""
        chosen = cluster_settings()
        allowed = limits(
            sight_of(self._url).workers(), local_runs=chosen.local_runs if chosen.no_worker == "local" else 0
        )
        configured: Sequence[Mapping[str, Any]] = self._tag_concurrency_limits
        return super().get_run_queue_config()._replace(tag_concurrency_limits=[*configured, *allowed.as_tags()])

    def submit_run(self, context: SubmitRunContext) -> dg.DagsterRun:
        """Queue a run; one that comes without a queue (from the UI, from a backfill) is given one."""
        run = context.dagster_run
        missing = queue_tags(queue_of_tags(run.tags, run.job_name), run.job_name)
        missing = {key: value for key, value in missing.items() if key not in run.tags}
        if missing:
            self._instance.add_run_tags(run.run_id, missing)
        return super().submit_run(context)
