"""Flower beside the workers: `python -m cardio_dagster.serve.flower PORT [ADDRESS]`, on this machine only by default.

Belongs here: starting it with the broker of CARDIO_BROKER_URL, which would stand in a command line otherwise.
Not here: the workers (worker.py).
"""

import os
import sys

from cardio_dagster.errors import SettingsError
from cardio_dagster.serve.site import HOST
from cardio_dagster.settings import cluster_settings
from cardio_dagster.settings.urls import REDIS_FORM


def main(arguments: list[str]) -> None:
    """Become Flower; raises SystemExit with the cure where no broker is set."""
    try:
        broker = cluster_settings().broker_url
    except SettingsError as error:
        raise SystemExit(str(error)) from None
    if broker is None:
        raise SystemExit(f"CARDIO_BROKER_URL is not set; set it to {REDIS_FORM}")
    os.environ["CELERY_BROKER_URL"] = broker.get_secret_value()
    address = arguments[1] if len(arguments) > 1 else HOST
    listening = [f"--address={address}", f"--port={arguments[0]}"]
    os.execv(sys.executable, [sys.executable, "-m", "celery", "flower", *listening])


if __name__ == "__main__":
    main(sys.argv[1:])
