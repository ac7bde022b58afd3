"""Stores: the resource through which definitions reach registry, results, checkpoints and reports.

Belongs here: opening what the settings name. Not here: binding to definitions (definitions.py).
"""

from pathlib import Path

import dagster as dg

from cardio_dagster.evidence.tasks import TierOptions
from cardio_dagster.modalities.branch import Options
from cardio_dagster.pipeline.branch_task import Workplace
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.records import study_results
from cardio_dagster.pipeline.standing import StandingReports
from cardio_dagster.settings import Settings, settings
from cardio_dagster.settings.urls import masked
from cardio_dagster.stores.checkpoints import ParquetCheckpoints
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.report_paths import REPORTS_DIR
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.results import ResultStore
from cardio_dagster.stores.site_key import site_key
from cardio_dagster.stores.studies import StudyRegistry
from cardio_dagster.stores.study_tables import StudyRow
from cardio_dagster.study import Study

# by what is shown: Dagster makes resources anew from their fields, which the UI shows, so no field may hold a password
_addresses: dict[str, str] = {}


class Stores(dg.ConfigurableResource["Stores"]):
    """Everything that is kept of studies, and the limits under which they run."""

    landing_dir: str
    store_dir: str
    database_shown: str
    checkpoints_shown: str
    report_url: str | None
    quiet_window_s: float
    scan_budget_s: float
    flood_threshold: int
    max_attempts: int
    max_file_mb: float
    max_study_mb: float
    memory_limit_mb: float | None
    batch_size: int
    model_catalogue: str | None
    threads: int
    enable_parallel_tier1: bool
    enable_parallel_tier2: bool
    parallel_timeout_ms: float
    evidence_notes: str | None
    score2_region: str | None
    image_deadline_s: float
    image_deadline_s_per_mb: float
    decision_deadline_s: float
    study_deadline_s: float
    breaker_failures: int
    breaker_reset_s: float
    escalation_file: str | None
    notices_dir: str
    anchor_dir: str
    retention_years: float
    window_days: float
    window_keys: int

    @classmethod
    def of(cls, settings: Settings) -> "Stores":
        """Return the stores that the settings name; opens nothing yet."""
        shared = set(cls.model_fields) & set(Settings.model_fields) - {
            "model_catalogue",
            "evidence_notes",
            "escalation_file",
            "anchor_dir",
        }
        return cls(
            landing_dir=str(settings.landing_dir),
            store_dir=str(settings.store_dir),
            database_shown=_shown(settings.database),
            checkpoints_shown=_shown(settings.checkpoints),
            model_catalogue=str(settings.model_catalogue) if settings.model_catalogue else None,
            evidence_notes=str(settings.evidence_notes) if settings.evidence_notes else None,
            escalation_file=str(settings.escalation_file) if settings.escalation_file else None,
            notices_dir=str(settings.notices_dir),
            anchor_dir=str(settings.anchors),
            **{name: getattr(settings, name) for name in shared},
        )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Make folders and tables on first use."""
        for folder in (self.landing_dir, self.store_dir):
            Path(folder).mkdir(parents=True, exist_ok=True)
        create_tables(connect(self.database_url))

    @property
    def database_url(self) -> str:
        """Return the URL of the database with its password; never a field, because the UI shows the fields of a resource."""
        return _addresses.get(self.database_shown, self.database_shown)

    @property
    def checkpoint_url(self) -> str:
        """Return the path or URL of the checkpoints; never a field, for the same reason."""
        return _addresses.get(self.checkpoints_shown, self.checkpoints_shown)

    @property
    def reports_dir(self) -> Path:
        """Return the folder of all reports."""
        return Path(self.store_dir) / REPORTS_DIR

    def site_key(self) -> bytes:
        """Return the key of pseudonyms and proofs; never a field, because the UI shows the fields of a resource."""
        return site_key(Path(self.store_dir), settings().site_key)

    def registry(self) -> StudyRegistry:
        """Return the registry of all studies that ever came."""
        return StudyRegistry(connect(self.database_url))

    def ledger(self) -> Ledger:
        """Return the audit ledger."""
        return Ledger(connect(self.database_url), self.site_key())

    def results(self) -> ResultStore:
        """Return the measurements, findings, scores, verdicts and releases."""
        return ResultStore(connect(self.database_url), self.reports_dir)

    def checkpoints(self) -> ParquetCheckpoints:
        """Return the Parquet checkpoints."""
        return ParquetCheckpoints(self.checkpoint_url)

    def reports(self, study: Study) -> ReportStore:
        """Return the written reports; once this revision is released or held, its report is never written again."""
        return StandingReports(self.reports_dir) if self.stands(study) else ReportStore(self.reports_dir)

    def stands(self, study: Study) -> bool:
        """Return whether this revision is released or held: neither its report nor its results are written again."""
        rows = self.results().released(study.study_id)
        return any(r.revision == study.revision and r.status != ReleaseStatus.ERROR.value for r in rows)

    def keep_results(self, dossier: Dossier) -> int:
        """Keep the rows of a study that does not stand yet; return how many measurements, findings and scores they are."""
        rows = study_results(dossier)
        if not self.stands(dossier.study):
            self.results().save(rows)
        return len(rows.measurements) + len(rows.findings) + len(rows.scores)

    def options(self, attempt: int = 1) -> Options:
        """Return the limits that the domain is held to; each further run of a study has half the batch."""
        return Options(
            batch_size=max(1, self.batch_size >> max(0, attempt - 1)),
            image_deadline_s=self.image_deadline_s,
            image_deadline_s_per_mb=self.image_deadline_s_per_mb,
            decision_deadline_s=self.decision_deadline_s,
            study_deadline_s=self.study_deadline_s,
            threads=self.threads,
            memory_limit_mb=self.memory_limit_mb,
            max_file_mb=self.max_file_mb,
            model_catalogue=self.model_catalogue,
            score2_region=self.score2_region,
        )

    def desk(self) -> Desk:
        """Return what the written part of a report may use."""
        checkpoints = Path(self.checkpoint_url)
        return Desk(
            TierOptions(self.enable_parallel_tier1, self.enable_parallel_tier2, self.parallel_timeout_ms),
            evidence_dir=str(Path(self.store_dir) / "evidence"),
            site_notes=self.evidence_notes,
            database_url=self.database_url,
            stored_dir=str(checkpoints) if checkpoints.is_dir() else None,
        )

    def workplace(self, study: Study) -> Workplace:
        """Return where one revision of a registered study is worked on."""
        row = self.row(study.study_id, study.revision)
        options = self.options(row.attempt)
        return Workplace(row.folder(Path(self.store_dir)), self.checkpoints(), options, self.desk())

    def row(self, study_id: str, revision: int | None = None) -> StudyRow:
        """Return a registered study; raises LookupError for one that intake never registered."""
        row = self.registry().get(study_id, revision)
        if row is None:
            raise LookupError(
                f"study {study_id} revision {revision or 'current'} is not registered; drop its files again"
            )
        return row


def _shown(url: str) -> str:
    """Return a URL without its password, and remember the whole of it for this process."""
    told = masked(url)
    _addresses[told] = url
    return told
