"""Whether a received file is still there, small enough and the one that came.

Belongs here: looking at the files of the store once more. Not here: taking them in (intake/) or reading them (modalities/).
"""

import hashlib
from pathlib import Path

from cardio_dagster import deadline
from cardio_dagster.errors import problem
from cardio_dagster.modalities.branch import Options
from cardio_dagster.outcome import Problem
from cardio_dagster.study import Recording

RECEIPT_STOPS = ("E_HARD_004", "E_INTAKE_006", "E_INTAKE_010")


def receipt_problems(recording: Recording, input_dir: Path, options: Options) -> tuple[Problem, ...]:
    """Return what is wrong with the files of a recording, by the first of them that is: gone, too large, changed."""
    paths = [input_dir / name for name in (recording.path, *recording.companions)]
    about = recording.recording_id
    if not all(path.is_file() for path in paths):
        return (problem("E_INTAKE_006", "a received file is gone from the store", recording_id=about),)
    size_mb = paths[0].stat().st_size / 2**20
    if size_mb > options.max_file_mb:
        seen, allowed = f"{size_mb:.1f} MB", f"at most {options.max_file_mb:g} MB"
        return (problem("E_HARD_004", "a file is too large", seen=seen, allowed=allowed, recording_id=about),)
    found = _joint_sha256(paths)
    if found == recording.sha256:
        return ()
    seen, allowed = f"SHA-256 {found[:12]}", f"SHA-256 {recording.sha256[:12]}, as it was received"
    changed = "a received file is not the one that came"
    return (problem("E_INTAKE_010", changed, seen=seen, allowed=allowed, recording_id=about),)


def _joint_sha256(paths: list[Path]) -> str:
    """Return the hash of a file, or over the sorted hashes of several, as intake counts it (intake/assemble.py)."""
    digests = [_sha256(path) for path in paths]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _sha256(path: Path) -> str:
    deadline.check()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
