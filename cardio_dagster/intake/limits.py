"""What intake accepts at most. Not here: how long it waits (landing.py) or the settings that feed it."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """Limits of one dropped study; whatever lies beyond gets its code and goes to quarantine.

    `max_ratio` bounds expanded over packed bytes of an archive member, once it has expanded
    beyond `ratio_floor_mb` (a short run of zeros packs well and harms nobody).
    `reopen_within_s`: a drop under the name of an earlier study re-opens it only so long
    after the study's last files came, or `reopen_open_within_s` while it is not finished;
    later the name is taken to mean another patient, for names such as "export" are used every day.
    `max_attempts`: how often intake may die over one drop before the drop is quarantined.
    """

    max_file_mb: float = 2048.0
    max_study_mb: float = 20_480.0
    max_files: int = 10_000
    max_ratio: float = 200.0
    ratio_floor_mb: float = 8.0
    reopen_within_s: float = 900.0
    reopen_open_within_s: float = 86_400.0
    max_attempts: int = 5

    @property
    def max_file_bytes(self) -> int:
        """Return the size limit of one file."""
        return int(self.max_file_mb * MEBIBYTE)

    @property
    def max_study_bytes(self) -> int:
        """Return the size limit of one study."""
        return int(self.max_study_mb * MEBIBYTE)

    @property
    def ratio_floor_bytes(self) -> int:
        """Return the expanded size below which the ratio is not judged."""
        return int(self.ratio_floor_mb * MEBIBYTE)
