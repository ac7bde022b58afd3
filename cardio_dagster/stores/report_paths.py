"""Report paths: how tables name the place of a report.

Belongs here: the names, and nothing that loads more than the standard library. Not here: the files (reports.py).
"""

from pathlib import Path, PurePosixPath

REPORTS_DIR = "reports"  # below the store
_PARTS = 2  # of a report's place: its study and its version


def kept_path(folder: str | Path, root: Path) -> str:
    """Return the folder of a report as tables keep it: below `root`, so that a store may be moved or restored elsewhere.

    Raises ValueError for a folder that does not lie two deep below it.
    """
    inside = Path(folder).relative_to(root)
    if len(inside.parts) != _PARTS or ".." in inside.parts:
        raise ValueError("a report lies in <reports>/<study>/<version>")
    return inside.as_posix()


def path_of(kept: str, root: Path) -> Path:
    """Return the folder below `root` that a table names.

    Of an absolute path, which earlier releases wrote, its last two parts count: the layout below the reports was always this
    one, and the place above them may be that of another machine.
    """
    return root.joinpath(*PurePosixPath(kept).parts[-_PARTS:])


def version_folder(root: Path, study_id: str, revision: int, version: int) -> Path:
    """Return the folder of one version of a report, whether it exists or not; 1 is what the pipeline wrote."""
    return root / study_id / (f"r{revision}" if version == 1 else f"r{revision}.v{version}")
