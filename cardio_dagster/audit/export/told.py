"""Told: a record of the ledger with all that an export needs to tell it.

Belongs here: which records are chosen, and joining a record with its decoded content and the proof of its purge.
Not here: how a format tells it (jsonl.py, fhir.py, prov_json.py, atna.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cardio_dagster.audit_contents import ContentPurged
from cardio_dagster.audit_record import Kind, Record
from cardio_dagster.stores.ledger import Ledger, decode


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records are exported; None is "all". Times are ISO 8601 in UTC, `since` included, `until` not."""

    study_id: str | None = None
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class PurgeProof:
    """Where the proof of a purge stands: the record that names what went, and when."""

    seq: int
    at: str

    def __str__(self) -> str:
        """Return the words that exports and lineage share."""
        return f"purged on {self.at[:10]}, proof record {self.seq}"


@dataclass(frozen=True, slots=True)
class Told:
    """One record, its content as a dataclass of audit_contents.py (None once purged), and the proof of the purge."""

    record: Record
    content: Any
    proof: PurgeProof | None


def purge_proofs(ledger: Ledger, study_id: str | None = None) -> dict[str, list[PurgeProof]]:
    """Return the proofs of all purges by study, the oldest first; one small object a purged study is held in memory."""
    proofs: dict[str, list[PurgeProof]] = {}
    for record in ledger.records(study_id=study_id, kinds=(Kind.CONTENT_PURGED,)):
        if isinstance(decode(record), ContentPurged) and record.study_id:
            proofs.setdefault(record.study_id, []).append(PurgeProof(record.seq, record.at))
    return proofs


def proof_of(record: Record, proofs: dict[str, list[PurgeProof]]) -> PurgeProof | None:
    """Return the proof for a record without content: the first purge of its study after it. None: it was never purged."""
    if record.content is not None or record.study_id is None:
        return None
    return next((proof for proof in proofs.get(record.study_id, ()) if proof.seq > record.seq), None)


def told(ledger: Ledger, chosen: Selection) -> Iterator[Told]:
    """Yield the chosen records by seq, streamed."""
    proofs = purge_proofs(ledger, chosen.study_id)
    for record in ledger.records(study_id=chosen.study_id, since=chosen.since, until=chosen.until):
        yield Told(record, decode(record), proof_of(record, proofs))
