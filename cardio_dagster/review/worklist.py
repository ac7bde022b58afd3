"""What a person is shown: the worklist by priority and age, and the report that stands.

Belongs here: choosing, ordering, and reading the files of the version that stands. Not here: layout (commands/review.py).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cardio_dagster.errors import StudyError
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.reporting.parts import Report
from cardio_dagster.stores.review_words import ReviewDecision
from cardio_dagster.stores.reviews import ReviewError, ReviewItem, ReviewStore, VersionRow
from cardio_dagster.stores.study_tables import PRIORITY_RANK
from cardio_dagster.study import Priority

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


def show(study_id: str, store: ReviewStore) -> Shown:
    """Return what stands of a study; raises ReviewError where nothing does or its files are not those recorded."""
    stands = stood(study_id, store)
    waits = [i for i in store.worklist() if (i.study_id, i.revision) == (study_id, stands.revision)]
    decisions = store.decisions(study_id, stands.revision)
    return Shown(stands, _read(stands), decisions, waits[0].reasons if waits else ())


def stood(study_id: str, store: ReviewStore) -> VersionRow:
    """Return the version that stands of a study; raises ReviewError where nothing was decided of it."""
    stands = store.standing(study_id)
    if stands is None:
        raise ReviewError(
            f"study {study_id} has no report that was decided on; look for its id with `cardio review list`"
        )
    return stands


def read_report(store: ReviewStore, decision: ReviewDecision) -> Report:
    """Return the report that a decision looked at, as far as it still stands; the store refuses any other."""
    stands = store.standing(decision.study_id, decision.revision)
    if stands is None:
        raise ReviewError(f"study {decision.study_id} has no report that was decided on; wait for its run")
    return _read(stands)


def _read(stands: VersionRow) -> Report:
    folder = Path(stands.report_path)
    try:
        found = hashlib.sha256((folder / "report.html").read_bytes()).hexdigest()
        report = from_json((folder / "report.json").read_bytes())
    except (OSError, StudyError) as error:
        raise ReviewError(f"the report of {stands.study_id} cannot be read ({type(error).__name__}); restore the store") from None  # fmt: skip
    if found != stands.report_sha256:
        raise ReviewError(
            f"the report of {stands.study_id} on disk is not the one that was recorded; nobody can decide on it. "
            "Restore the folder of reports from the backup and verify the ledger with `cardio audit verify`"
        )
    return report


def _rank(priority: str | None) -> int:
    return PRIORITY_RANK[Priority(priority)] if priority is not None else -1
