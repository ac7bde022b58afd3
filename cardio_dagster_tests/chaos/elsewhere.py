"""Finish what is open in a process of its own, in which the clock may be another: `python -m ... ROOT SETTINGS`.

Belongs here: ticks and runs in one process. Not here: setting the clock (experiments/clock.py).
"""

import json
import sys
from pathlib import Path

from cardio_dagster.orchestration.escalating import escalate
from cardio_dagster.settings import Settings
from cardio_dagster_tests.chaos.child import Teller, execute
from cardio_dagster_tests.chaos.site import Site


def main(root: str, settings_json: str) -> int:
    """Return 0 once nothing is open."""
    site = Site(Path(root), Settings(_env_file=None, **json.loads(settings_json)), Path(root) / "dagster")
    for _ in range(5):
        for run in site.tick():
            execute(site.order_to_start(run), Teller(None))
        if not site.open():
            break
    escalate(site.stores)
    left = len(site.open())
    site.close()
    return left


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
