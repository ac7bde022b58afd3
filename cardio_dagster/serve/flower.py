"""Flower beside the workers: `python -m cardio_dagster.serve.flower PORT [ADDRESS]`, on this machine only by default.

Belongs here: starting it with the broker of CARDIO_BROKER_URL, which would stand in a command line otherwise.
Not here: the workers (worker.py).
"""

import os
import sys

from cardio_dagster.serve.connections import connections
from cardio_dagster.serve.site import HOST


def main(arguments: list[str]) -> None:
    """Become Flower; raises SystemExit with the cure where no broker is set."""
    broker = connections().broker_url
    if broker is None:
        raise SystemExit("CARDIO_BROKER_URL is not set; set it to redis://:PASSWORD@HOST:6379/0")
    os.environ["CELERY_BROKER_URL"] = broker.get_secret_value()
    address = arguments[1] if len(arguments) > 1 else HOST
    listening = [f"--address={address}", f"--port={arguments[0]}"]
    os.execv(sys.executable, [sys.executable, "-m", "celery", "flower", *listening])


if __name__ == "__main__":
    main(sys.argv[1:])
