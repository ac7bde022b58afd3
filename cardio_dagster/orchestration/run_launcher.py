"""The run launcher of a cluster: a run becomes one Celery task in the queue of its study's priority.

Belongs here: sending, cancelling, and running locally where no worker serves the queue and the site has chosen so.
Not here: when a run may be sent (run_coordinator.py), what a worker does with it (run_task.py), runs whose worker is
gone (lost_runs.py). Named in deploy/cluster/dagster.yaml.
Concept: https://docs.dagster.io/deployment/execution/run-launchers
"""

from collections.abc import Mapping
from typing import Any, Self

import dagster as dg
import redis
from dagster._core.events import DagsterEvent
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes import ConfigurableClassData
from dagster_celery.launcher import CeleryRunLauncher
from kombu.exceptions import OperationalError

from cardio_dagster.orchestration.broker import celery_app, send
from cardio_dagster.orchestration.lost_runs import GONE, excuse_if_due, is_lost
from cardio_dagster.orchestration.queues import QUEUE_TAG, ROUTINE, queue_of_tags
from cardio_dagster.orchestration.sight import Sight, sight_of
from cardio_dagster.settings import cluster_settings

_ASK_AGAIN = (redis.RedisError, OperationalError, OSError)


class StudyRunLauncher(CeleryRunLauncher):
    """Sends runs to workers; the id of the run is that of the task."""

    def __init__(self, broker: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(default_queue=ROUTINE, broker=broker, inst_data=inst_data)
        self._url = broker
        self.celery = celery_app(broker)
        self.local = DefaultRunLauncher()

    @classmethod
    def config_type(cls) -> Any:
        """Return the one thing that there is to configure."""
        return {"broker": dg.Field(dg.StringSource, description="URL of Redis, best env: CARDIO_BROKER_URL")}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        """Return the launcher that dagster.yaml names."""
        return cls(inst_data=inst_data, **config_value)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Meet the instance; the local launcher does, too."""
        super().register_instance(instance)
        self.local.register_instance(instance)

    @property
    def sight(self) -> Sight:
        """The broker as this process sees it."""
        return sight_of(self._url)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Send a run to its queue; where no worker serves that, run it here or queue it again, as configured.

        So does a broker that does not answer: nothing is lost, and no attempt counts.
        """
        run = context.dagster_run
        queue = queue_of_tags(run.tags, run.job_name)
        workers = self.sight.workers()
        if workers is not None and workers.serving(queue):
            self.dispatch(run)
        elif cluster_settings().no_worker == "local" and context.workspace is not None:
            self._say(run, f"No worker serves the queue {queue}: the run is executed beside the code server.")
            self.local.launch_run(context)
        else:
            self._queue_again(run, f"No worker serves the queue {queue}; `cardio worker --queue {queue}` starts one.")

    def dispatch(self, run: dg.DagsterRun) -> None:
        """Put the task of a run into its queue, or the run back into Dagster's where the broker does not answer."""
        queue = queue_of_tags(run.tags, run.job_name)
        try:
            send(self.celery, run.run_id, queue)
        except _ASK_AGAIN as error:
            self._queue_again(run, f"The broker does not answer ({type(error).__name__}).")
            return
        if run.tags.get(QUEUE_TAG) != queue:
            self._instance.add_run_tags(run.run_id, {QUEUE_TAG: queue})

    def _queue_again(self, run: dg.DagsterRun, why: str) -> None:
        """Give a run back to Dagster's queue; the coordinator lets it out when there is somebody to take it."""
        self._say(run, f"{why} The run is queued again.")
        self._instance.report_dagster_event(DagsterEvent.job_enqueue(run), run_id=run.run_id)

    def terminate(self, run_id: str) -> bool:
        """Cancel a run: interrupt it where a worker has it, else see to it that none begins it."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if is_local(run):
            return bool(self.local.terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        workers = self.sight.workers(fresh=True)
        worked_on = workers is None or run_id in workers.active or run.status is dg.DagsterRunStatus.STARTED
        self.revoke(run_id, "SIGTERM" if worked_on else None)
        if not worked_on:
            self._instance.report_run_canceled(run)
        return True

    def is_remote(self, run: dg.DagsterRun) -> bool:
        """Return whether a run was sent to a worker."""
        return not is_local(run)

    def revoke(self, run_id: str, signal: str | None) -> None:
        """Tell all workers not to begin a run and, with a signal, to interrupt it; nothing where the broker is away."""
        try:
            self.celery.control.revoke(run_id, terminate=signal is not None, signal=signal)
        except _ASK_AGAIN:
            return

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say whether the worker of a started run lives; running, where that cannot be known now."""
        if is_local(run):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        record, workers = self._instance.get_run_record_by_id(run.run_id), self.sight.workers(fresh=True)
        if record is not None and workers is not None and is_lost(record, workers):
            excuse_if_due(self._instance, record.dagster_run, workers)  # run monitoring fails it with this answer
            return CheckRunHealthResult(WorkerStatus.FAILED, GONE)
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    @property
    def supports_resume_run(self) -> bool:
        """A run is never resumed: the registry asks for its study again, and its checkpoints spare the work."""
        return False

    def get_run_worker_debug_info(self, run: dg.DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """Return nothing: what is known stands in the run's tags."""
        return None

    def _say(self, run: dg.DagsterRun, message: str) -> None:
        self._instance.report_engine_event(message, run)


def is_local(run: dg.DagsterRun) -> bool:
    """Return whether a run was executed beside the code server."""
    return GRPC_INFO_TAG in run.tags
