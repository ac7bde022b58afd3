"""In which order a worker looks at its queues: STAT first, the others in order, none passed over for ever.

Belongs here: the strategy that Kombu's Redis transport asks (`queue_order_strategy`). Not here: which queues there are.
Kombu's own are round robin, in which STAT waits its turn, and strict order, in which a backfill may starve.
"""

from collections.abc import Iterable

from cardio_dagster.orchestration.queues import QUEUES, STAT

PASSED_OVER = 8  # tasks of higher queues, after which the next lower one has its turn


class StatFirst:
    """A worker's queues, in the order of QUEUES, however its command line has them."""

    def __init__(self, queues: Iterable[str] | None = None) -> None:
        self._queues = sorted(queues or (), key=_rank)
        self._passed: dict[str, int] = {}

    def update(self, queues: Iterable[str]) -> None:
        """Take another set of queues."""
        self._queues = sorted(queues, key=_rank)

    def consume(self, n: int) -> list[str]:
        """Return the queues in the order in which they are to be looked at now; the first that holds a task is taken."""
        first = [q for q in self._queues if q == STAT]
        due = [q for q in self._queues if q != STAT and self._passed.get(q, 0) >= PASSED_OVER]
        due.sort(key=lambda q: -self._passed[q])
        rest = [q for q in self._queues if q != STAT and q not in due]
        return [*first, *due, *rest][:n]

    def rotate(self, last_used: str) -> str:
        """Note which queue gave the task: those below it were passed over once more, it no longer is."""
        if last_used in self._queues:
            for lower in self._queues[self._queues.index(last_used) + 1 :]:
                self._passed[lower] = self._passed.get(lower, 0) + 1
            self._passed[last_used] = 0
        return last_used


def _rank(queue: str) -> tuple[int, str]:
    return (QUEUES.index(queue) if queue in QUEUES else len(QUEUES), queue)
