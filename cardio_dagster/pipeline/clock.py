"""StudyClock: how long each stage of one run of a study may take.

Belongs here: from the settings to the deadline of a stage. Not here: enforcing one (cardio_dagster/deadline.py).
"""

import time

from cardio_dagster.deadline import Deadline
from cardio_dagster.modalities.branch import Options
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.versions import FAN_OUT_STATES


class StudyClock:
    """The time that one run of a study has, counted from when this is made; without `seconds` there is no end to it."""

    def __init__(self, seconds: float | None = None) -> None:
        self._end_s = None if seconds is None else time.monotonic() + seconds

    def stage(self, state: State, options: Options, *, size_mb: float = 0.0) -> Deadline:
        """Return the deadline of a stage that begins now: of one modality in VALIDATION to ANALYSIS, else of the stage.

        `size_mb` is what the modality's recordings take as files: two days of ECG are no time-out because ten seconds
        would be. What is left of the study caps it, and then it is the study's deadline that passes. FORMATTING is not
        capped: a response is written however late it is.
        """
        limit_s = _image_limit_s(options, size_mb) if state in FAN_OUT_STATES else options.decision_deadline_s
        if self._end_s is None or state is State.FORMATTING:
            return Deadline(limit_s)
        left_s = self._end_s - time.monotonic()
        return Deadline(min(limit_s, left_s), of_study=left_s < limit_s)


def _image_limit_s(options: Options, size_mb: float) -> float:
    return options.image_deadline_s + options.image_deadline_s_per_mb * size_mb
