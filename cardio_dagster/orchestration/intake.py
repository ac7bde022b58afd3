"""What the intake sensor does, as functions of the stores.

Belongs here: one scan with the installation's settings, and closing what was given up.
"""

import time
from pathlib import Path

from cardio_dagster.errors import problem
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.pseudonym import load_key
from cardio_dagster.intake.scan import ScanResult, scan
from cardio_dagster.modalities import sniff_file
from cardio_dagster.orchestration.releasing import release_study
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import State, Status
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.formatting import format_response
from cardio_dagster.stores.study_tables import StudyRow


def scan_landing(stores: Stores, cursor: str | None) -> ScanResult:
    """Take and register what is complete in the landing zone, within the budget of a tick."""
    store = Path(stores.store_dir)
    return scan(
        Path(stores.landing_dir),
        store,
        stores.registry(),
        cursor=cursor,
        now=time.time(),
        budget_s=stores.scan_budget_s,
        sniff=sniff_file,
        key=load_key(store / "site.key"),
        limits=IntakeLimits(max_file_mb=stores.max_file_mb, max_study_mb=stores.max_study_mb),
        quiet_window_s=stores.quiet_window_s,
    )


def close_exhausted(rows: tuple[StudyRow, ...], stores: Stores) -> int:
    """Write the error response of studies whose every run died, and close them; return how many."""
    for row in rows:
        stop = problem("E_RETRIES_001", "every run of the study died", seen=f"{row.attempt} attempts")
        opened = Dossier(row.study, study_problems=(*row.problems, stop)).enter(
            State.RECEIPT, status=Status.FAILED, duration_ms=0.0, peak_memory_mb=0.0
        )
        release_study(format_response(opened.fail(stop.code), stores.reports()), stores)
    return len(rows)
