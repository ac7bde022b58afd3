"""Anchoring the ledger of an installation: every day since the last anchor, up to yesterday.

Belongs here: from the stores to the ledger. Not here: the asset and its schedule (defs/anchor.py) or what an anchor says
(stores/ledger/).
"""

from datetime import UTC, datetime
from pathlib import Path

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import Anchor, Ledger
from cardio_dagster.stores.ledger.anchoring import anchor_every_day


def anchor_all(stores: Stores) -> tuple[Anchor, ...]:
    """Anchor what is due and return the anchors written, the oldest first; none if there was nothing to do.

    Raises LedgerError for records that this site did not write: an anchor would bless them.
    """
    ledger = Ledger(connect(stores.database_url), stores.site_key())
    return anchor_every_day(ledger, Path(stores.anchor_dir), today=datetime.now(UTC).date())
