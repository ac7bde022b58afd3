"""What a person is shown: the worklist by priority and age, and the report that stands.

Belongs here: choosing, ordering, and reading the files of the version that stands. Not here: layout (commands/review.py).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cardio_dagster.audit_contents import ReportClosed
from cardio_dagster.errors import StudyError
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.reporting.parts import Report
from cardio_dagster.stores.ledger import LedgerError
from cardio_dagster.stores.ledger.row_proofs import release_key, version_key
from cardio_dagster.stores.review_words import ReviewDecision
from cardio_dagster.stores.reviews import Recorder, ReviewError, ReviewItem, ReviewStore, VersionRow
from cardio_dagster.stores.study_tables import PRIORITY_RANK
from cardio_dagster.study import Priority

_PAGE = "report.html"
_SHORT = 12  # characters of a hash that tell two versions apart


@dataclass(frozen=True, slots=True)
class Shown:
    """One report as a person looks at it: `seen` is what a decision on it must repeat."""

    stands: VersionRow
    report: Report
    decisions: tuple[ReviewDecision, ...]
    reasons: tuple[str, ...]  # why it waits; empty where it does not

    @property
    def seen(self) -> str:
        """Return the token of the version that was looked at."""
        return seen_token(self.stands)


def seen_token(stands: VersionRow) -> str:
    """Return version and beginning of the hash, as a person copies it: `v1-3fa9c2d1e0b4`."""
    return f"v{stands.version}-{stands.report_sha256[:_SHORT]}"


def by_urgency(items: tuple[ReviewItem, ...]) -> tuple[ReviewItem, ...]:
    """Return the items, the most urgent first, of one priority the oldest first; an unknown priority comes first."""
    return tuple(sorted(items, key=lambda i: (_rank(i.priority), i.opened_at, i.study_id)))


def show(study_id: str, store: ReviewStore, ledger: Recorder) -> Shown:
    """Return what stands of a study; raises ReviewError where nothing does or a file of it is not the one recorded."""
    stands = stood(study_id, store)
    waits = [i for i in store.worklist() if (i.study_id, i.revision) == (study_id, stands.revision)]
    decisions = store.decisions(study_id, stands.revision)
    return Shown(stands, _read(stands, ledger), decisions, waits[0].reasons if waits else ())


def stood(study_id: str, store: ReviewStore) -> VersionRow:
    """Return the version that stands of a study; raises ReviewError where nothing was decided of it."""
    stands = store.standing(study_id)
    if stands is None:
        raise ReviewError(
            f"study {study_id} has no report that was decided on; look for its id with `cardio review list`"
        )
    return stands


def read_report(store: ReviewStore, decision: ReviewDecision, ledger: Recorder) -> Report:
    """Return the report that a decision looked at, as far as it still stands; the store refuses any other."""
    stands = store.standing(decision.study_id, decision.revision)
    if stands is None:
        raise ReviewError(f"study {decision.study_id} has no report that was decided on; wait for its run")
    return _read(stands, ledger)


def _read(stands: VersionRow, ledger: Recorder) -> Report:
    """Return the report after every file of it was held against its record: a person reads one format and decides on all."""
    folder, recorded = Path(stands.report_path), _recorded(stands, ledger)
    try:
        files = {name: (folder / name).read_bytes() for name in (*recorded, "report.json")}
        found = {name: hashlib.sha256(files[name]).hexdigest() for name in recorded}
        if found == recorded and recorded.get(_PAGE) == stands.report_sha256:
            return from_json(files["report.json"])
    except (OSError, StudyError) as error:
        raise ReviewError(f"the report of {stands.study_id} cannot be read ({type(error).__name__}); restore the store") from None  # fmt: skip
    changed = [name for name in sorted(recorded) if found[name] != recorded[name]] or [_PAGE]
    raise ReviewError(
        f"the report of {stands.study_id} on disk is not the one that was recorded ({', '.join(changed)}); nobody can decide "
        "on it. Restore the folder of reports and the database from the backup and look with `cardio audit verify`"
    )


def _recorded(stands: VersionRow, ledger: Recorder) -> dict[str, str]:
    """Return the hash of each file as the ledger proves it."""
    about = (stands.study_id, stands.revision)
    is_first = stands.version == 1
    key = release_key(*about, stands.status, stands.report_sha256) if is_first else version_key(*about, stands.version)
    try:
        record = ledger.proven(key)
    except LedgerError as error:
        raise ReviewError(str(error)) from None
    if record is None or record.content is None:
        raise ReviewError(
            f"the ledger holds no record of version {stands.version} of {stands.study_id}; nobody can decide on it. Run "
            "`cardio audit verify`, then restore the database from the backup"
        )
    return msgspec.json.decode(record.content, type=ReportClosed).files


def _rank(priority: str | None) -> int:
    return PRIORITY_RANK[Priority(priority)] if priority is not None else -1
