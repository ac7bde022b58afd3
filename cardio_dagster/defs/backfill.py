"""backfill_studies: stale studies made anew, by night or from the UI, and its schedule.

Belongs here: the op, its configuration, job and schedule. Not here: which studies are stale (orchestration/staleness.py) or what becomes
of a report (orchestration/backfill.py).
Concept: https://docs.dagster.io/guides/build/jobs
"""

import time
from collections import Counter
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.events import EngineEventData

from cardio_dagster.orchestration.actors import actor_of
from cardio_dagster.orchestration.backfill import remake_chunk
from cardio_dagster.orchestration.breaker import breakers_of
from cardio_dagster.orchestration.proposals import Remade, Told
from cardio_dagster.orchestration.queues import BACKFILL, queue_tags
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.runs import MAX_RUNTIME_TAG, studies_at_work
from cardio_dagster.orchestration.staleness import Chosen, StaleStudy, count_reasons, find_stale
from cardio_dagster.settings import settings
from cardio_dagster.study import Priority

NAME = "backfill_studies"
CHUNK = 10
NIGHTLY_MINUTES = 35.0  # from 01:30 until before the evaluation at 02:10, with
CHUNK_MINUTES = 5.0  # for the chunk that began last
_GIVE_WAY_S = 300.0  # most that one chunk waits for urgent studies
_MAX_RUNTIME_S = 6 * 3600


class BackfillConfig(dg.Config):
    """Which studies, and how long. Empty texts do not narrow; days are of receipt, YYYY-MM-DD, both included."""

    since: str = ""
    until: str = ""
    source: str = ""
    state: str = ""
    model: str = ""
    stage: str = ""
    only_stale: bool = True
    dry_run: bool = False
    limit: int = 10_000
    max_minutes: float = 240.0

    def chosen(self) -> Chosen:
        """Return the choice; ValueError for a day that is none."""
        since, until = (date.fromisoformat(day) if day else None for day in (self.since, self.until))
        return Chosen(
            since,
            until,
            self.source or None,
            self.state or None,
            self.model or None,
            self.stage or None,
            self.only_stale,
        )


@dg.op(description="Count stale studies, or make them anew chunk by chunk.")
def make_anew(context: dg.OpExecutionContext, config: BackfillConfig, stores: Stores) -> None:
    """Make the chosen studies anew, the oldest first, until all are done or the time is over; the next one goes on.

    Before each chunk it waits while a STAT or urgent study is open, for five minutes at most, so that it never starves. Nothing is
    begun while something that all studies need is down.
    """
    try:
        busy = studies_at_work(context.instance)
        found = tuple(s for s in find_stale(stores, config.chosen(), limit=config.limit) if s.study_id not in busy)
    except ValueError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    counted: dict[str, Any] = {"studies": len(found), "by_reason": dg.MetadataValue.json(count_reasons(found))}
    context.log.info(f"{len(found)} studies to be made anew: {count_reasons(found)}")
    told = [] if config.dry_run else _all_chunks(context, found, config.max_minutes, stores)
    outcomes = Counter(t.remade.value for t in told)
    context.add_output_metadata({**counted, "done": len(told), "outcomes": dg.MetadataValue.json(dict(outcomes))})


def _all_chunks(
    context: dg.OpExecutionContext, found: tuple[StaleStudy, ...], max_minutes: float, stores: Stores
) -> list[Told]:
    started_s = time.monotonic()
    told: list[Told] = []
    for start in range(0, len(found), CHUNK):
        _give_way(stores)
        passed_s = time.monotonic() - started_s
        if passed_s > max_minutes * 60 or breakers_of(stores).down() is not None:
            context.log.warning(f"{len(found) - start} studies are left for the next backfill")
            break
        told += remake_chunk(context, found[start : start + CHUNK], stores, actor_of(context.run))
        _tell_progress(context, told, len(found), time.monotonic() - started_s)
    return told


def _give_way(stores: Stores) -> None:
    deadline_s = time.monotonic() + _GIVE_WAY_S
    while time.monotonic() < deadline_s and _urgent_is_open(stores):
        time.sleep(1.0)


def _urgent_is_open(stores: Stores) -> bool:
    first = stores.registry().pending(limit=1)  # the most urgent
    return bool(first) and first[0].study.priority in (Priority.STAT, Priority.URGENT)


def _tell_progress(context: dg.OpExecutionContext, told: list[Told], total: int, passed_s: float) -> None:
    per_minute = 60 * len(told) / max(passed_s, 0.001)
    left_min = (total - len(told)) / max(per_minute, 0.001)
    undone = sum(t.remade is Remade.GIVEN_BACK for t in told)
    message = f"{len(told)} of {total} studies, {per_minute:.1f} a minute, {left_min:.1f} minutes left"
    data = EngineEventData(
        metadata={
            "done": len(told),
            "of": total,
            "given_back": undone,
            "per_minute": round(per_minute, 2),
            "minutes_left": round(left_min, 2),
        }
    )
    context.instance.report_engine_event(message, context.run, data)


@dg.job(
    name=NAME,
    executor_def=dg.in_process_executor,
    tags={MAX_RUNTIME_TAG: str(_MAX_RUNTIME_S), **queue_tags(BACKFILL, NAME)},
    description="Make closed studies anew whose code, models or parameters changed; a report that stands is never changed by it.",
)
def backfill_job() -> None:
    """Run the one op."""
    make_anew()


backfill_schedule = dg.ScheduleDefinition(
    name="backfill_nightly",
    job=backfill_job,
    cron_schedule=settings().backfill_cron,
    run_config=dg.RunConfig({"make_anew": BackfillConfig(max_minutes=NIGHTLY_MINUTES)}),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night, for as long as nothing else of upkeep runs.",
)
