"""BranchTask and Workplace: what is to be done, and where.

Belongs here: the unit of the fan-out and the key that decides whether its work must be
repeated. Not here: the work (branch_stage.py).
"""

from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from cardio_dagster.errors import MachineError
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.modalities.branch import Branch, Options
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.clock import StudyClock
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.versions import STAGE_VERSIONS, digest
from cardio_dagster.stores.checkpoints import Checkpoints
from cardio_dagster.study import Study


@dataclass(frozen=True)
class Workplace:
    """Where a study's stages find their input and leave their results, and what they may use."""

    input_dir: Path
    checkpoints: Checkpoints
    options: Options
    desk: Desk = field(default_factory=Desk)
    pool: Executor | None = None  # recordings run in parallel on it, one after the other without
    clock: StudyClock = field(default_factory=StudyClock)


@dataclass(frozen=True)
class BranchTask:
    """One modality of one study, about to enter a state."""

    study: Study
    state: State
    modality: str

    @property
    def branch(self) -> Branch:
        """The modality's verbs."""
        return BRANCHES[self.modality]

    @property
    def size_mb(self) -> float:
        """How much the modality's recordings take as files, 10^6 bytes."""
        return sum(r.size_bytes for r in self.study.of(self.modality)) / 1e6

    def key(self, options: Options) -> str:
        """Return the hash of all that decides the result: contents, code of this and earlier stages, models."""
        contents = [f"{r.recording_id}:{r.sha256}:{r.format}" for r in self.study.of(self.modality)]
        stages = [f"{s.name}{v}" for s, v in STAGE_VERSIONS.items() if s <= self.state]
        return digest(*contents, *stages, self.branch.code_version, self.models(options))

    def models(self, options: Options) -> str:
        """Return the hashes of the models in use; where they cannot be told, the verb that needs them says why."""
        try:
            return self.branch.models(options)
        except MachineError:
            return "unknown"
