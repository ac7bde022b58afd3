"""Archive: what is kept of studies, opened for reading by those who ask about the past.

Belongs here: opening what the settings name, and finding a study in it. Not here: writing anything; an auditor may
have no right to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from cardio_dagster.errors import CardioError
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.report_paths import REPORTS_DIR, version_folder
from cardio_dagster.stores.site_key import held_key
from cardio_dagster.stores.studies import StudyRegistry, StudyRow, UnknownStudyError

_NEEDED = ("studies", "ledger")


class NothingKeptError(CardioError, LookupError):
    """The settings name a place where no study was ever kept."""


@dataclass(frozen=True)
class Archive:
    """The stores of one installation: `store` is the folder of inputs and reports."""

    store: Path
    engine: sa.Engine
    ledger: Ledger

    @property
    def reports(self) -> Path:
        """The folder of all reports."""
        return self.store / REPORTS_DIR

    @property
    def registry(self) -> StudyRegistry:
        """The registry of all studies that ever came."""
        return StudyRegistry(self.engine)

    def row(self, study_id: str, revision: int | None = None) -> StudyRow:
        """Return one revision (default the current one) of a study.

        Raises UnknownStudyError, with the cure, for a study or a revision that is not registered.
        """
        row = self.registry.get(study_id, revision)
        if row is not None:
            return row
        held = self.registry.get(study_id)
        if held is None:
            raise UnknownStudyError(
                f"no study {study_id!r} is registered; take the id from the top of a report or from the "
                "partitions of Dagster (s- and 16 characters), and check that CARDIO_DATA_DIR is the right one"
            )
        raise UnknownStudyError(
            f"study {study_id} has no revision {revision}; choose --revision 1 to {held.current_revision}, or leave it out"
        )

    def report_folder(self, study_id: str, revision: int, version: int = 1) -> Path:
        """Return the folder of one version of a report, whether it exists or not; 1 is what the pipeline wrote."""
        return version_folder(self.reports, study_id, revision, version)

    def input_files(self, row: StudyRow) -> Iterator[tuple[str, tuple[Path, ...]]]:
        """Yield the id of each recording with all files that belong to it."""
        folder = row.folder(self.store)
        for recording in row.study.recordings:
            yield recording.recording_id, tuple(folder / name for name in (recording.path, *recording.companions))


def open_archive(chosen: Settings) -> Archive:
    """Return the archive that the settings name.

    Raises NothingKeptError, with the cure, where no database with studies and a ledger lies there, and SettingsError
    for a site key that cannot be used.
    """
    empty = NothingKeptError(
        "no studies are kept here; set CARDIO_DATA_DIR (and CARDIO_DATABASE_URL) to those of the installation"
    )
    url = sa.make_url(chosen.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise empty
    engine = connect(chosen.database)
    tables = sa.inspect(engine).get_table_names()
    if any(name not in tables for name in _NEEDED):
        raise empty
    return Archive(chosen.store_dir, engine, Ledger(engine, held_key(chosen.store_dir, chosen.site_key)))
