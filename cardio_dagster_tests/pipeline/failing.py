"""Studies of two made-up modalities on disk, and verbs that fail so often: for the tests of the taxonomy."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from cardio_dagster.errors import (
    DependencyError,
    FailureClass,
    ModelHashError,
    ModelLoadError,
    StageTimeoutError,
    StudyError,
)
from cardio_dagster.modalities.branch import Branch, Options
from cardio_dagster.pipeline import retry
from cardio_dagster.pipeline.branch_task import Workplace
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.study_run import run_study
from cardio_dagster.stores.checkpoints import Checkpoints, MemoryCheckpoints
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.study import Recording, Study
from cardio_dagster_tests.pipeline.studies import beep_branch, study

ERRORS: dict[FailureClass, Exception] = {
    FailureClass.TIMEOUT: StageTimeoutError("DOE_JANE"),
    FailureClass.OUT_OF_MEMORY: MemoryError("DOE_JANE"),
    FailureClass.MODEL_LOAD: ModelLoadError("DOE_JANE"),
    FailureClass.TRANSIENT: ConnectionResetError("DOE_JANE"),
    FailureClass.VALIDATION: StudyError("E_VALID_001", "a value is missing"),
    FailureClass.CORRUPTED_INPUT: StudyError("E_CORRUPT_001", "cut"),
    FailureClass.CRITICAL_MODEL: ModelHashError("DOE_JANE"),
    FailureClass.INTERNAL: KeyError("DOE_JANE"),
}
A_DEPENDENCY = DependencyError("database", "does not answer")


def at_once(monkeypatch) -> None:
    """Let a retry follow at once."""
    rules = {c: replace(r, delay_s=0.0) for c, r in retry.RETRY_RULES.items()}
    monkeypatch.setattr(retry, "RETRY_RULES", rules)


def failing(intact, times: int, error: Exception):
    """Return a function that raises so often and then does what the intact one does, and the list of its calls."""
    calls: list[tuple] = []

    def function(*given, **named):
        calls.append(given)
        if len(calls) <= times:
            raise error
        return intact(*given, **named)

    return function, calls


def two_modalities(monkeypatch, **verbs) -> None:
    """Put `beep`, with some verbs replaced, and the intact `boop` in place."""
    from cardio_dagster.modalities import BRANCHES

    monkeypatch.setitem(BRANCHES, "beep", beep_branch(**verbs))
    monkeypatch.setitem(BRANCHES, "boop", boop_branch())


def boop_branch() -> Branch:
    """Return a modality like `beep` under another name."""
    plain = beep_branch()

    def analyse(*given):
        step = plain.analyse(*given)
        return replace(step, data=replace(step.data, modality="boop"))

    return replace(plain, name="boop", analyse=analyse)


def written_study(folder: Path) -> Study:
    """Write one recording of each made-up modality and return their study."""
    folder.mkdir(exist_ok=True)
    recordings = []
    for number, modality in enumerate(("beep", "boop"), start=1):
        content = f"{number} 2 3".encode()
        (folder / f"f{number}").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        recordings.append(Recording(f"r{number:02d}", f"f{number}", digest, len(content), modality, "raw"))
    return study(*recordings)


def carried(folder: Path, *, checkpoints: Checkpoints | None = None, **options) -> Dossier:
    """Run such a study through the plain door."""
    place = Workplace(folder / "in", checkpoints or MemoryCheckpoints(), Options(**{"threads": 1, **options}))
    return run_study(written_study(folder / "in"), place, ReportStore(folder / "out"))


def report_of(dossier: Dossier) -> dict:
    """Return the report.json of a dossier."""
    return json.loads((Path(dossier.report_path) / "report.json").read_text())
