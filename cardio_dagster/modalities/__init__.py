"""The registry of modalities: the one place to edit when a modality is added.

Belongs here: the list of branches and the question "whose file is this?". Not here: any
format or measurement.
"""

from pathlib import Path

from cardio_dagster.modalities import clinical, ecg, echo
from cardio_dagster.modalities.branch import Branch, Sniffed

BRANCHES: dict[str, Branch] = {branch.name: branch for branch in (ecg.BRANCH, echo.BRANCH, clinical.BRANCH)}


def sniff_file(path: Path) -> tuple[str, Sniffed] | None:
    """Return the modality that recognises the content of `path`, and as what; None if none does."""
    for branch in BRANCHES.values():
        sniffed = branch.sniff(path)
        if sniffed is not None:
            return branch.name, sniffed
    return None
