"""Backfill: closed studies made anew beside what stands, and what becomes of the outcome.

Belongs here: making a chunk anew, comparing, keeping. Not here: which studies (staleness.py), the job (defs/backfill.py). Why it is
so: docs/adr/0016-nothing-is-made-anew-in-silence.md.

An error response that nobody confirmed goes through the bulk door and is replaced, as after any other run. A report that was
released, held or decided on by a person stays what it is, with its checkpoints, results and events: the study is made
anew in a scratch folder. Where that says the same, the ledger notes it and nothing else changes; where it does not, the new
report is kept as a proposal and the standing one waits for a person.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import dagster as dg

from cardio_dagster.audit_contents import AccessMade
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.errors import CardioError
from cardio_dagster.orchestration.bulk import record_or_give_back, work_order
from cardio_dagster.orchestration.pool import Finished, WorkerPool
from cardio_dagster.orchestration.releasing import RUN_DEPENDENT
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.reviewing import review_store
from cardio_dagster.orchestration.staleness import StaleStudy, in_force
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.worker import WorkOrder
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.reporting.report import Report
from cardio_dagster.review.deciding import opened_entry
from cardio_dagster.stores.basis import BasisStore
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.results import ReleaseRow

PROPOSALS = "proposals"  # below the store, laid out as its reports
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


def remake_chunk(
    context: dg.OpExecutionContext, chunk: tuple[StaleStudy, ...], stores: Stores, actor: Actor
) -> list[Told]:
    """Make a chunk of studies anew, side by side, and return what became of each.

    A study that was re-opened meanwhile, that nobody knows any more, or whose worker failed is given back: the next backfill
    finds it again.
    """
    wanted = {study.study_id: study for study in chunk}
    with _scratch(stores) as folder, WorkerPool(stores.threads) as pool:
        orders = [order for study in chunk if (order := _order(study, stores, folder)) is not None]
        told = [_settle(context, done, wanted[done.order.study.study_id], stores, actor) for done in pool.run(orders)]
    missing = set(wanted) - {t.study_id for t in told}
    return [*told, *(Told(study_id, Remade.GIVEN_BACK) for study_id in sorted(missing))]


def is_replaceable(study: StaleStudy, stores: Stores) -> bool:
    """Return whether an error response stands that no person decided on."""
    decided = review_store(stores).decisions(study.study_id, study.revision)
    return study.status == ReleaseStatus.ERROR.value and not decided


@contextmanager
def _scratch(stores: Stores) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".backfill-", dir=stores.store_dir) as folder:
        yield Path(folder)


def _order(study: StaleStudy, stores: Stores, folder: Path) -> WorkOrder | None:
    try:
        order = work_order(study.study_id, stores)
    except LookupError:
        return None
    if order.study.revision != study.revision:
        return None
    if is_replaceable(study, stores):
        return order
    return replace(order, checkpoint_url=str(folder / "checkpoints"), reports=ReportStore(folder / "reports"))


def _settle(context: dg.OpExecutionContext, done: Finished, study: StaleStudy, stores: Stores, actor: Actor) -> Told:
    if is_replaceable(study, stores):
        closed = record_or_give_back(context, done, stores)
        told = Told(study.study_id, Remade.GIVEN_BACK if closed is None else Remade.REPLACED)
    elif done.passed is None:
        context.log.error(f"{study.study_id} is given back undone: {done.why}")
        told = Told(study.study_id, Remade.GIVEN_BACK)
    else:
        told = keep_beside(done.passed[State.FORMATTING], study, stores, actor)
    if told.remade is not Remade.GIVEN_BACK:
        _mark(study, stores)
    return told


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
    at = datetime.now(UTC).isoformat(timespec="seconds")
    outcome = f"{told.remade.value}; stale by {', '.join(study.reasons) or 'nothing'}"
    outcome += f"; differs in {', '.join(told.differs)}" if told.differs else ""
    content = AccessMade("backfill", f"report r{study.revision}", outcome)
    entries = [Entry(Kind.ACCESS_MADE, actor, content, study.study_id, study.revision)]
    about = (study.study_id, study.revision, 1, str(stands.report_sha256))
    reviews = review_store(stores)
    with connect(stores.database_url).begin() as connection:
        if told.remade is Remade.DIFFERS and not reviews.decisions(study.study_id, study.revision):
            why = (*stands.reasons, f"made anew, the report differs in {', '.join(told.differs)}")
            if reviews.open(*about, why, at=at, connection=connection):
                entries.append(opened_entry(*about, reasons=why, actor=actor))
        stores.ledger().append(*entries, connection=connection)


def _mark(study: StaleStudy, stores: Stores) -> None:
    now = in_force(stores)
    parts = {name: now[name] for name in study.parts if name in now}
    BasisStore(connect(stores.database_url)).mark(study.study_id, study.revision, parts)


def _stands(study: StaleStudy, stores: Stores) -> ReleaseRow | None:
    rows = stores.results().released(study.study_id)
    return next((r for r in rows if r.revision == study.revision and r.report_path is not None), None)


def _files(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        return {}
    found = (p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    return {p.name: p.read_bytes() for p in found if p.name not in RUN_DEPENDENT}
