"""The evaluation's settings: how much a night measures, and what drift is an alarm.

Belongs here: what depends on a site's time and number of studies. Not here: the margins of the metrics (evaluation/metrics.py), which
decide on promotion and are the same everywhere.
"""

from functools import lru_cache
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from cardio_dagster.settings.reading import Group, read


class EvaluationSettings(Group):
    """What an installation can choose of its evaluation. Each field is the variable CARDIO_EVALUATION_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_EVALUATION_")

    size: Literal["nightly", "full", "quick"] = Field(
        "nightly", description="cases of a night; only nightly and full can promote anything"
    )
    drift_min_recent: int = Field(
        20, ge=10, le=100_000, description="studies of the last day, below which nothing is said of drift"
    )
    drift_min_before: int = Field(
        100, ge=20, le=1_000_000, description="studies of the 30 days before, below which nothing is said of drift"
    )
    drift_min_psi: float = Field(
        0.25, gt=0, le=10, description="population stability index from which on a shift is large"
    )
    drift_min_points: float = Field(
        5.0, gt=0, le=100, description="change of a share, in points of a hundred, from which on it is large"
    )
    drift_max_q: float = Field(
        0.01,
        gt=0,
        le=0.2,
        description="false discovery rate over all features of a night, below which a large shift alarms",
    )


@lru_cache(maxsize=1)
def evaluation_settings() -> EvaluationSettings:
    """Return the evaluation's settings of this process; raises SettingsError as `read` does."""
    return read(EvaluationSettings)
