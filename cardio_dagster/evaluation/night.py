"""Night: everything that one evaluation found.

Belongs here: joining figures, changes, curves, subgroups and drift. Not here: measuring (measure.py), the page (page/) or keeping it
(orchestration/evaluation.py). Equal runs and equal studies make an equal night, byte for byte.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cardio_dagster.evaluation.abstention import Curve, curves
from cardio_dagster.evaluation.compare import Change, compare
from cardio_dagster.evaluation.drift.groups import HeldShare, held_shares
from cardio_dagster.evaluation.drift.seen import Seen
from cardio_dagster.evaluation.drift.shifts import Shift, State, shifts
from cardio_dagster.evaluation.figures import Figure, GroupFigure, figures, subgroups
from cardio_dagster.evaluation.measure import Run
from cardio_dagster.evaluation.metrics import BY_NAME, BY_SET
from cardio_dagster.evaluation.standing import Standing


@dataclass(frozen=True, slots=True)
class Night:
    """One evaluation. `run` is without its patients; `standing_since` is None on the first night.

    `unpromoted` are models and gates that are in force and are not those of the standing run.
    """

    night: str
    run: Run
    figures: tuple[Figure, ...]
    standing_since: str | None
    changes: tuple[Change, ...]
    unpromoted: tuple[str, ...]
    curves: tuple[Curve, ...]
    subgroups: tuple[GroupFigure, ...]
    held: tuple[HeldShare, ...]
    recent_studies: int
    before_studies: int
    shifts: tuple[Shift, ...]

    @property
    def worse(self) -> tuple[Change, ...]:
        """Return the metrics that became worse."""
        return tuple(change for change in self.changes if change.is_alarm)

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Return the titles of the case sets that the standing run has and this one has not."""
        gone = {BY_NAME[c.metric].case_set for c in self.changes} - {BY_NAME[f.metric].case_set for f in self.figures}
        return tuple(BY_SET[name].title for name in sorted(gone))

    @property
    def drifted(self) -> tuple[Shift, ...]:
        """Return the features that drifted."""
        return tuple(shift for shift in self.shifts if shift.state is State.ALARM)


def make_night(
    night: str, run: Run, standing: Standing | None, *, recent: Sequence[Seen] = (), before: Sequence[Seen] = ()
) -> Night:
    """Return what a run and the studies of two spans say; the standing run must be of the same size, or be None."""
    return Night(
        night=night,
        run=replace(run, observed=()),
        figures=figures(run.observed),
        standing_since=standing.night if standing else None,
        changes=compare(standing.run.observed, run.observed) if standing else (),
        unpromoted=_unpromoted(standing.run, run) if standing else (),
        curves=curves(run.observed),
        subgroups=subgroups(run.observed),
        held=held_shares([*before, *recent]),
        recent_studies=len(recent),
        before_studies=len(before),
        shifts=shifts(recent, before),
    )


def _unpromoted(standing: Run, now: Run) -> tuple[str, ...]:
    models = {name for name, *_ in set(standing.models) ^ set(now.models)}
    gates = {name for name, *_ in set(standing.gates) ^ set(now.gates)}
    return tuple(sorted([*(f"model {name}" for name in models), *(f"gate {name}" for name in gates)]))
