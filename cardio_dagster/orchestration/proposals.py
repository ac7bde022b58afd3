"""Proposals: a report made anew beside one that stands, and what becomes of it.

Belongs here: comparing, keeping and recording. Not here: making reports anew (backfill.py). Why it is so:
docs/adr/0016-nothing-is-made-anew-in-silence.md.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa

from cardio_dagster.audit.retention.stored import PROPOSALS
from cardio_dagster.audit_contents import AccessMade
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.errors import CardioError
from cardio_dagster.orchestration.releasing import FIRST, RUN_DEPENDENT
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.reviewing import review_store
from cardio_dagster.orchestration.staleness import StaleStudy
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.reporting.report import Report
from cardio_dagster.review.deciding import opened_entry
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.results import ReleaseRow
from cardio_dagster.stores.review_reasons import add_reason
from cardio_dagster.stores.reviews import ReviewError

_COMPARED = ("statements", "measurements", "findings", "scores", "state")


class Remade(StrEnum):
    """What became of one study."""

    SAME_BYTES = "same bytes"
    SAME_CONTENT = "says the same"
    DIFFERS = "differs, waits for a person"
    REPLACED = "error response replaced"
    GIVEN_BACK = "given back undone"


@dataclass(frozen=True, slots=True)
class Told:
    """A study and what became of it; `differs` names the parts of the report that do."""

    study_id: str
    remade: Remade
    differs: tuple[str, ...] = ()


def is_decided(study: StaleStudy, stores: Stores) -> bool:
    """Return whether a person decided on it; a decision that nobody can read counts as one."""
    try:
        return bool(review_store(stores).decisions(study.study_id, study.revision))
    except ReviewError:
        return True


def keep_beside(remade: Dossier, study: StaleStudy, stores: Stores, actor: Actor) -> Told:
    """Compare a report made anew with the one that stands, keep it as a proposal where it differs, and record that."""
    stands = _stands(study, stores)
    if stands is None or stores.row(study.study_id).study.revision != study.revision:
        return Told(study.study_id, Remade.GIVEN_BACK)
    new, old = _files(Path(str(remade.report_path))), _files(Path(str(stands.report_path)))
    if new == old:
        told = Told(study.study_id, Remade.SAME_BYTES)
    elif not (differing := differences(old.get("report.json"), new["report.json"])):
        told = Told(study.study_id, Remade.SAME_CONTENT)
    else:
        ReportStore(Path(stores.store_dir) / PROPOSALS).save(study.study_id, study.revision, new)
        told = Told(study.study_id, Remade.DIFFERS, differing)
    _record(told, study, stands, stores, actor)
    return told


def differences(old: bytes | None, new: bytes) -> tuple[str, ...]:
    """Return the parts in which two reports say another thing, by their report.json; `unreadable` where the old one is."""
    try:
        stood = from_json(old or b"")
    except CardioError:
        return ("unreadable",)
    former, present = _said(stood), _said(from_json(new))
    return tuple(name for name in _COMPARED if former[name] != present[name])


def _said(report: Report) -> dict[str, object]:
    values = (report.written.statements, report.measurements, report.findings, report.scores, report.final_state)
    return dict(zip(_COMPARED, values, strict=True))


def _record(told: Told, study: StaleStudy, stands: ReleaseRow, stores: Stores, actor: Actor) -> None:
    """Leave the outcome in the ledger; a report that differs, and on which nobody decided yet, waits from now on."""
    outcome = f"{told.remade.value}; stale by {', '.join(study.reasons) or 'nothing'}"
    outcome += f"; differs in {', '.join(told.differs)}" if told.differs else ""
    content = AccessMade("backfill", f"report r{study.revision}", outcome)
    entries = [Entry(Kind.ACCESS_MADE, actor, content, study.study_id, study.revision)]
    waits = told.remade is Remade.DIFFERS and not is_decided(study, stores)
    with connect(stores.database_url).begin() as connection:
        if waits:
            entries += _let_wait(told, stands, stores, actor, connection)
        stores.ledger().append(*entries, connection=connection)


def _let_wait(told: Told, stands: ReleaseRow, stores: Stores, actor: Actor, connection: sa.Connection) -> list[Entry]:
    """Let the report that stands wait for a person, with what differs as the reason; return the record of a new review."""
    why = f"made anew, the report differs in {', '.join(told.differs)}; see the proposal beside it"
    about = (stands.study_id, stands.revision, FIRST, str(stands.report_sha256))
    reasons = (*stands.reasons, why)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    if review_store(stores).open(*about, reasons, at=at, connection=connection):
        return [opened_entry(*about, reasons=reasons, actor=actor)]
    add_reason(connection, stands.study_id, stands.revision, why)
    return []


def _stands(study: StaleStudy, stores: Stores) -> ReleaseRow | None:
    rows = stores.results().released(study.study_id)
    return next((r for r in rows if r.revision == study.revision and r.report_path is not None), None)


def _files(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    found = (p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    return {p.name: p.read_bytes() for p in found if p.name not in RUN_DEPENDENT}
