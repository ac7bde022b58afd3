"""The cluster's settings: its broker, and what becomes of work that no worker takes.

Belongs here: the variables that queues and workers read. Not here: anything that uses them (orchestration/).
"""

from functools import lru_cache
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from cardio_dagster.settings.reading import Group, read
from cardio_dagster.settings.urls import REDIS, REDIS_FORM, require_start


class ClusterSettings(Group):
    """What an installation can choose of its cluster. Each field is the variable CARDIO_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_")

    broker_url: SecretStr | None = Field(
        None,
        repr=False,
        description="Redis, through which studies reach the workers",
        json_schema_extra={"allowed": REDIS_FORM, "default": "no cluster"},
    )
    no_worker: Literal["wait", "local"] = Field(
        "wait", description="a run whose queue no worker serves waits and says why, or is run beside the code server"
    )
    local_runs: int = Field(2, ge=1, le=64, description="with `local`: so many such runs of each queue at once")
    aging_s: float = Field(600.0, gt=0, le=86_400, description="a run that waited so long moves up one queue")
    bulk_chunk: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="studies of one bulk run",
        json_schema_extra={"default": "25 on a cluster, 200 elsewhere"},
    )

    @field_validator("broker_url")
    @classmethod
    def _redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            require_start(url.get_secret_value(), REDIS, REDIS_FORM)
        return url


@lru_cache(maxsize=1)
def cluster_settings() -> ClusterSettings:
    """Return the cluster's settings of this process; raises SettingsError as `read` does."""
    return read(ClusterSettings)
