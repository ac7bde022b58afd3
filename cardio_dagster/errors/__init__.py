"""The failure taxonomy: one table of failure classes and one of codes, for code, docs and tests.

Belongs here: what is said of a failure, wherever it is met. Not here: sleeping, retrying or logging (pipeline/,
orchestration/), or who is told of an impact (escalation/). docs/failures.md is written from these tables.
"""

from cardio_dagster.errors.classes import Change, CodeSpec, FailureClass, Level, Policy, RetryRule, Then
from cardio_dagster.errors.classify import (
    CHECKPOINTS,
    DATABASE,
    DEPENDENCY_CURES,
    DISK,
    REPORTS,
    classify,
    dependency_line,
    dependency_named,
    dependency_of,
)
from cardio_dagster.errors.codes import CODES, impact_of, policy_of, problem
from cardio_dagster.errors.exceptions import (
    CardioError,
    DependencyError,
    MachineError,
    ModelHashError,
    ModelLoadError,
    SettingsError,
    StageTimeoutError,
    StudyError,
    StudyTimeoutError,
)
from cardio_dagster.errors.policies import POLICIES, RETRY_RULES

__all__ = [
    "CHECKPOINTS",
    "CODES",
    "DATABASE",
    "DEPENDENCY_CURES",
    "DISK",
    "POLICIES",
    "REPORTS",
    "RETRY_RULES",
    "CardioError",
    "Change",
    "CodeSpec",
    "DependencyError",
    "FailureClass",
    "Level",
    "MachineError",
    "ModelHashError",
    "ModelLoadError",
    "Policy",
    "RetryRule",
    "SettingsError",
    "StageTimeoutError",
    "StudyError",
    "StudyTimeoutError",
    "Then",
    "classify",
    "dependency_line",
    "dependency_named",
    "dependency_of",
    "impact_of",
    "policy_of",
    "problem",
]
