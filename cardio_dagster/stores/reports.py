"""Reports: the response to each revision of each study, as files that a person opens.

Belongs here: where report.json and report.html lie. Not here: what stands in them (reporting/).
"""

from pathlib import Path

from cardio_dagster.stores.checkpoints import write_atomically


class ReportStore:
    """Reports below `root`: <study>/r<revision>/report.{json,html}."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, study_id: str, revision: int) -> Path:
        """Return the folder of one revision's report, whether it exists or not."""
        return self._root / study_id / f"r{revision}"

    def save(self, study_id: str, revision: int, files: dict[str, bytes]) -> Path:
        """Write the files, each in one step that a crash cannot leave half done; return their folder."""
        folder = self.folder(study_id, revision)
        for name, content in files.items():
            write_atomically(folder / name, content)
        return folder
