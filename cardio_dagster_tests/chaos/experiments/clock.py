"""The machine's clock set back by a day.

Belongs here: a whole tick and run under another clock, by libfaketime. Not here: what the ledger makes of it (stores/ledger/).
"""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from cardio_dagster.orchestration.escalating import escalate
from cardio_dagster_tests.chaos.bench import Bench, Experiment, Seen
from cardio_dagster_tests.chaos.checks import faults_of
from cardio_dagster_tests.chaos.hostile import text_as_dicom
from cardio_dagster_tests.chaos.site import Site

_LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
_MISSING = "libfaketime is not installed (apt-get install libfaketime)"


def set_clock_back(bench: Bench, repetitions: int) -> Seen:
    """Run a study, set the clock back by a day, tick and run the next one there, and go on with the right clock."""
    if _LIBRARY is None:
        return Seen(0, skipped=_MISSING)
    faults: list[str] = []
    with bench.site() as site:
        for number in range(repetitions):
            site.drop(bench.study(3 * number + 1), f"before-{number}")
            site.drop(partial(text_as_dicom, number=number), f"wrong-{number}")  # ends in ERROR, with a notice
            site.finish()
            escalate(site.stores)
            notices = _notices(site)
            site.drop(bench.study(3 * number + 2), f"under-{number}")
            faults += _finish_a_day_ago(site)
            escalate(site.stores)
            if not notices or not notices.items() <= _notices(site).items():
                faults.append("notices are gone or changed")
            site.drop(bench.study(3 * number + 3), f"after-{number}")
            site.finish()
        faults += faults_of(site, expect=4 * repetitions)
    return Seen(repetitions, tuple(faults), "1 day back, by libfaketime, in the daemon's tick and in the run")


def _notices(site: Site) -> dict[str, str]:
    """Return every notice that was written to the folder of notices, by its file name."""
    return {path.name: path.read_text() for path in sorted(site.settings.notices_dir.glob("*.json"))}


def _finish_a_day_ago(site: Site) -> list[str]:
    environment = {
        **os.environ,
        "LD_PRELOAD": str(_LIBRARY),
        "FAKETIME": "-1d",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
    }
    command = [sys.executable, "-W", "ignore", "-m", "cardio_dagster_tests.chaos.elsewhere", *site.words()]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=300)
    (site.root / "elsewhere.log").write_text(done.stdout + done.stderr)
    return [] if done.returncode == 0 else ["nothing ended under the clock that was set back"]


CLOCK = Experiment(
    "clock-back",
    "The clock set back by a day",
    "Ticks and runs go on, the study ends; the ledger's order and times do not run backwards; no notice is sent again.",
    set_clock_back,
    5,
)
