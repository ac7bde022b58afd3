"""export: one entry for all formats.

Belongs here: the names of the formats. Not here: what they look like.
"""

from collections.abc import Iterator

from cardio_dagster.audit.export.atna import to_atna
from cardio_dagster.audit.export.fhir import to_fhir
from cardio_dagster.audit.export.jsonl import to_jsonl
from cardio_dagster.audit.export.prov_json import to_prov
from cardio_dagster.audit.export.told import Selection, told
from cardio_dagster.stores.ledger import Ledger

NO_LEDGER = "not opened"
_WRITERS = {"fhir": to_fhir, "prov": to_prov, "atna": to_atna}
FORMATS = ("jsonl", *_WRITERS)


def export(ledger: Ledger, format_name: str, chosen: Selection) -> Iterator[bytes]:
    """Return the bytes of the chosen records in one of FORMATS, by seq, in memory that does not grow with their number.

    The same ledger and choice give the same bytes: no time of the export, no name of a machine. The source is named by
    the ledger's random id. Raises KeyError for another format.
    """
    if format_name == "jsonl":
        return to_jsonl(told(ledger, chosen), ledger)
    return _WRITERS[format_name](told(ledger, chosen), ledger_id(ledger))


def ledger_id(ledger: Ledger) -> str:
    """Return the id of a ledger; `not opened` before its first record."""
    head = ledger.head()
    return head.ledger_id if head is not None else NO_LEDGER
