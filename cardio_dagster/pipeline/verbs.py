"""The verb of a state, bound to each recording that came so far.

Belongs here: which verb a state calls and which data it hands over. Not here: calling it
(branch_stage.py).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from cardio_dagster.modalities.branch import Options
from cardio_dagster.outcome import State, Step
from cardio_dagster.pipeline.branch_task import BranchTask, Workplace

Call = Callable[[], Step[Any]]
Kept = Callable[[State, type], dict[str, Any]]  # the data of an earlier state, made again where they are lost


def bound_verbs(task: BranchTask, place: Workplace, options: Options, kept: Kept) -> dict[str, Call]:
    """Return the call to make for each recording that the former state left data of; raises what `kept` raises."""
    branch = task.branch
    match task.state:
        case State.VALIDATION:
            paths = {r.recording_id: place.input_dir / r.path for r in task.study.of(task.modality)}
            return {rid: partial(branch.validate, path, options) for rid, path in paths.items()}
        case State.PREPROCESSING:
            valid = kept(State.VALIDATION, branch.valid_type)
            return {rid: partial(branch.preprocess, v, options) for rid, v in valid.items()}
        case State.DETECTION:
            prepared = kept(State.PREPROCESSING, branch.prepared_type)
            return {rid: partial(branch.detect, p, options) for rid, p in prepared.items()}
        case State.ANALYSIS:
            prepared = kept(State.PREPROCESSING, branch.prepared_type)
            detected = kept(State.DETECTION, branch.detected_type)
            return {rid: partial(branch.analyse, prepared[rid], d, rid, options) for rid, d in detected.items()}
        case _:
            raise ValueError(f"{task.state.name} does not fan out over modalities")
