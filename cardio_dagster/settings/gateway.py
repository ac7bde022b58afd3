"""The gateway's settings: what it takes at most, and how fast.

Belongs here: the variables CARDIO_GATEWAY_*. Not here: counting (gateway/limits.py), or the limits of a file and of a study, which
are the installation's.
"""

from functools import lru_cache
from ipaddress import ip_network

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from cardio_dagster.settings.reading import Group, read


class GatewaySettings(Group):
    """What an installation can choose of its gateway. Each field is the variable CARDIO_GATEWAY_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_GATEWAY_")

    max_files: int = Field(2000, ge=1, le=100_000, description="files of one upload at most")
    uploads_at_once: int = Field(200, ge=1, le=10_000, description="uploads at a time; more get 503 with Retry-After")
    idle_s: float = Field(30.0, gt=0, le=3600, description="an upload that is silent for so long is ended (408)")
    min_bytes_s: float = Field(
        1024.0, ge=0, le=1e9, description="an upload of fewer bytes a second on average is ended (408)"
    )
    requests_per_minute: float = Field(
        1200.0,
        gt=0,
        le=1e6,
        description="requests of one key, a quarter of them at once; more get 429 with Retry-After",
    )
    failures_per_minute: float = Field(
        20.0, gt=0, le=1e6, description="wrong keys from one address that are answered 401 and recorded; then 429"
    )
    disk_reserve_mb: float = Field(
        1024.0, ge=0, le=1e9, description="uploads end (507) before the disk has less than this"
    )
    sync_wait_s: float = Field(120.0, gt=0, le=3600, description="POST /studies/sync waits so long at most")
    proxies: str = Field(
        "",
        description="addresses of the proxies whose X-Forwarded-* are believed",
        json_schema_extra={"allowed": "addresses or networks with commas between, or *"},
    )

    @field_validator("proxies")
    @classmethod
    def _addresses(cls, text: str) -> str:
        for one in text.split(",") if text.strip() not in {"", "*"} else ():
            ip_network(one.strip(), strict=False)  # a name would never match, and nobody would notice
        return text


@lru_cache(maxsize=1)
def gateway_settings() -> GatewaySettings:
    """Return the gateway's settings of this process; raises SettingsError as `read` does."""
    return read(GatewaySettings)
