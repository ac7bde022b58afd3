"""The deployment's settings: ports, addresses, Dagster's own storage.

Belongs here: where the services of a profile listen and are reached. Not here: starting or checking them (serve/).
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from cardio_dagster.settings.reading import Group, read
from cardio_dagster.settings.urls import POSTGRES, POSTGRES_FORM, require_start

_SERVER_FORM = "HOST:PORT"
_LARGEST_PORT = 65_535


class DeploymentSettings(Group):
    """Where services listen and are found. Each field is the variable CARDIO_<NAME>, but DAGSTER_HOME, which is Dagster's."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_")

    profile: Literal["local", "server", "cluster"] | None = Field(
        None, description="profile of this process, as `cardio up --profile` and the files of deploy/ set it"
    )
    dagster_database_url: SecretStr | None = Field(
        None,
        repr=False,
        description="Dagster's own storage, a database of its own: it is pruned, ours is kept for years",
        json_schema_extra={"allowed": POSTGRES_FORM, "default": "SQLite in Dagster's folder"},
    )
    dagster_home: Path | None = Field(
        None,
        validation_alias="DAGSTER_HOME",
        description="Dagster's folder, with dagster.yaml",
        json_schema_extra={"default": "`dagster` in the data folder"},
    )
    code_server: str | None = Field(
        None,
        description="where health finds the code server",
        json_schema_extra={"allowed": _SERVER_FORM, "default": "the port that `cardio up` wrote down"},
    )
    host: str = Field("127.0.0.1", min_length=1, description="address on which the gateway listens")
    ui_port: int = Field(3000, ge=1, le=_LARGEST_PORT, description="port of the Dagster UI")
    ui_readonly_port: int = Field(3001, ge=1, le=_LARGEST_PORT, description="port of the read-only UI for auditors")
    code_port: int = Field(3002, ge=1, le=_LARGEST_PORT, description="port of the code server, on this machine only")
    gateway_port: int = Field(
        8080, ge=1, le=_LARGEST_PORT, description="port of the gateway: upload, jobs, health, worklist"
    )
    dicom_port: int = Field(11112, ge=1, le=_LARGEST_PORT, description="port of the DICOM receiver")
    flower_port: int = Field(5555, ge=1, le=_LARGEST_PORT, description="port of Flower")
    broker_port: int = Field(
        6380, ge=1, le=_LARGEST_PORT, description="port of the embedded Redis, on this machine only"
    )
    ae_title: str = Field(
        "CARDIO",
        pattern=r"^[ -\[\]-~]{1,16}$",  # PS3.5 6.2, AE: printable ASCII without the backslash, 16 at most
        description="AE title of the DICOM receiver",
        json_schema_extra={"allowed": "1 to 16 printable ASCII characters, no backslash"},
    )

    @field_validator("dagster_database_url")
    @classmethod
    def _postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            require_start(url.get_secret_value(), POSTGRES, POSTGRES_FORM)
        return url

    @field_validator("code_server")
    @classmethod
    def _host_and_port(cls, text: str | None) -> str | None:
        host, _, port = (text or "host:1").rpartition(":")
        if not host or not port.isdigit() or not 1 <= int(port) <= _LARGEST_PORT:
            raise ValueError(f"use {_SERVER_FORM}, with a port from 1 to {_LARGEST_PORT}")
        return text

    @property
    def code_server_place(self) -> tuple[str, int] | None:
        """Host and port of the code server; None where they are not set."""
        host, _, port = (self.code_server or "").rpartition(":")
        return (host, int(port)) if host else None


@lru_cache(maxsize=1)
def deployment_settings() -> DeploymentSettings:
    """Return the deployment's settings of this process; raises SettingsError as `read` does."""
    return read(DeploymentSettings)
