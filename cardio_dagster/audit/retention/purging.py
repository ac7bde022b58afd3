"""Purge: carrying out the retention, so that a crash at any point leaves a proof and no half-purged study unnoticed.

Belongs here: the order of steps. Not here: what is due (due.py, stores/retention.py), files (stored.py), the removal of
ledger contents (stores/ledger/).

One study after the other: (1) its files are hashed; (2) one transaction under the lock of holds looks once more whether it
may go, writes the record CONTENT_PURGED with the seqs and the hashes, removes the contents and the rows, and notes the
purge as unfinished; (3) each file whose hash stands in the proof is removed; (4) the purge is noted as finished. After
a crash the next purge begins with (3). A file that the proof does not name gets a proof of its own before it goes.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cardio_dagster.audit.retention.due import Archive, bound, purgeable
from cardio_dagster.audit.retention.stored import StoredFile
from cardio_dagster.audit_contents import ContentPurged
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.stores.ledger import Ledger, decode, purge_contents
from cardio_dagster.stores.retention import (
    DueStudy,
    claim,
    delete_rows,
    every_due,
    note_finished,
    note_purge,
    unfinished,
)
from cardio_dagster.stores.studies import utc_now

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did, in the same counts; `spared` studies were re-opened while it ran, or the ledger holds them."""

    before: str
    studies: int = 0
    contents: int = 0
    rows: int = 0
    files: int = 0
    size_bytes: int = 0
    spared: int = 0
    finished: int = 0  # of earlier purges that had been cut short


def purge(archive: Archive, before: str, actor: Actor) -> Purged:
    """Remove what is due, first finishing what an earlier purge left undone; return the counts.

    `before` is ISO 8601 in UTC. Raises what the database, the disk or the ledger raise; what was recorded by then is
    finished by the next call.
    """
    total = Purged(before)
    for study_id in unfinished(archive.engine):
        total = _added(total, _remove_files(archive, study_id, before, actor), finished=1)
    for study in every_due(archive.engine, before):
        files = list(archive.places.files(study.study_id))
        proven = _record(archive, study, files, before, actor)
        if proven is None:
            total = replace(total, spared=total.spared + 1)
            continue
        contents, rows = proven
        total = _added(total, _remove_files(archive, study.study_id, before, actor), studies=1)
        total = replace(total, contents=total.contents + contents, rows=total.rows + rows)
        log.info("%s purged after its retention", study.study_id)
    return total


def _record(
    archive: Archive, study: DueStudy, files: list[StoredFile], before: str, actor: Actor
) -> tuple[int, int] | None:
    """Write the proof and remove contents and rows in one transaction; None if the study may no longer go."""
    with archive.engine.begin() as connection:
        if not claim(connection, study.study_id, before) or bound(archive.ledger, study.study_id) is not None:
            return None
        seqs = purgeable(archive.ledger, study.study_id)
        rows = delete_rows(connection, study.study_id)
        told = {file.name: file.sha256 for file in files}
        proof = purge_contents(
            archive.ledger, seqs, told, before, actor, study_id=study.study_id, connection=connection
        )
        note_purge(connection, study.study_id, proof.seq, proof.at)
    return len(seqs), rows


def _remove_files(archive: Archive, study_id: str, before: str, actor: Actor) -> tuple[int, int]:
    """Remove the files that the study's proofs name, after a proof for any that came later; return count and bytes."""
    count, size_bytes = 0, 0
    for file in _proven(archive, study_id, before, actor):
        file.system.rm_file(file.path)
        count, size_bytes = count + 1, size_bytes + file.size_bytes
    if archive.places.remove_folders(study_id):
        note_finished(archive.engine, study_id, utc_now())
    return count, size_bytes


def _proven(archive: Archive, study_id: str, before: str, actor: Actor) -> Iterator[StoredFile]:
    files = list(archive.places.files(study_id))
    named = _named(archive.ledger, study_id)
    late = {file.name: file.sha256 for file in files if named.get(file.name) != file.sha256}
    if late:
        with archive.engine.begin() as connection:
            content = ContentPurged((), late, before)
            entry = Entry(Kind.CONTENT_PURGED, actor, content, study_id=study_id)
            (proof,) = archive.ledger.append(entry, connection=connection)
            note_purge(connection, study_id, proof.seq, proof.at)
    yield from files


def _named(ledger: Ledger, study_id: str) -> dict[str, str]:
    proofs = (decode(record) for record in ledger.records(study_id=study_id, kinds=(Kind.CONTENT_PURGED,)))
    return {name: sha256 for proof in proofs for name, sha256 in proof.files.items()}


def _added(total: Purged, removed: tuple[int, int], *, studies: int = 0, finished: int = 0) -> Purged:
    files, size_bytes = removed
    return replace(
        total,
        files=total.files + files,
        size_bytes=total.size_bytes + size_bytes,
        studies=total.studies + studies,
        finished=total.finished + finished,
    )
