"""A study from a path, for the command line: nothing is moved, claimed or registered."""

from datetime import UTC, datetime
from pathlib import Path

from cardio_dagster.errors import StudyError, problem
from cardio_dagster.intake.assemble import Arrival, assemble, study_id_of
from cardio_dagster.intake.control import read_control
from cardio_dagster.intake.files import GoodFile, Inspection, Inspector, Sniff, content_hash
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.moving import link_or_copy
from cardio_dagster.intake.names import CONTROL_FILE
from cardio_dagster.intake.patient import Identify, whose
from cardio_dagster.outcome import Problem
from cardio_dagster.study import Priority, Study


def study_from_path(
    path: Path, *, workdir: Path, sniff: Sniff, identify: Identify, limits: IntakeLimits
) -> tuple[Study, Path, tuple[Problem, ...]]:
    """Return the study at `path`, the folder that its recordings are relative to, and what was left out.

    `path` is a folder, an archive or one file; a single file brings the companions that its
    format needs (`.hea` its `.dat`). The folder is the file's own where nothing had to be
    unpacked, else one below `workdir`, which must be new or empty. Recordings of different patients
    are a problem of the study (E_INTAKE_009); whose it is, is not noted.

    Raises StudyError: E_INTAKE_006 if the path does not exist or cannot be read, E_HARD_004 if the study is
    too large, E_HARD_001 if nothing in it can be a recording and nothing else was wrong.
    """
    try:
        root, names = _entries(path.resolve(strict=True), sniff)
        found = Inspector(workdir / "unpacked", sniff, limits).inspect(root, names)
    except OSError as error:
        raise StudyError("E_INTAKE_006", "the path cannot be read", seen=type(error).__name__) from None
    if not found.content:
        raise _refusal(found)
    folder = _in_one_folder(root, found.files, workdir / "study")
    digest = content_hash(found.files)
    control = read_control(folder / CONTROL_FILE) if any(f.relative == CONTROL_FILE for f in found.files) else None
    received_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    priority = control.priority if control else Priority.ROUTINE
    arrival = Arrival(study_id_of(digest), 1, digest, received_at, priority)
    study = assemble(folder, found.files, arrival, sniff=sniff)
    told = control.problems if control else ()
    return study, folder, (*found.problems, *told, *whose(folder, study.recordings, identify).problems)


def _entries(path: Path, sniff: Sniff) -> tuple[Path, tuple[str, ...] | None]:
    if path.is_dir():
        return path, None
    kind = sniff(path)
    companions = kind[1].companions if kind else ()
    beside = sorted(other.name for other in companions if other.parent == path.parent)
    return path.parent, (path.name, *beside)


def _in_one_folder(root: Path, files: list[GoodFile], target: Path) -> Path:
    """Return a folder in which every file lies at its relative path: `root`, or `target` made of links."""
    if all(file.path == root / file.relative for file in files):
        return root
    for file in files:
        link_or_copy(file.path, target / file.relative)
    return target


def _refusal(found: Inspection) -> StudyError:
    first = found.problems[0] if found.problems else problem("E_HARD_001", "nothing at the path can be a recording")
    return StudyError(first.code, first.message, seen=first.seen, allowed=first.allowed, cure=first.cure)
