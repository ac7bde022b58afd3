"""Claims: taking a candidate out of the landing folder, once, whatever crashes.

Belongs here: the folder `claims/<claim id>` of the store, its lock, and finding what a dead
scanner left behind. Not here: what becomes of the files (accept.py).

A claim's folder holds `lock` (held by its scanner as long as that lives), `claim.json`
(what is to be taken; `taken.json` once all of it was) and `files/` (what was taken). Entries leave the landing folder by rename, under one short
lock for all scanners. Where landing and store lie on different file systems they are first renamed
to `.claim-<claim id>` in the landing folder, then copied, flushed, and only then deleted there.
"""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from cardio_dagster.intake.landing import Candidate, signature
from cardio_dagster.intake.moving import copy_tree, locked, try_lock
from cardio_dagster.stores.studies import utc_now

_TO_TAKE, _TAKEN = "claim.json", "taken.json"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What `claim.json` says; `attempts` counts the scanners that set to work on the claim."""

    landing: str
    source: str  # pseudonym
    received_at: str
    names: tuple[str, ...]
    markers: tuple[str, ...]
    is_folder: bool
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim whose lock this process holds; `is_resumed`: another scanner began it and died."""

    folder: Path
    ticket: Ticket
    descriptor: int
    is_resumed: bool

    @property
    def claim_id(self) -> str:
        """Return the id, random and without meaning."""
        return self.folder.name

    @property
    def files(self) -> Path:
        """Return the folder of the entries taken."""
        return self.folder / "files"

    @property
    def transit(self) -> Path:
        """Return the hidden folder beside the landing's entries, for the way to another file system."""
        return Path(self.ticket.landing) / f".claim-{self.claim_id}"

    @property
    def root(self) -> Path:
        """Return the folder that becomes the study: the dropped one, or that of the loose files."""
        return self.files / self.ticket.names[0] if self.ticket.is_folder else self.files


class ClaimDesk:
    """Where the scanners of one store and one landing folder meet."""

    def __init__(self, landing: Path, store: Path) -> None:
        self._landing = landing
        self._claims = store / "claims"
        self._claims.mkdir(parents=True, exist_ok=True)
        self._lock = self._claims / ".lock"

    def take(self, candidate: Candidate, seen: str, *, received_at: str) -> Claim | None:
        """Take a candidate out of the landing folder; None if it changed since it was `seen`, or is gone."""
        ticket = Ticket(
            str(self._landing.resolve()),
            candidate.source,
            received_at,
            candidate.names,
            candidate.markers,
            candidate.is_folder,
        )
        with locked(self._lock):
            if signature(self._landing, candidate) != seen:
                return None
            folder = self._claims / f"c-{secrets.token_hex(8)}"
            folder.mkdir()
            claim = _lock_claim(folder, ticket, is_resumed=False)
            if claim is None:
                return None
            try:
                _write_ticket(claim)
                _fetch(claim)
            except OSError:
                self._abandon(claim)
                raise
        return _carry_over(claim)

    def left_behind(self) -> Iterator[Claim]:
        """Yield the claims that nobody works on, completed as far as the landing folder still has their entries."""
        for gone in self._claims.glob(".gone-*"):
            shutil.rmtree(gone, ignore_errors=True)
        for folder in sorted(self._claims.glob("c-*")):
            claim = self._resume(folder)
            if claim and not any(claim.files.iterdir()):
                self.close(claim)  # its scanner died before it took anything, and another took it since
            elif claim:
                yield claim

    def close(self, claim: Claim) -> None:
        """Remove a claim whose files are all where they belong."""
        gone = self._claims / f".gone-{claim.claim_id}"
        with locked(self._lock):
            claim.folder.rename(gone)  # at once, so that no half-removed claim is ever resumed
        shutil.rmtree(gone, ignore_errors=True)
        os.close(claim.descriptor)

    def postpone(self, claim: Claim, *, blameless: bool) -> None:
        """Leave a claim to the next scan; `blameless` if the machine failed and not the claim."""
        if blameless:
            ticket = replace(claim.ticket, attempts=claim.ticket.attempts - 1)
            _write_ticket(replace(claim, ticket=ticket))
        os.close(claim.descriptor)

    def _resume(self, folder: Path) -> Claim | None:
        with locked(self._lock):
            ticket = _read_ticket(folder)
            if ticket is None:  # its scanner died before it took anything, or closed it just now
                shutil.rmtree(folder, ignore_errors=True)
                return None
            claim = _lock_claim(folder, replace(ticket, attempts=ticket.attempts + 1), is_resumed=True)
            if claim is None:
                return None
            try:
                _write_ticket(claim)
                _fetch(claim)
            except OSError:
                os.close(claim.descriptor)
                return None
        return _carry_over(claim)

    def _abandon(self, claim: Claim) -> None:
        """Give a claim up that could not take all; remove it if it took nothing."""
        if not claim.transit.exists() and not any(claim.files.glob("*")):
            shutil.rmtree(claim.folder)
        os.close(claim.descriptor)


def _lock_claim(folder: Path, ticket: Ticket, *, is_resumed: bool) -> Claim | None:
    descriptor = try_lock(folder / "lock")
    return None if descriptor is None else Claim(folder, ticket, descriptor, is_resumed)


def _fetch(claim: Claim) -> None:
    """Rename what the ticket names, and is still there, out of the landing folder, and note that all was taken.

    What lies there under such a name later is another drop.
    """
    claim.files.mkdir(exist_ok=True)
    if (claim.folder / _TAKEN).exists():
        return
    landing = Path(claim.ticket.landing)
    for name in claim.ticket.names:
        has_left = os.path.lexists(claim.files / name) or os.path.lexists(claim.transit / name)
        if os.path.lexists(landing / name) and not has_left:
            _rename(landing / name, claim)
    for name in claim.ticket.markers:
        (landing / name).unlink(missing_ok=True)
    (claim.folder / _TO_TAKE).rename(claim.folder / _TAKEN)


def _rename(source: Path, claim: Claim) -> None:
    try:
        source.rename(claim.files / source.name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        claim.transit.mkdir(exist_ok=True)
        source.rename(claim.transit / source.name)


def _carry_over(claim: Claim) -> Claim:
    """Bring entries over from another file system; a copy cut short is begun again.

    What cannot be read stays in the landing folder, hidden as `.unreadable-<claim id>`.
    """
    if not claim.transit.exists():
        return claim
    arriving, arrived = claim.folder / "arriving", claim.folder / "arrived"
    has_all = True
    if not arrived.exists():
        shutil.rmtree(arriving, ignore_errors=True)
        has_all = copy_tree(claim.transit, arriving)
        arriving.rename(arrived)
    for entry in arrived.iterdir():
        entry.rename(claim.files / entry.name)
    if has_all:
        shutil.rmtree(claim.transit)
    else:
        claim.transit.rename(claim.transit.with_name(f".unreadable-{claim.claim_id}"))
    return claim


def _write_ticket(claim: Claim) -> None:
    name = _TAKEN if (claim.folder / _TAKEN).exists() else _TO_TAKE
    draft = claim.folder / f"{name}.new"
    draft.write_text(json.dumps(asdict(claim.ticket)))  # ASCII, so that names which are not UTF-8 survive
    draft.replace(claim.folder / name)


def _read_ticket(folder: Path) -> Ticket | None:
    """Read what is or was to be taken; None if the claim was closed or its scanner died before it took anything."""
    for name in (_TAKEN, _TO_TAKE):
        try:
            fields = json.loads((folder / name).read_text())
        except FileNotFoundError:
            continue
        except ValueError:  # emptied by a power cut: what was taken is accepted as loose files of a source of its own
            return Ticket("", folder.name, utc_now(), (), (), is_folder=False)
        return Ticket(**{**fields, "names": tuple(fields["names"]), "markers": tuple(fields["markers"])})
    return None
