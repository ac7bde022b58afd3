"""The installation's settings: where its data lie, how studies are taken and worked on, how long anything may take.

Belongs here: the variables CARDIO_* that the pipeline itself reads. Not here: ports, broker, gateway, DICOM, watching, evaluation.
"""

import os
from functools import lru_cache
from typing import Literal

from pydantic import Field

from cardio_dagster.settings.places import PlaceSettings
from cardio_dagster.settings.reading import read


class Settings(PlaceSettings):
    """What an installation can choose. Each field is the variable CARDIO_<NAME>."""

    quiet_window_s: float = Field(
        10.0, ge=0, le=86_400, description="a study is complete after so long without a change"
    )
    scan_budget_s: float = Field(20.0, gt=0, le=50, description="a sensor tick stops taking new studies after this")
    flood_threshold: int = Field(
        8, ge=1, le=100_000, description="more routine studies at once than this go through the bulk job"
    )
    max_attempts: int = Field(3, ge=1, le=10, description="runs a study may have before it is given up")
    max_file_mb: float = Field(2048.0, gt=0, le=1e6, description="a larger file is refused (E_HARD_004)")
    max_study_mb: float = Field(8192.0, gt=0, le=1e6, description="a larger study is refused (E_HARD_004)")
    memory_limit_mb: float | None = Field(
        None,
        gt=0,
        le=1e7,
        description="a study that needs more is refused (E_HARD_002)",
        json_schema_extra={"default": "no limit"},
    )
    batch_size: int = Field(8, ge=1, le=512, description="images a model sees at once")
    enable_parallel_tier1: bool = Field(True, description="evidence, earlier studies and suggestions side by side")
    enable_parallel_tier2: bool = Field(True, description="quality, citations and cost of a report side by side")
    parallel_timeout_ms: float = Field(
        5000.0, gt=0, le=600_000, description="a task of these tiers is left out after so long"
    )
    score2_region: Literal["low", "moderate", "high", "very_high"] | None = Field(
        None, description="European risk region of this installation, for SCORE2 where a study states none"
    )
    image_deadline_s: float = Field(
        240.0,
        gt=0,
        le=86_400,
        description="VALIDATION to ANALYSIS may each take so long for one modality (E_TIMEOUT_*)",
    )
    image_deadline_s_per_mb: float = Field(
        1.0, ge=0, le=3600, description="and so much longer for each megabyte of its recordings, as files"
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
    retention_years: float = Field(7.0, gt=0, le=100, description="content is kept so long; its hashes for ever")
    window_days: float = Field(
        90.0, ge=1, le=36_500, description="closed studies leave Dagster's set of partitions after so long"
    )
    window_keys: int = Field(
        20_000, ge=1, le=100_000, description="above so many partitions, those closed longest ago leave first"
    )
    backfill_cron: str = Field(
        "30 1 * * *",
        pattern=r"^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$",
        description="when stale studies are made anew: minute, hour, day, month, weekday, in UTC",
        json_schema_extra={"allowed": "five fields of cron"},
    )
    threads: int = Field(
        os.cpu_count() or 1,
        ge=1,
        le=1024,
        description="threads for one study",
        json_schema_extra={"default": "the number of cores"},
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the installation's settings of this process; raises SettingsError as `read` does."""
    return read(Settings)
