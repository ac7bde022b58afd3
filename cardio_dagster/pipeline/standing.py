"""StandingReports: the reports of a released revision, which nothing writes again.

A run repeated after its release (killed before the registry was told, or launched by hand)
must not change the document whose hash the release recorded.
"""

from pathlib import Path

from cardio_dagster.stores.reports import ReportStore


class StandingReports(ReportStore):
    """A report store that names the folder of a report and leaves what lies there."""

    def save(self, study_id: str, revision: int, files: dict[str, bytes]) -> Path:
        """Return the folder of the report that stands; `files` are dropped."""
        return self.folder(study_id, revision)
