"""One registered study in a worker process: what the bulk job runs many of, side by side.

Belongs here: running a study with everything that its assets would have kept. Not here:
the pool of workers or what Dagster is told (orchestration/).
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from cardio_dagster.modalities.branch import Options
from cardio_dagster.outcome import Problem, State
from cardio_dagster.pipeline.branch_task import Workplace
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.study_run import run_study
from cardio_dagster.pipeline.versions import STAGE_VERSIONS
from cardio_dagster.stores.checkpoints import ParquetCheckpoints
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.study import Study


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """All that a worker process needs to know; plain values, so that it travels between processes."""

    study: Study
    problems: tuple[Problem, ...]
    input_dir: str
    checkpoint_url: str
    reports: ReportStore
    options: Options
    desk: Desk = field(default_factory=Desk)


def work(order: WorkOrder) -> dict[State, Dossier]:
    """Run one study on one thread and return its dossier after each stage, under the state of that stage.

    A study that ended in ERROR is in ERROR after every later stage, as in its assets.
    """
    place = Workplace(
        Path(order.input_dir),
        ParquetCheckpoints(order.checkpoint_url),
        replace(order.options, threads=1),
        order.desk,
    )
    passed: list[Dossier] = []
    run_study(order.study, place, order.reports, problems=order.problems, on_stage=passed.append)
    return dict(zip(STAGE_VERSIONS, passed, strict=True))
