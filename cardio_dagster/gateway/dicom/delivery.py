"""Delivery: batches that went quiet, into the landing zone, as often as it takes and each study once.

Belongs here: when a batch is complete, and handing it over. Not here: the inbox (inbox.py) or the landing zone (gateway/landing.py).

A batch is removed only after it was delivered. Whoever dies between the two delivers it again, and intake knows the content: one
study comes of it. The folder that is dropped is named after the study's UID, so a late batch re-opens its study.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from cardio_dagster.errors import StudyError
from cardio_dagster.gateway.dicom.header import read_instance, soonest
from cardio_dagster.gateway.dicom.inbox import Batch, Inbox
from cardio_dagster.gateway.landing import Landing, Part
from cardio_dagster.intake.moving import try_lock
from cardio_dagster.study import Priority

_PAUSE_S, _COMPLAIN_EVERY_S = 0.5, 60.0
_log = logging.getLogger(__name__)


class Courier:
    """Carries the batches of one inbox into the landing zone.

    `landing` is asked for at every sweep, so that a database that is down stops nothing but deliveries; `quiet_s` says of a
    batch how long it must have been silent; `priority_of` what a sender's studies are at least; `owner_of` whose they are.
    """

    def __init__(
        self,
        inbox: Inbox,
        landing: Callable[[], Landing],
        *,
        door: str,
        quiet_s: Callable[[Batch], float],
        priority_of: Callable[[str], Priority | None] = lambda _: None,
        owner_of: Callable[[str], str] = str,
    ) -> None:
        self._inbox, self._landing, self._door = inbox, landing, door
        self._quiet_s, self._priority_of, self._owner_of = quiet_s, priority_of, owner_of
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._silent_until = 0.0

    def start(self) -> None:
        """Sweep twice a second in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name=f"courier-{self._door}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what waits stays in the inbox for the next process."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(60)

    def sweep(self) -> int:
        """Close what went quiet, deliver what is closed, and return how many batches were delivered."""
        descriptor = try_lock(self._inbox.folder / ".sweep")
        if descriptor is None:  # another process does
            return 0
        try:
            for batch in self._inbox.waiting():
                quiet_s = self._quiet_s(batch)
                if batch.silent_s() >= quiet_s:
                    self._inbox.close(batch, quiet_s)
            return sum(self._try(batch) for batch in self._inbox.closed())
        finally:
            os.close(descriptor)

    def _try(self, batch: Batch) -> bool:
        """Deliver a batch or leave it to the next sweep: one that cannot be delivered blocks no other."""
        try:
            return self._deliver(batch)
        except Exception as error:  # database or disk
            self._complain(error)
            return False

    def _deliver(self, batch: Batch) -> bool:
        landing = self._landing()
        if (landing.folder / batch.study_uid).exists():  # an earlier batch of the study, which intake has not taken yet
            return False
        parts = [Part(file.name, file) for file in batch.files]
        if parts:
            priority = soonest((self._priority_of(batch.sender), *(_asked(part) for part in parts)))
            owner = self._owner_of(batch.sender)
            landing.deliver(parts, priority=priority, owner=owner, door=self._door, name=batch.study_uid)
        self._inbox.remove(batch)
        _log.info("%s: a study of %d instances from %s was delivered", self._door, len(parts), batch.sender)
        return True

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE_S):
            try:
                self.sweep()
            except Exception as error:  # the disk: everything stays where it is for the next sweep
                self._complain(error)

    def _complain(self, error: Exception) -> None:
        """Log the kind of an error, at most once a minute: a sweep comes twice a second."""
        if time.monotonic() >= self._silent_until:
            _log.error("%s: a study cannot be delivered now: %s", self._door, type(error).__name__)
            self._silent_until = time.monotonic() + _COMPLAIN_EVERY_S


def _asked(part: Part) -> Priority | None:
    try:
        return read_instance(part.path).asked
    except StudyError:  # it was readable when it came; what it is now is judged by the pipeline
        return None
