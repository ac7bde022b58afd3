"""`python -m cardio_dagster.gateway.dicom --port N --aet TITLE`: the DICOM receiver as a process.

Belongs here: options, signals, and putting the parts together. Not here: any of the parts.

One process for one data folder; a second one says so and ends.
"""

import argparse
import logging
import signal
import sys
import threading
from functools import cache

from cardio_dagster.errors import SettingsError
from cardio_dagster.gateway.dicom.delivery import Courier
from cardio_dagster.gateway.dicom.inbox import Inbox, inbox_of
from cardio_dagster.gateway.dicom.receiver import Receiver, owner_of
from cardio_dagster.gateway.landing import Landing
from cardio_dagster.intake.limits import MEBIBYTE
from cardio_dagster.intake.moving import try_lock
from cardio_dagster.settings import DicomSettings, Settings, dicom_settings, require_valid_settings, settings

_log = logging.getLogger("cardio_dagster.gateway.dicom")


def main() -> None:
    """Receive until a signal ends it."""
    options = _options()
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s: %(message)s")
    try:
        require_valid_settings()
        _serve(options.host, options.port, options.aet, settings(), dicom_settings())
    except (SettingsError, OSError) as error:
        sys.exit(f"the DICOM receiver does not start: {error}")


def _serve(host: str, port: int, aet: str, site: Settings, chosen: DicomSettings) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    inbox = inbox_of(site, "dicom", chosen)
    if try_lock(inbox.folder / ".owner") is None:  # held until the process ends, however it ends
        raise SettingsError("another DICOM receiver works on this data folder; stop it, or set CARDIO_DATA_DIR")
    inbox.clean()
    receiver = Receiver(inbox, chosen, aet=aet, max_file_bytes=int(site.max_file_mb * MEBIBYTE))
    courier = courier_of(site, inbox, receiver)
    courier.start()
    bound = receiver.start(host, port)
    _log.info("%s listens on port %d for %s", aet, bound, chosen.peers or "any sender on this machine")
    stop.wait()
    receiver.stop()
    courier.stop()


def courier_of(site: Settings, inbox: Inbox, receiver: Receiver) -> Courier:
    """Return the courier of a receiver; its first delivery also finishes what a dead process left in the landing zone."""

    @cache
    def landing() -> Landing:
        found = Landing.of(site)
        found.recover()
        return found

    quiet, priority = receiver.quiet_s, receiver.priority_of
    return Courier(inbox, landing, door="dicom", quiet_s=quiet, priority_of=priority, owner_of=owner_of)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m cardio_dagster.gateway.dicom", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")
    parser.add_argument("--port", type=int, default=11112)
    parser.add_argument("--aet", default="CARDIO", help="our AE title; other called titles are rejected")
    return parser.parse_args()


if __name__ == "__main__":
    main()
