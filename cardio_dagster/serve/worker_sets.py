"""Which worker serves which queues when one command starts several, and which gives way.

Belongs here: the default division. Not here: what goes into which queue (orchestration/queues.py).
"""

from collections.abc import Iterable

ALL = ("stat", "urgent", "routine", "notifications", "evaluation", "backfill")
_EXPRESS = ("stat", "urgent", "notifications")
_GIVES_WAY = 10


def queue_sets(workers: int) -> tuple[tuple[str, ...], ...]:
    """Return the queues of each worker, in the order in which it looks at them.

    One worker serves all. Of several the first is kept for what cannot wait: a STAT study must find a free
    process even while a backfill has filled every other. The others serve STAT too, so that it does not wait for
    the first to start again when that has died.

    >>> queue_sets(2)[0]
    ('stat', 'urgent', 'notifications')
    """
    if workers == 1:
        return (ALL,)
    return tuple(_EXPRESS if number == 0 else ALL for number in range(workers))


def niceness(queues: Iterable[str]) -> int:
    """Return how far a worker gives way to others on its machine: 10 if something that can wait is among its queues, else 0.

    Where the processor is short, a chunk of routine studies would else take from a STAT study, from the daemon that has
    to see it, and from a worker that starts again, as much as it leaves them.

    >>> [niceness(queues) for queues in queue_sets(2)]
    [0, 10]
    """
    return 0 if set(queues) <= set(_EXPRESS) else _GIVES_WAY
