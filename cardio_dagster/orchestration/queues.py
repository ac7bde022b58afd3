"""Which queue a run goes into, and how it moves up when it has waited too long.

Belongs here: the names of the queues and the rules. Not here: Redis (broker.py), workers (stores/workers.py), or the
runs themselves (aging.py). Separate Redis queues, not priorities within one.
"""

from collections.abc import Mapping

from cardio_dagster.study import Priority

STAT, URGENT, ROUTINE, BACKFILL = "stat", "urgent", "routine", "backfill"
EVALUATION, NOTIFICATIONS = "evaluation", "notifications"
QUEUES = (STAT, URGENT, ROUTINE, NOTIFICATIONS, EVALUATION, BACKFILL)  # in the order in which a worker looks at them

QUEUE_TAG = "dagster-celery/queue"
PRIORITY_TAG = "cardio/priority"
DAGSTER_PRIORITY_TAG = "dagster/priority"
WORKER_TAG = "cardio/worker"  # "name life" of the worker that began a run
PROCESS_TAG = "cardio/process"  # "machine pid" of its process
LONG_TAG = "cardio/long"  # of runs that keep a worker's process for minutes
_BACKFILL_TAG = "dagster/backfill"

DAGSTER_PRIORITY = {STAT: 10, URGENT: 5, ROUTINE: 0, NOTIFICATIONS: 0, EVALUATION: -5, BACKFILL: -10}
_SHORT_JOBS = frozenset({"study", "review_release", "__ASSET_JOB"})  # the last is what "Materialize" in the UI launches
_BY_NAME = {
    "evaluation": EVALUATION,
    "notice": NOTIFICATIONS,
    "escalation": NOTIFICATIONS,
    "backfill": BACKFILL,
    "review": URGENT,
}
_UP = {BACKFILL: ROUTINE, EVALUATION: ROUTINE, ROUTINE: URGENT}  # and nothing moves into STAT


def queue_of(priority: Priority | str | None, job: str = "study") -> str:
    """Return the queue of a run: by its content where the job is one of upkeep, else by the study's priority.

    A job is known by its name: what has `evaluation` or `backfill` in it goes there, notices and escalation to
    `notifications`, what a reviewer decided to `urgent`. None and a word that is no priority are routine.
    """
    for word, queue in _BY_NAME.items():
        if word in job:
            return queue
    known = {p.value for p in Priority}
    return str(Priority(priority).value) if priority in known else ROUTINE


def tags_of(priority: Priority | str | None, job: str = "study") -> dict[str, str]:
    """Return the tags of a run request: its queue, its place in Dagster's queue, and whether it is a long one."""
    queue = queue_of(priority, job)
    return queue_tags(queue, job)


def queue_tags(queue: str, job: str) -> dict[str, str]:
    """Return the tags that put a run of a job into a queue."""
    long = {LONG_TAG: "true"} if is_long(job) else {}
    return {QUEUE_TAG: queue, DAGSTER_PRIORITY_TAG: str(DAGSTER_PRIORITY[queue]), **long}


def queue_of_tags(tags: Mapping[str, str], job: str) -> str:
    """Return the queue of a run through any door: as it is tagged, else by priority and job.

    What the UI launches as a backfill has no priority of its own and goes to `backfill`.
    """
    if tags.get(QUEUE_TAG) in QUEUES:
        return tags[QUEUE_TAG]
    by_default = Priority.BACKFILL if _BACKFILL_TAG in tags else Priority.ROUTINE
    return queue_of(tags.get(PRIORITY_TAG, by_default), job)


def moved_up(queue: str, job: str) -> str | None:
    """Return the queue above; None where a run stays: in `stat`, in `urgent`, and a long one in `routine`.

    A long run in `urgent` would take the processes that are kept free for STAT.
    """
    above = _UP.get(queue)
    return None if above == URGENT and is_long(job) else above


def is_long(job: str) -> bool:
    """Return whether a run of a job may keep a process for minutes: all but those of one study and of notices."""
    return job not in _SHORT_JOBS and queue_of(None, job) != NOTIFICATIONS
