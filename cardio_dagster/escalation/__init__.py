"""Escalation: who is told of what, how soon, and what happens if nobody answers.

Belongs here: causes, policy, texts, channels and rounds. Not here: the notices themselves (stores/notices/), the
sensor (defs/escalation.py), or deciding on a held report (review/).
"""

from cardio_dagster.escalation.causes import causes
from cardio_dagster.escalation.entries import raised_entries
from cardio_dagster.escalation.machine import (
    breaker_cause,
    disk_cause,
    policy_cause,
    run_cause,
    set_aside_cause,
)
from cardio_dagster.escalation.policy import load_policy, policy_in_force

__all__ = [
    "breaker_cause",
    "causes",
    "disk_cause",
    "load_policy",
    "policy_cause",
    "policy_in_force",
    "raised_entries",
    "run_cause",
    "set_aside_cause",
]
