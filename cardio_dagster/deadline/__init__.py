"""Deadlines: until when a piece of work may last, also where it hangs in foreign code.

Belongs here: running work under a deadline, and asking for it. Not here: how long anything may take (settings.py,
pipeline/clock.py) or what follows when it took too long (errors/).
"""

from cardio_dagster.deadline.moment import Deadline, check, current
from cardio_dagster.deadline.threads import in_threads, within

__all__ = ["Deadline", "check", "current", "in_threads", "within"]
