"""The full form: `python -m cardio_dagster_tests.chaos [--only KEY ...] [--repetitions N] [--database SQLite]`.

Belongs here: going through the experiments and keeping their rows. Not here: any experiment.
"""

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

import psutil

from cardio_dagster_tests.chaos.bench import POSTGRES, SQLITE, Bench, Experiment, Seen, stolen
from cardio_dagster_tests.chaos.experiments import (
    clock,
    cluster_load,
    daemon,
    deliveries,
    disk_full,
    flood,
    kills,
    ledger,
    outages,
    restore,
)
from cardio_dagster_tests.chaos.postgres import Server
from cardio_dagster_tests.chaos.table import DOCS, keep, row_of

EXPERIMENTS = (
    kills.EVERY_STATE,
    outages.POSTGRES_AWAY,
    disk_full.STORE,
    disk_full.DATABASE,
    clock.CLOCK,
    daemon.DAEMON,
    deliveries.TWICE,
    deliveries.SLOW,
    deliveries.EARLY,
    flood.FLOOD,
    restore.RESTORE,
    ledger.TAMPERING,
    ledger.MILLION,
    cluster_load.LOAD,
)


def main() -> int:
    """Run what was asked for; return 1 if anything was not as expected."""
    asked = _arguments()
    logging.disable(logging.INFO)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = [e for e in EXPERIMENTS if not asked.only or e.key in asked.only]
    good = True
    for database in (asked.database,) if asked.database else (SQLITE, POSTGRES):
        for experiment in chosen:
            if database in experiment.databases:
                seen = _run(experiment, database, asked.repetitions or experiment.repetitions)
                keep(row_of(experiment, database, seen), asked.docs)
                good = good and not seen.faults
    return 0 if good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cardio_dagster_tests.chaos", description="Break things and look.")
    parser.add_argument("--only", nargs="*", choices=[e.key for e in EXPERIMENTS], help="these experiments")
    parser.add_argument("--repetitions", type=int, help="so many instead of each experiment's own number")
    parser.add_argument("--database", choices=[SQLITE, POSTGRES], help="on this one only")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of reliability.md and reliability.json")
    return parser.parse_args()


def _run(experiment: Experiment, database: str, repetitions: int) -> Seen:
    """Run one experiment in a folder of its own, which stays where something was not as expected."""
    folder = Path(tempfile.mkdtemp(prefix=f"chaos-{experiment.key}-"))
    server = Server(folder / "postgres") if database == POSTGRES else None
    started_s, before = time.monotonic(), psutil.cpu_times()
    try:
        seen = experiment.run(Bench(folder, database, server), repetitions)
    except Exception:
        traceback.print_exc()
        seen = Seen(repetitions, ("the experiment itself broke off",))
    finally:
        if server is not None:
            server.close()
    seen = replace(seen, figures=f"{seen.figures}{stolen(before, psutil.cpu_times())}")
    told = seen.skipped or "; ".join(seen.faults) or "as expected"
    print(f"{time.monotonic() - started_s:6.0f} s  {experiment.title}, {database}: {told} ({seen.figures})", flush=True)  # noqa: T201
    if not seen.faults:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"         what was left: {folder}", flush=True)  # noqa: T201
    return seen


if __name__ == "__main__":
    sys.exit(main())
