"""What an installation can choose of its cluster: CARDIO_BROKER_URL and its neighbours.

Belongs here: these variables, until settings.py has them. Not here: anything that uses them.
"""

from functools import lru_cache
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ClusterSettings(BaseSettings):
    """Each field is the variable CARDIO_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_", env_file=".env", extra="ignore", frozen=True)

    broker_url: SecretStr | None = Field(None, description="Redis, through which studies reach the workers")
    no_worker: Literal["wait", "local"] = Field(
        "wait", description="a run whose queue no worker serves waits and says why, or is run beside the code server"
    )
    local_runs: int = Field(2, ge=1, le=64, description="with `local`: so many such runs at once")
    aging_s: float = Field(600.0, gt=0, le=86_400, description="a run that waited so long moves up one queue")
    bulk_chunk: int | None = Field(
        None, ge=1, le=1000, description="studies of one bulk run; 25 on a cluster and 200 elsewhere if unset"
    )


@lru_cache(maxsize=1)
def cluster_settings() -> ClusterSettings:
    """Return the settings of this process; raises ValidationError for a value that is not allowed."""
    return ClusterSettings()  # type: ignore[call-arg, unused-ignore]
