"""evaluation: accuracy, abstention, subgroups and drift, its checks, its job and its nightly schedule.

Belongs here: the asset. Not here: measuring and telling (orchestration/evaluation.py) or any figure (evaluation/).
Concept: https://docs.dagster.io/guides/build/assets
"""

from typing import Any

import dagster as dg

from cardio_dagster.evaluation.measure import SIZES
from cardio_dagster.evaluation.metrics import BY_NAME
from cardio_dagster.evaluation.night import Night
from cardio_dagster.evaluation.page.words import change_text, limits, shown, verdict_text
from cardio_dagster.evaluation.reference import reference_folder
from cardio_dagster.orchestration.actors import actor_of
from cardio_dagster.orchestration.evaluation import HISTORY, JSON, PAGE, Evaluated, evaluate_night
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.settings import evaluation_settings

NAME = "evaluation"
NOT_WORSE, NO_DRIFT, PROMOTED = "not_worse", "no_drift", "promoted"
_CHECKS = {
    NOT_WORSE: "No metric is worse than the standing one, beyond its interval or its margin, and none of its case sets is missing.",
    NO_DRIFT: "Nothing that comes in or goes out has drifted against the 30 days before.",
    PROMOTED: "Models and gates in force are those of the standing run.",
}


class EvaluationConfig(dg.Config):
    """How many cases: `nightly` (minutes), `full` (an hour), or `quick` (a try); CARDIO_EVALUATION_SIZE if left out."""

    size: str | None = None


@dg.asset(
    name=NAME,
    group_name="evaluation",
    code_version="1",
    check_specs=[dg.AssetCheckSpec(name, asset=NAME, description=text) for name, text in _CHECKS.items()],
    kinds={"python", "parquet"},
    description="How good the measurements are on reference data and on synthetic truth, what became worse, and what drifted.",
)
def evaluation(context: dg.AssetExecutionContext, config: EvaluationConfig, stores: Stores) -> dg.MaterializeResult:
    """Measure, compare with what stands, and write page, JSON and history."""
    wanted = config.size or evaluation_settings().size
    size = SIZES.get(wanted)
    if size is None:
        raise dg.Failure(f"there is no size {wanted!r}; use {', '.join(SIZES)}", allow_retries=False)
    made = evaluate_night(stores, actor_of(context.run), size=size, reference=reference_folder())
    return dg.MaterializeResult(metadata=_metadata(made), check_results=_checks(made.night))


def _metadata(made: Evaluated) -> dict[str, Any]:
    """Return the figures as numbers, so that the UI plots them over the nights, and the table as Markdown."""
    night = made.night
    figures = {figure.metric: float(figure.value) for figure in night.figures if figure.value is not None}
    files = {name.replace(".", "_"): dg.MetadataValue.path(str(made.folder / name)) for name in (PAGE, JSON, HISTORY)}
    return {
        "night": night.night,
        "worse": len(night.worse),
        "drifted": len(night.drifted),
        "notices": made.notices,
        "recent_studies": night.recent_studies,
        "has_reference_data": night.run.has_reference,
        **figures,
        **files,
        "overview": dg.MetadataValue.md(_overview(night)),
    }


def _overview(night: Night) -> str:
    changes = {change.metric: change for change in night.changes}
    rows = []
    for figure in night.figures:
        change = changes.get(figure.metric)
        told = change_text(change) if change else ""
        value = shown(figure.metric, figure.value, with_unit=True)
        cells = (
            BY_NAME[figure.metric].label,
            BY_NAME[figure.metric].case_set,
            value,
            limits(figure),
            told,
            verdict_text(change),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(
        ["| metric | set | value | 95 % interval | change | verdict |", "|---|---|---|---|---|---|", *rows]
    )


def _checks(night: Night) -> list[dg.AssetCheckResult]:
    worse = [*(change.metric for change in night.worse), *(f"not measured: {title}" for title in night.unmeasured)]
    found = {
        NOT_WORSE: worse,
        NO_DRIFT: [shift.feature.name for shift in night.drifted],
        PROMOTED: list(night.unpromoted),
    }
    return [
        dg.AssetCheckResult(
            passed=not faults,
            asset_key=NAME,
            check_name=name,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"faults": faults},
        )
        for name, faults in found.items()
    ]


evaluation_job = dg.define_asset_job(
    "evaluation_job",
    selection=dg.AssetSelection.assets(NAME),
    description="Measure accuracy, subgroups and drift, and compare with what stands.",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "7200", "dagster-celery/queue": "evaluation", "dagster/priority": "-10"},
)

evaluation_schedule = dg.ScheduleDefinition(
    name="evaluation_nightly",
    job=evaluation_job,
    cron_schedule="10 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night, when little else runs.",
)
