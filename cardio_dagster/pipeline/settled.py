"""RECEIPT, FUSION, SCORING and FORMATTING as every door runs them: under their deadline, retried by the table, never without an end.

Belongs here: what is left of a stage whose every attempt failed. Not here: the stages (stages.py, formatting.py), the
bare values (fallback.py) or sleeping between attempts (retry.py, orchestration/retrying.py).

Each function raises RetryError where the taxonomy allows another attempt, and lets the last failure of something that all
studies need (database, stores) pass: no study is closed for it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from cardio_dagster.deadline import within
from cardio_dagster.errors import RETRY_RULES, Then, dependency_of, policy_of
from cardio_dagster.fusion.patients import with_mixed_patients
from cardio_dagster.outcome import Problem, State, Status
from cardio_dagster.pipeline import formatting, stages
from cardio_dagster.pipeline.branch_task import Workplace
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.fallback import unfused
from cardio_dagster.pipeline.formatting import Response
from cardio_dagster.pipeline.retry import give_up_or_retry, tried
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.study import Study

T = TypeVar("T")
LAST_ATTEMPT = max(rule.attempts for rule in RETRY_RULES.values())


def settle_receipt(study: Study, place: Workplace, *, problems: tuple[Problem, ...] = (), attempt: int = 1) -> Dossier:
    """Open the dossier; where the files cannot be looked at for good, it ends in ERROR."""

    def work() -> Dossier:
        return stages.receive(study, place.input_dir, place.options, problems=problems)

    def otherwise(met: Problem) -> Dossier:
        opened = Dossier(study, study_problems=(*problems, met))
        entered = opened.enter(State.RECEIPT, status=Status.FAILED, duration_ms=0.0, peak_memory_mb=0.0)
        return entered.fail(met.code)

    return _counted(_settled(State.RECEIPT, place, attempt, work, otherwise), attempt)


def settle_fusion(dossier: Dossier, place: Workplace, *, attempt: int = 1) -> Dossier:
    """Combine the modalities; where that fails for good, each stands by itself and the report is held."""
    if dossier.failed:
        return dossier

    def otherwise(met: Problem) -> Dossier:
        noted = _noted(dossier, met)
        if policy_of(met.code).then is Then.END_STUDY:
            return noted.fail(met.code)
        watch = stages.Stopwatch()
        analyses, lost = stages.analyses_of(dossier, place)
        fusion = with_mixed_patients(unfused(analyses, lost), dossier.study_problems)
        return watch.enter(replace(noted, analyses=analyses, fusion=fusion), State.FUSION, Status.FAILED)

    def work() -> Dossier:
        return stages.fusion_stage(dossier, place)

    return _counted(_settled(State.FUSION, place, attempt, work, otherwise), attempt)


def settle_scoring(dossier: Dossier, place: Workplace, *, attempt: int = 1) -> Dossier:
    """Compute the scores; where that fails for good, all are refused and the report is held."""
    if dossier.failed:
        return dossier

    def otherwise(met: Problem) -> Dossier:
        noted = _noted(dossier, met)
        if policy_of(met.code).then is Then.END_STUDY:
            return noted.fail(met.code)
        return stages.scores_refused(noted, f"refused: the scores could not be computed ({met.code})")

    def work() -> Dossier:
        return stages.scoring_stage(dossier)

    return _counted(_settled(State.SCORING, place, attempt, work, otherwise), attempt)


def settle_response(
    dossier: Dossier, reports: ReportStore, place: Workplace, *, attempt: int = 1, cpu_started_s: float = 0.0
) -> Dossier:
    """Write the response; where that fails for good, the study ends in ERROR with a bare report.json and report.html.

    Only making it stands under the deadline: what is left behind of one that took too long writes no file.
    """

    def work() -> Response:
        return formatting.prepare_response(dossier, place.desk, cpu_started_s=cpu_started_s)

    def otherwise(met: Problem) -> Response:
        noted = _noted(dossier, met)
        return formatting.bare_response(noted if noted.failed else noted.fail(met.code), met)

    response = _settled(State.FORMATTING, place, attempt, work, otherwise)
    save = lambda: formatting.save_response(response, reports)  # noqa: E731
    return _counted(tried(save, attempt=attempt, stage=State.FORMATTING.name), attempt)


def _settled(
    state: State, place: Workplace, attempt: int, work: Callable[[], T], otherwise: Callable[[Problem], T]
) -> T:
    try:
        return within(place.clock.stage(state, place.options), work)
    except Exception as error:
        met = give_up_or_retry(error, attempt=attempt, stage=state.name)
        if dependency_of(error) is not None:
            raise
    return otherwise(met)


def _noted(dossier: Dossier, met: Problem) -> Dossier:
    return replace(dossier, study_problems=(*dossier.study_problems, met))


def _counted(dossier: Dossier, attempt: int) -> Dossier:
    return replace(dossier, retries=dossier.retries + attempt - 1)
