"""What the intake sensor does, as functions of the stores.

Belongs here: one scan with the installation's settings, and closing what was given up.
"""

import logging
import time
from pathlib import Path

from cardio_dagster.errors import problem
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.scan import ScanResult, scan
from cardio_dagster.modalities import identify_file, sniff_file
from cardio_dagster.orchestration.releasing import release_study
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import State, Status
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.formatting import format_response
from cardio_dagster.pipeline.records import study_results
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.priors import PriorStore
from cardio_dagster.stores.study_tables import StudyRow

log = logging.getLogger(__name__)


def scan_landing(stores: Stores, cursor: str | None) -> ScanResult:
    """Take and register what is complete in the landing zone, within the budget of a tick."""
    store = Path(stores.store_dir)
    return scan(
        Path(stores.landing_dir),
        store,
        stores.registry(),
        PriorStore(connect(stores.database_url)),
        cursor=cursor,
        now=time.time(),
        budget_s=stores.scan_budget_s,
        sniff=sniff_file,
        identify=identify_file,
        key=stores.site_key(),
        limits=IntakeLimits(max_file_mb=stores.max_file_mb, max_study_mb=stores.max_study_mb),
        quiet_window_s=stores.quiet_window_s,
    )


def close_exhausted(rows: tuple[StudyRow, ...], stores: Stores) -> int:
    """Write the error response of studies whose every run died, and close them; return how many.

    What spoilt the runs may spoil the response too (a full disk). Such a study stays open for
    the next tick, and the others are not held up by it.
    """
    closed = 0
    for row in rows:
        try:
            _close(row, stores)
        except Exception as error:
            log.error("%s could not be given up: %s", row.study.study_id, type(error).__name__)
            continue
        closed += 1
    return closed


def _close(row: StudyRow, stores: Stores) -> None:
    stop = problem("E_RETRIES_001", "every run of the study died", seen=f"{row.attempt} attempts")
    opened = Dossier(row.study, study_problems=(*row.problems, stop)).enter(
        State.RECEIPT, status=Status.FAILED, duration_ms=0.0, peak_memory_mb=0.0
    )
    answered = format_response(opened.fail(stop.code), stores.reports(row.study), stores.desk())
    stores.results().save(study_results(answered))
    release_study(answered, stores)
