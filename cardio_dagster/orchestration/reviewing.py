"""From decisions of people to runs that write their versions, and the work of such a run.

Belongs here: which decisions need a run, and `continue_study` for the asset `release`. Not here: the sensor (defs/review.py),
deciding or writing (review/).

A decision is a row; it holds no run and no pool slot while nothing needs to be done. Its run is asked for under a key of its
own, so that Dagster makes one of it however often it is asked for; a run that ended and left the version unwritten is
followed by another, up to the attempts that a study may have.
"""

from dataclasses import dataclass

import dagster as dg

from cardio_dagster.audit_record import Actor, ActorKind
from cardio_dagster.escalation.machine import review_cause
from cardio_dagster.orchestration.decided import tell_decided
from cardio_dagster.orchestration.escalating import raise_alone
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.runs import IN_PROGRESS, PARTITION_TAG
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.review.continuing import Continued, continue_review
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.review_words import ReviewDecision
from cardio_dagster.stores.reviews import Recorder, ReviewStore

REVIEW_TAG = "cardio/review"
_SENSOR = Actor(ActorKind.SENSOR, "review_sensor")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that is asked for: its key, the decision's key, and the study whose `release` it is."""

    run_key: str
    review_key: str
    study_id: str


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """What one tick asks for, and the studies (id, revision) whose decisions no run could continue or nobody can read."""

    wanted: tuple[Wanted, ...]
    given_up: tuple[tuple[str, int], ...] = ()
    unreadable: tuple[tuple[str, int], ...] = ()


def review_store(stores: Stores) -> ReviewStore:
    """Return the reviews of this installation."""
    return ReviewStore(connect(stores.database_url), stores.reports_dir)


def plan_reviews(instance: dg.DagsterInstance, stores: Stores) -> ReviewPlan:
    """Return a run for every decision that waits for its version, one a study, unless some run works on the study."""
    found = review_store(stores).waiting()
    waiting = {decision.study_id: decision for decision in reversed(found.readable)}
    if not waiting:
        return ReviewPlan((), unreadable=found.unreadable)
    busy = {run.tags.get(PARTITION_TAG) for run in instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS))}
    counted = [(d, _attempts(instance, d)) for study_id, d in sorted(waiting.items()) if study_id not in busy]
    wanted = tuple(
        Wanted(f"{review_key(d)}:a{attempts + 1}", review_key(d), d.study_id)
        for d, attempts in counted
        if attempts < stores.max_attempts
    )
    given_up = tuple((d.study_id, d.revision) for d, attempts in counted if attempts >= stores.max_attempts)
    return ReviewPlan(wanted, given_up, found.unreadable)


def tell_stuck(plan: ReviewPlan, stores: Stores) -> int:
    """Raise a notice for each study whose decision is not carried out, once; return how many are new."""
    stuck = dict.fromkeys((*plan.given_up, *plan.unreadable))
    return raise_alone([review_cause(*study) for study in stuck], stores, _SENSOR) if stuck else 0


def review_key(decision: ReviewDecision) -> str:
    """Return the key of the version that a decision makes."""
    return f"{decision.study_id}:r{decision.revision}:v{decision.makes}"


def continue_study(dossier: Dossier, stores: Stores, ledger: Recorder, *, actor: Actor) -> Continued | None:
    """Write the versions that people decided on, and mark a study released by one; None where nobody decided.

    `dossier` is as the asset `report` left it; a report that stands is left as it is, versions lie in folders of their own.
    """
    reports = ReportStore(stores.reports_dir)
    done = continue_review(dossier, store=review_store(stores), reports=reports, ledger=ledger, actor=actor)
    if done is not None and done.stands.status == "released":
        stores.registry().mark_released(done.stands.study_id, done.stands.revision)
    if done is not None and done.dossier.review is not None:
        tell_decided(dossier.study, done.dossier.review, stores, actor=actor)
    return done


def _attempts(instance: dg.DagsterInstance, decision: ReviewDecision) -> int:
    """Return how many runs of a decision there were; all have ended, or the study would be busy."""
    return len(instance.get_runs(dg.RunsFilter(tags={REVIEW_TAG: review_key(decision)})))
