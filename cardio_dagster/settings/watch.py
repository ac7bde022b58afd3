"""The watching's settings: from when on something is degraded, and from when on dead.

Belongs here: the thresholds that depend on a site: its disk, its staff, its load. Not here: those that follow from how Dagster and the
ledger work (watch/limits.py).
"""

from functools import lru_cache

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from cardio_dagster.settings.reading import Group, read

_WEEKS_S = 30 * 86_400.0


class WatchSettings(Group):
    """When health is degraded (`late`, `low`) or dead (`dead`, `full`). Each field is the variable CARDIO_WATCH_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_WATCH_")

    disk_low_pct: float = Field(10.0, ge=0, le=100, description="degraded with less of the disk free")
    disk_full_pct: float = Field(1.0, ge=0, le=100, description="dead with less of the disk free")
    disk_low_mb: float = Field(2048.0, ge=0, le=1e9, description="degraded with less free")
    disk_full_mb: float = Field(256.0, ge=0, le=1e9, description="dead with less free")
    stat_late_s: float = Field(60.0, gt=0, le=_WEEKS_S, description="degraded when a STAT study is open for so long")
    stat_dead_s: float = Field(300.0, gt=0, le=_WEEKS_S, description="dead when a STAT study is open for so long")
    urgent_late_s: float = Field(600.0, gt=0, le=_WEEKS_S, description="the same, degraded, for an urgent study")
    urgent_dead_s: float = Field(3600.0, gt=0, le=_WEEKS_S, description="the same, dead, for an urgent study")
    routine_late_s: float = Field(7200.0, gt=0, le=_WEEKS_S, description="the same, degraded, for a routine study")
    routine_dead_s: float = Field(43_200.0, gt=0, le=_WEEKS_S, description="the same, dead, for a routine study")
    backfill_late_s: float = Field(172_800.0, gt=0, le=_WEEKS_S, description="the same, degraded, for a backfill")
    backfill_dead_s: float = Field(604_800.0, gt=0, le=_WEEKS_S, description="the same, dead, for a backfill")
    notice_dead_s: float = Field(3600.0, gt=0, le=_WEEKS_S, description="dead when a notice is overdue for so long")
    held_soon_late_s: float = Field(
        3600.0, gt=0, le=_WEEKS_S, description="degraded when a held report that came as STAT or urgent waits so long"
    )
    held_soon_dead_s: float = Field(14_400.0, gt=0, le=_WEEKS_S, description="dead when it waits so long")
    held_late_s: float = Field(
        86_400.0, gt=0, le=_WEEKS_S, description="degraded when any other held report waits so long"
    )
    held_dead_s: float = Field(259_200.0, gt=0, le=_WEEKS_S, description="dead when it waits so long")

    @model_validator(mode="after")
    def _late_before_dead(self) -> "WatchSettings":
        rising = [name.removesuffix("_late_s") for name in type(self).model_fields if name.endswith("_late_s")]
        pairs = [(f"{name}_late_s", f"{name}_dead_s") for name in rising]
        pairs += [(f"disk_full_{unit}", f"disk_low_{unit}") for unit in ("pct", "mb")]
        for smaller, larger in pairs:
            if getattr(self, smaller) > getattr(self, larger):
                raise ValueError(f"{smaller.upper()} is above {larger.upper()}; set it at or below")
        return self


@lru_cache(maxsize=1)
def watch_settings() -> WatchSettings:
    """Return the watching's settings of this process; raises SettingsError as `read` does."""
    return read(WatchSettings)
