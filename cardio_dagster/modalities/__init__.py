"""The registry of modalities: the one place to edit when a modality is added.

Belongs here: the list of branches and the questions "whose file is this?" and "of which patient?".
Not here: any format or measurement.
"""

from pathlib import Path

from cardio_dagster.modalities import clinical, ecg, echo
from cardio_dagster.modalities.branch import Branch, Sniffed
from cardio_dagster.modalities.clinical import identity as clinical_identity
from cardio_dagster.modalities.ecg import identity as ecg_identity
from cardio_dagster.modalities.echo import identity as echo_identity
from cardio_dagster.modalities.identity import StatedId

BRANCHES: dict[str, Branch] = {branch.name: branch for branch in (ecg.BRANCH, echo.BRANCH, clinical.BRANCH)}
_IDENTITIES = {
    "ecg": ecg_identity.patient_ids,
    "echo": echo_identity.patient_ids,
    "clinical": clinical_identity.patient_ids,
}


def sniff_file(path: Path) -> tuple[str, Sniffed] | None:
    """Return the modality that recognises the content of `path`, and as what; None if none does."""
    for branch in BRANCHES.values():
        sniffed = branch.sniff(path)
        if sniffed is not None:
            return branch.name, sniffed
    return None


def identify_file(path: Path, modality: str, format: str) -> tuple[StatedId, ...]:
    """Return the patient identifiers that a recording states; empty where it states none or cannot be read.

    Only headers are read. Never raises, whatever the bytes: a damaged file is for its reader to refuse.
    """
    try:
        return _IDENTITIES[modality](path, format) if modality in _IDENTITIES else ()
    except Exception:  # hostile bytes meet many parsers here; what they say may quote the file
        return ()
