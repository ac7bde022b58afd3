"""The audit ledger: append-only, hash-chained, sealed with the site's key, anchored once a day.

Belongs here: what others may use of it. The words of a record are in audit_record.py and audit_contents.py; what the
chain proves and what it cannot is told in docs/ledger.md.
"""

from cardio_dagster.stores.ledger.anchoring import anchor_day
from cardio_dagster.stores.ledger.anchors import Anchor
from cardio_dagster.stores.ledger.contents import LedgerAnchored, LedgerOpened, decode
from cardio_dagster.stores.ledger.faults import Damage, Fault
from cardio_dagster.stores.ledger.ledger import Ledger
from cardio_dagster.stores.ledger.making import Head
from cardio_dagster.stores.ledger.proving import LedgerError
from cardio_dagster.stores.ledger.purging import NEVER_PURGED, purge_contents
from cardio_dagster.stores.ledger.verify import LedgerProof, verify_ledger

__all__ = [
    "NEVER_PURGED",
    "Anchor",
    "Damage",
    "Fault",
    "Head",
    "Ledger",
    "LedgerAnchored",
    "LedgerError",
    "LedgerOpened",
    "LedgerProof",
    "anchor_day",
    "decode",
    "purge_contents",
    "verify_ledger",
]
