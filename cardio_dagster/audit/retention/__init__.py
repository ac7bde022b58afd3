"""Retention: what goes when its time is over, and the proof that it went.

Belongs here: files of a study in the store, and carrying out a purge. Not here: rows and holds (stores/retention.py,
stores/holds.py) or the removal of ledger contents (stores/ledger/).
"""

from cardio_dagster.audit.retention.due import Archive, Survey, limit_of, survey
from cardio_dagster.audit.retention.purging import Purged, purge

__all__ = ["Archive", "Purged", "Survey", "limit_of", "purge", "survey"]
