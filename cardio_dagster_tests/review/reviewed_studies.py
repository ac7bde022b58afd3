"""A small real study with its report, decisions on it, and a ledger for the tests of reviews."""

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import sqlalchemy as sa

from cardio_dagster.audit_contents import ReportClosed
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.commands.process import process_one
from cardio_dagster.demo.studies import ecg_only, fibrillation, nothing_valid
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.modalities.branch import Options
from cardio_dagster.orchestration.releasing import RUN_DEPENDENT
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.ledger.row_proofs import release_key
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.results import ReleaseRow, ResultStore
from cardio_dagster.stores.review_words import Choice, ReviewDecision
from cardio_dagster.stores.reviews import ReviewStore

SENSOR = Actor(ActorKind.SENSOR, "review_sensor")
AT = "2026-11-22T14:05:00+00:00"


@cache
def processed(kind: str = "ecg") -> Dossier:
    """Return a finished study of one ECG and metadata, or one that ended in ERROR, made once a process."""
    folder = Path(mkdtemp(prefix="cardio-review-"))
    (folder / "study").mkdir()
    if kind == "error":
        nothing_valid(folder / "study")
    else:
        fibrillation(folder / "study")
        ecg_only(folder / "study")
    limits, options = IntakeLimits(), Options(threads=1)
    return process_one(folder / "study", out=folder / "out", options=options, limits=limits, desk=Desk())


@dataclass(frozen=True)
class Site:
    """A database and a folder of reports with one decided study in it."""

    engine: sa.Engine
    root: Path
    dossier: Dossier
    ledger: Ledger

    @property
    def store(self) -> ReviewStore:
        return ReviewStore(self.engine, self.root)

    @property
    def reports(self) -> ReportStore:
        return ReportStore(self.root)

    def decision(self, choice: Choice = Choice.ACCEPT, **changes) -> ReviewDecision:
        """Return a decision on the version that stands."""
        study_id = self.dossier.study.study_id
        stands = self.store.standing(study_id)
        plain = {"reason": "Read beside the tracing.", "by": "M. Keller", "role": "reader", "at": AT}
        return ReviewDecision(
            study_id, stands.revision, stands.version, stands.report_sha256, choice, **{**plain, **changes}
        )


def site(engine: sa.Engine, root: Path, *, kind: str = "ecg", status: str = "held") -> Site:
    """Put the report of a study into a store and record its release, held unless told otherwise, as the pipeline does."""
    dossier = processed(kind)
    files = {p.name: p.read_bytes() for p in Path(dossier.report_path).iterdir()}
    folder = ReportStore(root).save(dossier.study.study_id, dossier.study.revision, files)
    decided = replace(dossier.release, status=type(dossier.release.status)(status))
    made = Site(engine, root, replace(dossier, report_path=str(folder), release=decided), Ledger(engine, b"k" * 32))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != RUN_DEPENDENT}
    close(made, sha256=hashes["report.html"], status=status, files=hashes)
    return made


def close(made: Site, *, sha256: str, status: str, revision: int = 1, files: dict[str, str] | None = None) -> None:
    """Record a release and open its review, as the closing transaction does."""
    study_id = made.dossier.study.study_id
    state = State.ERROR if made.dossier.failed else State.COMPLETE
    path = str(made.reports.folder(study_id, revision))
    row = ReleaseRow(study_id, revision, status, state, "ECG_ONLY", None, ("a gate did not pass",), path, sha256, AT)
    with made.engine.begin() as connection:
        ResultStore(made.engine, made.root).release(row, connection=connection)
        told = ReportClosed(status, state.name, "ECG_ONLY", 1, files or {"report.html": sha256})
        key = release_key(study_id, revision, status, sha256)
        made.ledger.append(Entry(Kind.REPORT_CLOSED, SENSOR, told, study_id, revision, key), connection=connection)
        if status != "released":
            made.store.open(study_id, revision, 1, sha256, ("a gate did not pass",), at=AT, connection=connection)
