"""An installation with studies in it that were run and recorded as the bulk door does, without a Dagster run."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg

from cardio_dagster.audit_record import Actor, ActorKind
from cardio_dagster.demo import studies
from cardio_dagster.demo.studies import drop
from cardio_dagster.orchestration.bulk import work_order
from cardio_dagster.orchestration.intake import scan_landing
from cardio_dagster.orchestration.recording import Teller
from cardio_dagster.orchestration.releasing import release_study
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.reviewing import continue_study
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.records import study_results
from cardio_dagster.pipeline.worker import work
from cardio_dagster.review.deciding import decide
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.review_words import Amendment, Choice, ReviewDecision
from cardio_dagster.stores.reviews import ReviewStore

SENSOR = Actor(ActorKind.SENSOR, "new_study_sensor")
Write = Callable[[Path], None]


class Kept:
    """One installation; `settings` is what the commands take."""

    def __init__(self, folder: Path, **chosen: object) -> None:
        self.settings = Settings(**{"data_dir": folder, "threads": 1, "quiet_window_s": 0.0, **chosen})
        self.stores = Stores.of(self.settings)
        self.stores.setup_for_execution(dg.build_init_resource_context())

    def take(self, write: Write, name: str = "drop") -> str:
        """Drop a study, let intake register it and return its id."""
        drop(write, self.settings.landing_dir, name)
        (taken,) = scan_landing(self.stores, None).accepted
        return taken.study_id

    def run(self, study_id: str, run_id: str = "run-1", *, actor: Actor = SENSOR, release: bool = True) -> Dossier:
        """Carry a registered study through every stage, record them and release it; return it as it was at FORMATTING."""
        passed = work(work_order(study_id, self.stores))
        teller = Teller(self.stores, actor, run_id, "bulk")
        teller.record_through(passed)
        written = passed[State.FORMATTING]
        if release:
            self.stores.results().save(study_results(written))
            release_study(written, teller)
        return written

    def decide(
        self, written: Dossier, choice: Choice, *amendments: Amendment, reason: str = "Read beside the tracing."
    ) -> None:
        """Let a reader decide on the version that stands, and write what follows."""
        study = written.study
        store = ReviewStore(connect(self.settings.database), self.stores.reports_dir)
        stands = store.standing(study.study_id, study.revision)
        decision = ReviewDecision(
            study.study_id, study.revision, stands.version, stands.report_sha256, choice, reason,
            "mk", "reader", "2026-11-22T14:05:00.000+00:00", amendments,
        )  # fmt: skip
        decide(decision, store=store, ledger=self.stores.ledger())
        continue_study(written, self.stores, self.stores.ledger(), actor=SENSOR)

    def report(self, study_id: str, folder: str = "r1") -> Path:
        """Return the folder of a report."""
        return self.settings.store_dir / "reports" / study_id / folder

    def input_of(self, study_id: str, recording_id: str) -> Path:
        """Return the file of a recording in the store."""
        row = self.stores.row(study_id)
        path = next(r.path for r in row.study.recordings if r.recording_id == recording_id)
        return row.folder(self.settings.store_dir) / path

    def copy(self, folder: Path) -> "Kept":
        """Return a copy of everything, to be spoilt."""
        connect(self.settings.database).dispose()
        shutil.copytree(self.settings.data_dir, folder)
        return Kept(folder)


FACTS = {  # enough for most scores, so that the report is released
    "age_years": 61, "sex": "F", "height_cm": 171, "weight_kg": 78, "sbp_mmhg": 128, "dbp_mmhg": 86,
    "total_cholesterol_mmol_l": 5.2, "hdl_cholesterol_mmol_l": 1.3, "egfr_ml_min_1_73m2": 80,
    "diabetes": False, "smoker": False, "hypertension": False, "heart_failure": False, "stroke": False,
    "vascular_disease": False, "antihypertensive_treatment": False, "statin": False,
}  # fmt: skip


def plain(folder: Path) -> None:
    """Write a study of metadata alone, the quickest that is released."""
    (folder / "metadata.json").write_text(json.dumps({"patient": FACTS}))


def of_patient(patient_id: str, *, seed: int) -> Write:
    """Return a writer of an ECG of a patient whom its metadata name."""

    def write(folder: Path) -> None:
        studies.ecg_only(folder, seed=seed)
        (folder / "metadata.json").write_text(json.dumps({"patient": {"mrn": patient_id, **FACTS}}))

    return write
