"""Causes of the machine: a breaker, the disk, a dead run, a channel, the landing zone, the policy, a decision that is stuck.

Belongs here: their codes and impacts. Not here: noticing them (orchestration/).
"""

from datetime import datetime

from cardio_dagster.audit_contents import BreakerMoved, RunDied
from cardio_dagster.errors import POLICIES, FailureClass
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices import Audience, Cause, stamp

BREAKER_OPEN, DISK_LOW, RUN_DIED = "BREAKER_OPEN", "DISK_LOW", "RUN_DIED"
REVIEW_STUCK = "REVIEW_STUCK"
CHANNEL_DOWN, POLICY_INVALID, INPUT_SET_ASIDE = "CHANNEL_DOWN", "POLICY_INVALID", "INPUT_SET_ASIDE"


def breaker_cause(moved: BreakerMoved, *, at: datetime) -> Cause | None:
    """Return the cause of a breaker that opened; None for one that closed or is trying."""
    impact = POLICIES[FailureClass.DEPENDENCY_DOWN].impact
    return _machine(BREAKER_OPEN, impact, moved.dependency, stamp(at)) if moved.state == "open" else None


def disk_cause(place: str, *, at: datetime) -> Cause:
    """Return the cause of a disk that is nearly full; `place` names its use ("store"), never a path."""
    return _machine(DISK_LOW, Impact.HIGH, place, stamp(at))


def run_cause(died: RunDied) -> Cause:
    """Return the cause of a run that died without a word; its studies are asked for again, so nobody is woken."""
    return _machine(RUN_DIED, Impact.MEDIUM, f"job {died.job}", died.run_id)


def set_aside_cause(claim: str) -> Cause:
    """Return the cause of a drop that made no study; one notice is open at a time, for the whole landing zone."""
    return _machine(INPUT_SET_ASIDE, Impact.MEDIUM, "landing zone", claim)


def review_cause(study_id: str, revision: int) -> Cause:
    """Return the cause of a decision that a person made and no run can carry out, or nobody can read."""
    return Cause(REVIEW_STUCK, Impact.HIGH, Audience.TECHNICAL, study_id=study_id, revision=revision)


def channel_cause(channel: str, *, at: datetime) -> Cause:
    """Return the cause of a channel that takes no notices; `channel` is role, position and scheme."""
    return _machine(CHANNEL_DOWN, Impact.HIGH, channel, stamp(at))


def policy_cause(file_sha256: str) -> Cause:
    """Return the cause of an escalation file that cannot be used; the packaged policy is used until it is mended."""
    return _machine(POLICY_INVALID, Impact.HIGH, "escalation file", file_sha256)


def _machine(code: str, impact: Impact, subject: str, occasion: str) -> Cause:
    return Cause(code, impact, Audience.TECHNICAL, subject=subject[:64], occasion=occasion[:64])
