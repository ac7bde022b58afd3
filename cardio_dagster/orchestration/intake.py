"""What the intake sensor does, as functions of the stores.

Belongs here: one scan with the installation's settings, and closing what was given up.
"""

import logging
import time
from pathlib import Path

from cardio_dagster.audit_record import Actor, ActorKind
from cardio_dagster.errors import problem
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.scan import ScanResult, scan
from cardio_dagster.modalities import identify_file, sniff_file
from cardio_dagster.orchestration.configuration import record_configuration
from cardio_dagster.orchestration.receipts import record_taken
from cardio_dagster.orchestration.recording import Teller
from cardio_dagster.orchestration.releasing import release_study
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import State, Status
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.settled import LAST_ATTEMPT, settle_response
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.priors import PriorStore
from cardio_dagster.stores.study_tables import StudyRow

log = logging.getLogger(__name__)

INTAKE = Actor(ActorKind.SENSOR, "new_study_sensor")


def scan_landing(stores: Stores, cursor: str | None, actor: Actor = INTAKE) -> ScanResult:
    """Take, register and record what is complete in the landing zone, within the budget of a tick."""
    store = Path(stores.store_dir)
    record_configuration(stores, actor)
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
        witness=lambda taken: record_taken(taken, stores, actor),
    )


def close_exhausted(rows: tuple[StudyRow, ...], stores: Stores, actor: Actor = INTAKE) -> int:
    """Write the error response of studies whose every run died, and close them; return how many.

    What spoilt the runs may spoil the response too (a full disk). Such a study stays open for
    the next tick, and the others are not held up by it.
    """
    closed = 0
    for row in rows:
        try:
            _close(row, stores, actor)
        except Exception as error:
            log.error("%s could not be given up: %s", row.study.study_id, type(error).__name__)
            continue
        closed += 1
    return closed


def _close(row: StudyRow, stores: Stores, actor: Actor) -> None:
    stop = problem("E_RETRIES_001", "every run of the study died", seen=f"{row.attempt} attempts")
    opened = Dossier(row.study, study_problems=(*row.problems, stop)).enter(
        State.RECEIPT, status=Status.FAILED, duration_ms=0.0, peak_memory_mb=0.0
    )
    reports, place = stores.reports(row.study), stores.workplace(row.study)
    answered = settle_response(opened.fail(stop.code), reports, place, attempt=LAST_ATTEMPT)
    stores.keep_results(answered)
    teller = Teller(stores, actor, f"given-up:{row.study.study_id}:r{row.study.revision}:a{row.attempt}", "sensor")
    teller.record(None, answered, "receipt")
    release_study(answered, teller)
