"""The course of one revision: which records of its stages are of the last pass, and where that ended.

Belongs here: telling a pass from an earlier one. Not here: the reasons (why.py).
"""

from dataclasses import dataclass

from cardio_dagster.audit.lineage.story import Story, Told, passed
from cardio_dagster.outcome import State

# stage -> the state that it carries a study into
STAGES: dict[str, State] = {
    "receipt": State.RECEIPT,
    "validation": State.VALIDATION,
    "preprocessing": State.PREPROCESSING,
    "detection": State.DETECTION,
    "analysis": State.ANALYSIS,
    "fusion": State.FUSION,
    "scoring": State.SCORING,
    "report": State.FORMATTING,
    "release": State.COMPLETE,
}
FAN_OUT = ("validation", "preprocessing", "detection", "analysis")


@dataclass(frozen=True, slots=True)
class Course:
    """The last pass of one revision through its stages.

    `now` holds the record of each stage that the pass went through, `stale` that of an earlier pass for a stage that
    the last one has not reached (again), `history` every record of the study, `error` the one in which the pass ended.
    """

    now: dict[str, Told]
    stale: dict[str, Told]
    history: tuple[Told, ...]
    error: Told | None

    def former(self, told: Told) -> Told | None:
        """Return the record of the same stage before this one, of whichever revision; None if it is the first."""
        stage = passed(told).stage
        before = [t for t in self.of(stage) if t.record.seq < told.record.seq]
        return before[-1] if before else None

    def of(self, stage: str, *, until_seq: int | None = None) -> list[Told]:
        """Return the records of a stage, without those of its errors, up to a record."""
        return [
            t
            for t in self.history
            if passed(t).stage == stage and passed(t).error is None and (until_seq is None or t.record.seq <= until_seq)
        ]


def course_of(story: Story, revision: int) -> Course:
    """Return the last pass of a revision: it ends with its newest record, and no stage in it lies before an earlier one."""
    history = story.stages()
    mine = [t for t in history if t.record.revision == revision]
    if not mine:
        return Course({}, {}, history, None)
    end = mine[-1]
    reached = list(STAGES).index(passed(end).stage)
    newest = {passed(t).stage: t for t in mine if passed(t).error is None}
    now = {s: t for s, t in newest.items() if list(STAGES).index(s) <= reached}
    stale = {s: t for s, t in newest.items() if s not in now}
    return Course(now, stale, history, end if passed(end).error is not None else None)
