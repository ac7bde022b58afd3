"""Settings: the environment, read once, validated, with the cure in each message.

Belongs here: every variable that the package reads. Not here: defaults of clinical rules
(those are gates). Nothing else in the package looks at the environment.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cardio_dagster.errors import SettingsError

MIN_KEY_CHARACTERS = 32
_SECRETS = {"site_key", "database_url"}


class Settings(BaseSettings):
    """What an installation can choose. Each field is the variable CARDIO_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(Path("data"), description="folder of landing zone, store, quarantine and logs")
    database_url: str | None = Field(None, description="registry and results; SQLite in the store if unset")
    checkpoint_url: str | None = Field(None, description="fsspec URL of the Parquet checkpoints; the store if unset")
    model_catalogue: Path | None = Field(None, description="a site's own models; the packaged catalogue if unset")
    report_url: str | None = Field(None, description="where the report folder is served over HTTP, for links in the UI")
    quiet_window_s: float = Field(
        10.0, ge=0, le=86_400, description="a study is complete after so long without a change"
    )
    scan_budget_s: float = Field(20.0, gt=0, le=50, description="a sensor tick stops taking new studies after this")
    flood_threshold: int = Field(8, ge=1, description="more routine studies at once than this go through the bulk job")
    max_attempts: int = Field(3, ge=1, le=10, description="runs a study may have before it is given up")
    max_file_mb: float = Field(2048.0, gt=0, description="a larger file is refused (E_HARD_004)")
    max_study_mb: float = Field(8192.0, gt=0, description="a larger study is refused (E_HARD_004)")
    memory_limit_mb: float | None = Field(None, gt=0, description="a study that needs more is refused (E_HARD_002)")
    batch_size: int = Field(8, ge=1, le=512, description="images a model sees at once")
    enable_parallel_tier1: bool = Field(True, description="evidence, earlier studies and suggestions side by side")
    enable_parallel_tier2: bool = Field(True, description="quality, citations and cost of a report side by side")
    parallel_timeout_ms: float = Field(
        5000.0, gt=0, le=600_000, description="a task of these tiers is left out after so long"
    )
    score2_region: Literal["low", "moderate", "high", "very_high"] | None = Field(
        None, description="European risk region of this installation, for SCORE2 where a study states none"
    )
    evidence_notes: Path | None = Field(None, description="folder of a site's own protocol notes, beside the packaged")
    image_deadline_s: float = Field(
        240.0,
        gt=0,
        le=86_400,
        description="VALIDATION to ANALYSIS may each take so long for one modality (E_TIMEOUT_*)",
    )
    decision_deadline_s: float = Field(
        300.0,
        gt=0,
        le=86_400,
        description="RECEIPT, FUSION, SCORING and FORMATTING may each take so long (E_TIMEOUT_*)",
    )
    study_deadline_s: float = Field(
        3600.0, gt=0, le=604_800, description="one run of a study may take so long as a whole (E_TIMEOUT_STUDY)"
    )
    breaker_failures: int = Field(
        3, ge=1, le=100, description="failures in a row after which a dependency is left alone"
    )
    breaker_reset_s: float = Field(30.0, gt=0, le=3600, description="it is tried again after so long")
    escalation_file: Path | None = Field(
        None, description="TOML of channels, roles and deadlines of notices; a file below the data folder if unset"
    )
    anchor_dir: Path | None = Field(
        None, description="second place for the ledger's daily anchors, best on another machine; data/anchors if unset"
    )
    retention_years: float = Field(7.0, gt=0, le=100, description="content is kept so long; its hashes for ever")
    reference_data: Path | None = Field(
        None,
        description="folder of the reference data; the nightly evaluation runs on synthetic truth alone without it",
    )
    site_key: SecretStr | None = Field(
        None, description="key of pseudonyms and proofs, 32 characters or more; the file site.key in the store if unset"
    )
    threads: int = Field(os.cpu_count() or 1, ge=1, description="threads for one study")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg2://")):
            raise ValueError("use sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE")
        return url

    @field_validator("site_key")
    @classmethod
    def _long_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < MIN_KEY_CHARACTERS:
            raise ValueError("it is too short; make one with `openssl rand -hex 32`")
        return key

    @field_validator("evidence_notes")
    @classmethod
    def _folder_of_notes(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError("there is no such folder; make it, or unset the variable")
        return folder

    @property
    def landing_dir(self) -> Path:
        """Folder into which studies are dropped."""
        return self.data_dir.resolve() / "landing"

    @property
    def store_dir(self) -> Path:
        """Folder of everything the pipeline keeps."""
        return self.data_dir.resolve() / "store"

    @property
    def database(self) -> str:
        """URL of the registry and the results."""
        return self.database_url or f"sqlite:///{self.store_dir / 'cardio.db'}"

    @property
    def anchors(self) -> Path:
        """Folder of the ledger's daily anchors."""
        return (self.anchor_dir or self.data_dir / "anchors").resolve()

    @property
    def notices_dir(self) -> Path:
        """Folder into which notices are written where no other channel is set."""
        return self.data_dir.resolve() / "notices"

    @property
    def checkpoints(self) -> str:
        """Path or fsspec URL of the Parquet checkpoints."""
        return self.checkpoint_url or str(self.store_dir / "checkpoints")


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process; raises SettingsError naming variable, value and cure."""
    try:
        return Settings()  # type: ignore[call-arg, unused-ignore]
    except ValidationError as error:
        lines = [
            f"CARDIO_{str(e['loc'][0]).upper()}{_told(e)}: {e['msg']}. "
            f"It is: {Settings.model_fields[str(e['loc'][0])].description}."
            for e in error.errors()
        ]
        raise SettingsError("set these variables right, or unset them for the default:\n" + "\n".join(lines)) from None


def _told(error: Any) -> str:
    """Return what a variable was set to; a secret is not repeated."""
    return "" if str(error["loc"][0]) in _SECRETS else f"={error['input']!r}"
