"""The runs of studies: on which studies one works, how long it may take, and what became of one that was asked for.

Belongs here: what Dagster's runs say. Not here: which runs to ask for (requests.py), runs whose process is gone
(run_health.py).
"""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from cardio_dagster.errors import POLICIES, FailureClass
from cardio_dagster.orchestration.run_health import dependency_of_run
from cardio_dagster.stores.study_tables import StudyRow

# NOT_STARTED is left out: such a run waits for its submission, and only asking again under its key brings that.
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
RUN_KEY_TAG = "dagster/run_key"
PARTITION_TAG = "dagster/partition"
MAX_RUNTIME_TAG = "dagster/max_runtime"
LOST_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Died:
    """A study whose run ended without closing it: when (seconds since the epoch), and of which dependency, if of one."""

    row: StudyRow
    ended_at_s: float
    dependency: str | None


def max_runtime_s(study_deadline_s: float, decision_deadline_s: float, *, rounds: int = 1) -> str:
    """Return the value of the tag after which Dagster ends a run that no deadline of the pipeline could end.

    So many rounds of a study and of the response that is written after its time.
    """
    return str(math.ceil(rounds * (study_deadline_s + 2 * decision_deadline_s)))


def studies_at_work(instance: dg.DagsterInstance) -> frozenset[str]:
    """Return the studies of all runs in progress, through either door, the sensor's or a person's."""
    runs = instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS))
    return frozenset(study_id for run in runs for study_id in studies_of(run))


def studies_of(run: dg.DagsterRun) -> frozenset[str]:
    """Return the studies that a run of either door carries."""
    config: Any = run.run_config
    for name in ("ops", "plan_chunks", "config"):
        config = config.get(name, {})
    alone = {run.tags[PARTITION_TAG]} if PARTITION_TAG in run.tags else set()
    return frozenset(alone | set(config.get("study_ids", ())))


def lost_or_died(instance: dg.DagsterInstance, rows: Iterable[StudyRow]) -> tuple[list[StudyRow], list[Died]]:
    """Return the studies whose request became no run, and those whose run ended without closing them."""
    ended: dict[str, tuple[float, str | None] | None] = {}
    lost, died = [], []
    for row in rows:
        key = row.run_key or ""
        if key not in ended:
            ended[key] = _end_of(instance, key)
        end = ended[key]
        if end is not None:
            died.append(Died(row, *end))
        elif _age_s(row) >= LOST_AFTER_S:
            lost.append(row)
    return lost, died


def _end_of(instance: dg.DagsterInstance, run_key: str) -> tuple[float, str | None] | None:
    """Return when the run of a key ended and of which dependency; None where there is none or it goes on."""
    records = instance.get_run_records(dg.RunsFilter(tags={RUN_KEY_TAG: run_key}), limit=1)
    if not records or not records[0].dagster_run.is_finished:
        return None
    ended_at_s = records[0].end_time or records[0].update_timestamp.timestamp()
    return ended_at_s, dependency_of_run(instance, records[0].dagster_run)


def _age_s(row: StudyRow) -> float:
    """Return the time since the request; a clock that was set back counts as long ago."""
    if row.requested_at is None:
        return 0.0
    return abs((datetime.now(UTC) - datetime.fromisoformat(row.requested_at)).total_seconds())


def has_rested(died: Died, charged: int) -> bool:
    """Return whether the table's wait after a lost run is over; a clock that was set back counts as long ago."""
    wait_s = POLICIES[FailureClass.PROCESS_LOST].retry.delay_before(max(charged, 1) + 1)
    return abs(time.time() - died.ended_at_s) >= wait_s
