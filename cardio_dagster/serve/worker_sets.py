"""Which worker serves which queues when one command starts several.

Belongs here: the default division. Not here: what goes into which queue (orchestration/queues.py).
"""

ALL = ("stat", "urgent", "routine", "notifications", "evaluation", "backfill")
_EXPRESS = ("stat", "urgent", "notifications")


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
