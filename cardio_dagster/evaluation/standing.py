"""The standing run: what tonight is compared with.

Belongs here: keeping it as JSON, one a size. Not here: what replaces it (the first night, or a promotion).
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from cardio_dagster.errors import SettingsError
from cardio_dagster.evaluation.measure import Run
from cardio_dagster.stores.atomic import write_atomically

_encoder = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Standing:
    """The run that stands since a night, with every patient's sums, so that a later one is compared patient by patient."""

    night: str
    run: Run


def standing_path(folder: Path, size: str) -> Path:
    """Return where the standing run of a size lies."""
    return folder / f"standing-{size}.json"


def read_standing(folder: Path, size: str) -> Standing | None:
    """Return the standing run of a size; None before the first.

    Raises SettingsError for a file that is no standing run: to begin anew in silence would hide what became worse.
    """
    path = standing_path(folder, size)
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Standing)
    except msgspec.MsgspecError:
        cure = f"restore {path.name} in the store's folder evaluation from the backup, or remove it to begin anew"
        raise SettingsError(f"the standing evaluation cannot be read; {cure}") from None


def set_standing(folder: Path, standing: Standing) -> None:
    """Make a run the standing one of its size and forget those of other sizes, which other models made."""
    folder.mkdir(parents=True, exist_ok=True)
    mine = standing_path(folder, standing.run.size)
    write_atomically(mine, _encoder.encode(standing))
    for other in folder.glob("standing-*.json"):
        if other != mine and not _same_models(other, standing.run):
            other.unlink()


def _same_models(path: Path, run: Run) -> bool:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Standing).run
    except msgspec.MsgspecError:
        return False
    return (kept.models, kept.gates) == (run.models, run.gates)
