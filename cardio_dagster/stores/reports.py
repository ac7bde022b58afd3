"""Reports: the response to each revision of each study, as files that a person opens.

Belongs here: writing and finding the files of a report. Not here: what stands in them (reporting/), or how tables name their
place (report_paths.py).
"""

import os
import shutil
from pathlib import Path

from cardio_dagster.errors import REPORTS, DependencyError
from cardio_dagster.stores.atomic import draft_of, why, write_atomically
from cardio_dagster.stores.report_paths import version_folder


class ReportStore:
    """Reports below `root`: <study>/r<revision>/report.{json,html}, later versions in r<revision>.v<version>/."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, study_id: str, revision: int, version: int = 1) -> Path:
        """Return the folder of one version of a revision's report, whether it exists or not."""
        return version_folder(self._root, study_id, revision, version)

    def save(self, study_id: str, revision: int, files: dict[str, bytes]) -> Path:
        """Write the files, each in one step that a crash cannot leave half done, remove others; return their folder.

        A format that an earlier response had and this one has not would contradict it. DependencyError, without a
        path, where they cannot be written.
        """
        folder = self.folder(study_id, revision)
        try:
            for name, content in files.items():
                write_atomically(folder / name, content)
            _leave_only(folder, files)
        except OSError as error:
            raise DependencyError(REPORTS, f"the report of {study_id} cannot be kept: {why(error)}") from None
        return folder

    def save_version(self, study_id: str, revision: int, version: int, files: dict[str, bytes]) -> Path:
        """Put a whole folder in its place in one step; return it.

        What lies there of an earlier attempt that was not recorded is replaced, unless it is the same. Of two writers of the
        same files one does it. Raises ValueError for version 1, which is the pipeline's own.
        """
        if version <= 1:
            raise ValueError(f"version {version} is written by save(); a person's decision makes version 2 or later")
        folder = self.folder(study_id, revision, version)
        with draft_of(folder, is_folder=True) as draft:
            for name, content in files.items():
                write_atomically(draft / name, content)
            _put_in_place(draft, folder, files)
        return folder


def _leave_only(folder: Path, files: dict[str, bytes]) -> None:
    for path in folder.iterdir():
        if path.is_file() and path.name not in files:
            path.unlink()


def _put_in_place(draft: Path, folder: Path, files: dict[str, bytes]) -> None:
    try:
        draft.replace(folder)  # refused where a folder with files stands there
    except OSError:
        if not _holds(folder, files):
            folder.replace(draft.with_name(f"{draft.name}.former"))
            draft.replace(folder)
            shutil.rmtree(draft.with_name(f"{draft.name}.former"), ignore_errors=True)
    parent = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(parent)  # the new name itself reaches the disk
    finally:
        os.close(parent)


def _holds(folder: Path, files: dict[str, bytes]) -> bool:
    try:
        return {path.name: path.read_bytes() for path in folder.iterdir()} == files
    except OSError:
        return False
