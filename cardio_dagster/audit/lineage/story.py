"""Story: what the ledger tells of one study, in order, with contents read.

Belongs here: picking records by kind, revision and moment. Not here: the ledger (stores/ledger/) or what follows
from the records (trace.py, ../explain/, ../replay/). A record whose content was purged keeps its place and tells
nothing but that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cardio_dagster.audit_contents import ConfigChanged, ContentPurged, ReportClosed, StagePassed
from cardio_dagster.audit_record import Kind, Record
from cardio_dagster.stores.ledger import Ledger, decode

FIRST_VERSION = 1  # what the pipeline wrote; each decision of a person makes the next


@dataclass(frozen=True, slots=True)
class Told:
    """One record with its content, which is None once it is purged."""

    record: Record
    content: Any


@dataclass(frozen=True, slots=True)
class Story:
    """All records of one study, the oldest first."""

    told: tuple[Told, ...]

    def of(self, *kinds: Kind, revision: int | None = None) -> tuple[Told, ...]:
        """Return the records of some kinds, of one revision if asked, whose content is still there."""
        return tuple(t for t in self._all(kinds, revision) if t.content is not None)

    def purged(self, *kinds: Kind, revision: int | None = None) -> tuple[Record, ...]:
        """Return the records of which only the hash is left."""
        return tuple(t.record for t in self._all(kinds, revision) if t.content is None)

    def closing(self, revision: int, version: int | None = None) -> Told | None:
        """Return the last closing of a report of a revision, of one version if asked; None if there is none."""
        found = self.of(Kind.REPORT_CLOSED, revision=revision)
        return next((t for t in reversed(found) if version in (None, t.content.version)), None)

    def stages(self, *, revision: int | None = None, until_seq: int | None = None) -> tuple[Told, ...]:
        """Return the stages passed, those before a record if asked."""
        found = self.of(Kind.STAGE_PASSED, revision=revision)
        return tuple(t for t in found if until_seq is None or t.record.seq <= until_seq)

    def _all(self, kinds: tuple[Kind, ...], revision: int | None) -> Iterable[Told]:
        return (t for t in self.told if t.record.kind in kinds and revision in (None, t.record.revision))


def read_story(ledger: Ledger, study_id: str) -> Story:
    """Return what the ledger tells of a study; empty for one that it never heard of."""
    return Story(tuple(Told(record, decode(record)) for record in ledger.records(study_id=study_id)))


def configuration_of(ledger: Ledger, sha256: str) -> Told | None:
    """Return the record of the configuration with this hash, the newest one; None if none is told (or it is purged)."""
    last = ledger.last(Kind.CONFIG_CHANGED)
    if last is not None and _hash(told := Told(last, decode(last))) == sha256:
        return told
    told_before = (Told(record, decode(record)) for record in ledger.records(kinds=(Kind.CONFIG_CHANGED,)))
    found = [told for told in told_before if _hash(told) == sha256]
    return found[-1] if found else None


def purge_of(ledger: Ledger, seqs: Iterable[int]) -> Record | None:
    """Return the record that proves the purge of any of these records' contents; None if none does."""
    gone = set(seqs)
    for record in ledger.records(kinds=(Kind.CONTENT_PURGED,)):
        content = decode(record)
        if isinstance(content, ContentPurged) and gone.intersection(content.records):
            return record
    return None


def closed(told: Told) -> ReportClosed:
    """Return the content of a closing."""
    assert isinstance(told.content, ReportClosed)
    return told.content


def passed(told: Told) -> StagePassed:
    """Return the content of a passed stage."""
    assert isinstance(told.content, StagePassed)
    return told.content


def _hash(told: Told) -> str | None:
    return told.content.sha256 if isinstance(told.content, ConfigChanged) else None
