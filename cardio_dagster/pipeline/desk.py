"""Desk: what the written part of a report may use.

Belongs here: the plain values that the settings give. Not here: writing (writing.py).
"""

from dataclasses import dataclass, field

from cardio_dagster.evidence.tasks import TierOptions


@dataclass(frozen=True, slots=True)
class Desk:
    """Plain values, so that they travel between processes.

    `evidence_dir` keeps the index and answered queries, None keeps nothing; `site_notes` is a folder of a
    site's own protocol notes; `database_url` is where earlier studies of the same patient are found, None
    where there are none; `stored_dir` holds what was stored of all studies, a folder each, for the cost.
    """

    tiers: TierOptions = field(default_factory=TierOptions)
    evidence_dir: str | None = None
    site_notes: str | None = None
    database_url: str | None = None
    stored_dir: str | None = None
