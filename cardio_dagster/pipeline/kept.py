"""What an earlier state left behind: read from its checkpoint, and made again where that is gone or spoilt.

Belongs here: going back as many states as it takes. Not here: the work of a state (branch_stage.py) or telling a spoilt
file from a whole one (stores/checkpoints.py).
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cardio_dagster.errors import StudyError
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.branch_task import BranchTask, Workplace
from cardio_dagster.stores.checkpoints import BranchResult

log = logging.getLogger(__name__)
Make = Callable[[BranchTask, Workplace], BranchResult[Any]]


def kept_data(task: BranchTask, place: Workplace, state: State, kind: type, *, make: Make) -> dict[str, Any]:
    """Return the data that `state` left of the modality of `task`, by recording id.

    A checkpoint that is gone or does not match its own hash is made again by `make` and kept. Raises what making or keeping it raises, and
    StudyError with the problem of a state that now yields nothing.
    """
    earlier = replace(task, state=state)
    try:
        return place.checkpoints.data(task.study.study_id, state, task.modality, kind)
    except (FileNotFoundError, ValueError):  # of Arrow, msgspec and the hash
        log.warning("%s %s: its checkpoint is lost or spoilt and is made again", state.name, task.modality)
    made = make(earlier, place)
    place.checkpoints.save(made)
    if not made.data and made.head.outcome.problems:
        met = made.head.outcome.problems[0]
        raise StudyError(met.code, met.message, seen=met.seen, allowed=met.allowed, cure=met.cure)
    return made.data
