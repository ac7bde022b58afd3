"""Where a supervisor says what it does.

Belongs here: its log file and its screen. Not here: the logs of its services (service_process.py).
"""

import logging
import time

from cardio_dagster.serve.site import Site

LOGGER = "cardio.supervisor"


def log_to(site: Site, *, screen: bool) -> None:
    """Send what a supervisor says to run/supervisor.log, in UTC, and to the screen if asked."""
    site.run_dir.mkdir(parents=True, exist_ok=True)
    form = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    handlers: list[logging.Handler] = [logging.FileHandler(site.run_dir / "supervisor.log")]
    for handler in [*handlers, logging.StreamHandler()] if screen else handlers:
        handler.setFormatter(form)
        logging.getLogger(LOGGER).addHandler(handler)
    logging.getLogger(LOGGER).setLevel(logging.INFO)
