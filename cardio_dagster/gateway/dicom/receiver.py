"""Receiver: a DICOM storage SCP (PS3.4 B) with verification (PS3.4 A), on pynetdicom.

Belongs here: who may associate, and the answer to each C-STORE. Not here: keeping instances (inbox.py) or delivering studies
(delivery.py).

0x0000 is answered only when the instance is on disk in the inbox; from then on no crash loses it. pynetdicom writes a dataset to
disk as it comes, so memory does not grow with it. The log names AE titles and counts, never patients, studies or files.
"""

import logging
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pynetdicom import AE, _config, evt
from pynetdicom.association import Association

from cardio_dagster.errors import StudyError
from cardio_dagster.gateway.dicom.classes import contexts
from cardio_dagster.gateway.dicom.header import Instance, read_instance, soonest
from cardio_dagster.gateway.dicom.inbox import Batch, FullError, Inbox
from cardio_dagster.settings import DicomSettings
from cardio_dagster.study import Priority

SUCCESS, OUT_OF_RESOURCES, WRONG_CLASS, NOT_UNDERSTOOD = 0x0000, 0xA700, 0xA900, 0xC000  # PS3.4 table B.2-1
_REJECTED, _BY_USER, _CALLING, _CALLED = 0x01, 0x01, 0x03, 0x07  # PS3.8 table 9-21
_LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Talk:
    """What one association brought so far."""

    stored: int = 0
    refused: int = 0
    coming_bytes: int = 0
    studies: set[tuple[str, str]] = field(default_factory=set)


class Receiver:
    """One storage SCP with its inbox; `owner` of a device's studies is `ae:<title>`."""

    def __init__(self, inbox: Inbox, settings: DicomSettings, *, aet: str, max_file_bytes: int) -> None:
        self._inbox, self._settings, self._aet, self._max_file_bytes = inbox, settings, aet, max_file_bytes
        self._talks: dict[Association, _Talk] = {}
        self._guard = threading.Lock()
        self._server: Any = None

    def start(self, host: str, port: int) -> int:
        """Listen in threads of their own and return the port; `port` 0 takes a free one. Raises OSError where it is taken."""
        _config.STORE_RECV_CHUNKED_DATASET = True
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)  # it prints identifiers of what comes
        tempfile.tempdir = str(self._inbox.arriving)  # where pynetdicom writes what comes: on the inbox's disk
        ae = AE(ae_title=self._aet)
        ae.supported_contexts = contexts()
        ae.maximum_associations = self._settings.associations
        ae.network_timeout = ae.dimse_timeout = self._settings.silence_s
        ae.acse_timeout = min(10.0, self._settings.silence_s)  # from the connection to the request of an association
        self._server = ae.start_server((host, port), block=False, evt_handlers=self._handlers())
        return int(self._server.socket.getsockname()[1])

    def stop(self) -> None:
        """Stop listening and abort what is open; what was acknowledged is in the inbox."""
        self._server.shutdown()
        for association in self._server.active_associations:
            if association.is_established:  # others only connected, as a probe does, and have nothing to abort
                association.abort()
        tempfile.tempdir = None

    def quiet_s(self, batch: Batch) -> float:
        """Return how long a batch must be silent: longer while an association that brought part of it is open."""
        with self._guard:
            is_open = any(batch.key in talk.studies for talk in self._talks.values())
        return self._settings.open_quiet_s if is_open else self._settings.quiet_s

    def priority_of(self, title: str) -> Priority | None:
        """Return how soon the studies of a device are wanted at least; None where the settings do not say."""
        return soonest(peer.priority for peer in self._settings.allowed if peer.title == title)

    def _handlers(self) -> list[Any]:
        return [
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_ACCEPTED, self._accepted),
            (evt.EVT_DATA_RECV, self._coming),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_ECHO, lambda _: SUCCESS),
            (evt.EVT_CONN_CLOSE, self._closed),
        ]

    def _requested(self, event: evt.Event) -> None:
        """Reject a stranger, and whoever takes us for somebody else."""
        requestor: Any = event.assoc.requestor
        asked = requestor.primitive
        calling, called = str(asked.calling_ae_title).strip(), str(asked.called_ae_title).strip()
        if not self._may_call(calling, str(requestor.address)):
            self._reject(event.assoc, _CALLING, "a sender that is not on the list")
        elif called != self._aet:
            self._reject(event.assoc, _CALLED, "another called title")

    def _may_call(self, title: str, address: str) -> bool:
        allowed = self._settings.allowed
        if not allowed:
            return address in _LOOPBACK
        seen = address.removeprefix("::ffff:")
        return any(peer.title == title and peer.address in (None, seen) for peer in allowed)

    def _reject(self, association: Association, diagnostic: int, why: str) -> None:
        _log.warning("an association was rejected: %s", why)
        association.acse.send_reject(_REJECTED, _BY_USER, diagnostic)
        association.kill()

    def _accepted(self, event: evt.Event) -> None:
        with self._guard:
            self._talks[event.assoc] = _Talk()

    def _coming(self, event: evt.Event) -> None:
        """Abort an association whose dataset grows beyond the limit of a file, before it fills the disk."""
        talk = self._talks.get(event.assoc)
        if talk is not None:
            talk.coming_bytes += len(event.data)
            if talk.coming_bytes > self._max_file_bytes:
                _log.warning("an association of %s was aborted: an instance is too large", _title(event.assoc))
                talk.coming_bytes = 0
                event.assoc.abort(block=False)  # this is the thread that reads: it cannot wait for itself

    def _store(self, event: evt.Event) -> int:
        talk = self._talks.get(event.assoc) or _Talk()  # none where the connection broke after the last byte
        talk.coming_bytes = 0
        status = self._answer(event, talk)
        talk.stored += status == SUCCESS
        talk.refused += status != SUCCESS
        return status

    def _answer(self, event: evt.Event, talk: _Talk) -> int:
        try:
            instance = read_instance(event.dataset_path)
            if not _is_as_announced(event, instance):
                return WRONG_CLASS
            with self._guard:
                talk.studies.add((_title(event.assoc), instance.study_uid))
            self._inbox.keep(event.dataset_path, _title(event.assoc), instance)
        except StudyError:
            return NOT_UNDERSTOOD
        except (FullError, OSError, MemoryError) as error:
            _log.error("an instance was refused for want of resources: %s", type(error).__name__)
            return OUT_OF_RESOURCES
        return SUCCESS

    def _closed(self, event: evt.Event) -> None:
        with self._guard:
            talk = self._talks.pop(event.assoc, None)
        if talk is not None:
            _remove_half(event.assoc)
            _log.info(
                "an association of %s ended: %d stored, %d refused", _title(event.assoc), talk.stored, talk.refused
            )


def owner_of(title: str) -> str:
    """Return the owner of the jobs of a device."""
    return f"ae:{title}"


def _title(association: Association) -> str:
    return str(association.requestor.ae_title).strip()


def _is_as_announced(event: evt.Event, instance: Instance) -> bool:
    request: Any = event.request
    return (instance.sop_class, instance.sop_uid) == (request.AffectedSOPClassUID, request.AffectedSOPInstanceUID)


def _remove_half(association: Association) -> None:
    """Remove the file of a dataset that broke off; pynetdicom leaves it behind."""
    message = getattr(association.dimse, "message", None)
    path: Path | None = getattr(message, "_data_set_path", None)
    file: Any = getattr(message, "_data_set_file", None)
    if file is not None:
        file.close()
    if path is not None:
        path.unlink(missing_ok=True)
