"""Dagster's daemon, which looks at the sensors each second: `python -m cardio_dagster.orchestration.daemon run -w FILE`.

Belongs here: one undocumented number of Dagster, and nothing else of the kind. Not here: the sensors (defs/), or starting
this process (serve/).

Dagster's own waits five seconds between two looks, whatever interval a sensor asks for: a third of what a STAT study may
take. How often each sensor is asked, its own `minimum_interval_seconds` says.
"""

import logging

from dagster._daemon import sensor
from dagster._daemon.cli import main as daemon

log = logging.getLogger(__name__)
LOOK_EVERY_S = 1.0
_NUMBER = "MIN_INTERVAL_LOOP_TIME"


def look_often() -> None:
    """Let this process look at the sensors each second; where a release of Dagster has no such number, its own way stays."""
    if not hasattr(sensor, _NUMBER):
        log.warning("this release of Dagster waits in another way between two looks at the sensors; its own stays")
        return
    setattr(sensor, _NUMBER, LOOK_EVERY_S)


def main() -> None:
    """Be the daemon, with its command line."""
    look_often()
    daemon()


if __name__ == "__main__":
    main()
