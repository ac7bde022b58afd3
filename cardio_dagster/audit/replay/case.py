"""The report that is to be rebuilt, with what is known of it.

Belongs here: its folders, its records and the frame of an answer. Not here: rebuilding (rebuild.py).
"""

from dataclasses import dataclass
from pathlib import Path

from cardio_dagster.audit.lineage.archive import Archive
from cardio_dagster.audit.lineage.story import FIRST_VERSION, Story, Told
from cardio_dagster.audit.replay.parts import Difference, Replay, Verdict
from cardio_dagster.reporting.parts import Report
from cardio_dagster.stores.studies import StudyRow


@dataclass(frozen=True)
class Case:
    """One report that is to be rebuilt: `report` is that of the first version, `version` the one that stands."""

    archive: Archive
    row: StudyRow
    story: Story
    report: Report
    version: int

    @property
    def versions(self) -> tuple[int, ...]:
        """The pipeline's own version and, where a person decided since, the one that stands."""
        return tuple(dict.fromkeys((FIRST_VERSION, self.version)))

    def folder(self, version: int) -> Path:
        """Return the folder of one version."""
        return self.archive.report_folder(self.row.study.study_id, self.row.study.revision, version)

    def closing(self, version: int) -> Told | None:
        """Return the record of the closing of one version."""
        return self.story.closing(self.row.study.revision, version)

    def answer(
        self,
        verdict: Verdict,
        *,
        compared: tuple[str, ...] = (),
        differences: tuple[Difference, ...] = (),
        reasons: tuple[str, ...] = (),
    ) -> Replay:
        """Return what came of it."""
        study = self.row.study
        return Replay(study.study_id, study.revision, self.version, verdict, compared, differences, reasons)
