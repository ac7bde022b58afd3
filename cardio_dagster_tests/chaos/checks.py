"""What must hold of an installation after everything that happened to it; the same for every experiment.

Belongs here: looking, from outside, at what is kept. Not here: what happened to it (experiments/).
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import sqlalchemy as sa

from cardio_dagster.audit_contents import NoticeTold
from cardio_dagster.audit_record import Kind
from cardio_dagster.orchestration.escalating import escalate
from cardio_dagster.orchestration.runs import IN_PROGRESS
from cardio_dagster.outcome import State
from cardio_dagster.stores.database import connect, reading
from cardio_dagster.stores.ledger import decode, verify_ledger
from cardio_dagster.stores.report_paths import path_of
from cardio_dagster.stores.results import releases
from cardio_dagster.stores.study_tables import revisions
from cardio_dagster_tests.chaos.site import Site

CHANGED = "E_INTAKE_010"  # a received file is not the one that came
ENDS = {State.COMPLETE.name, State.ERROR.name}


def faults_of(site: Site, *, expect: int | None = None) -> tuple[str, ...]:
    """Return a sentence for everything that does not hold; `expect` is how many revisions there must be."""
    escalate(site.stores)  # a notice that went out before must not go out again
    return (*_registry(site, expect), *_reports(site), *_files(site), *_runs(site), *chain_faults(site), *_ledger(site))


def _rows(site: Site, table: sa.Table) -> list[dict]:
    with reading(connect(site.settings.database)) as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def _registry(site: Site, expect: int | None) -> Iterator[str]:
    known = _rows(site, revisions)
    if site.open():
        yield f"{len(site.open())} studies never ended"
    if any(row["final_state"] not in ENDS for row in known):
        yield "a revision has no end"
    if expect is not None and len(known) != expect:
        yield f"{len(known)} revisions instead of {expect}"
    told = {(row["study_id"], row["revision"]) for row in site.releases() if row["code"] == CHANGED}
    for row in known:
        folder = site.settings.store_dir / row["input_path"]
        study = site.stores.registry().get(row["study_id"], row["revision"]).study
        changed = any(_sha256(folder / r.path) != r.sha256 for r in study.recordings)
        if changed and (row["study_id"], row["revision"]) not in told:
            yield "a stored recording is not the one that was registered, and nobody said so"


def _reports(site: Site) -> Iterator[str]:
    closed = {(row["study_id"], row["revision"]): row for row in _rows(site, releases)}
    ended = {(row["study_id"], row["revision"]) for row in _rows(site, revisions)}
    root = site.settings.store_dir / "reports"
    written = {(p.parent.name, int(p.name[1:])) for p in root.glob("*/r*") if p.name[1:].isdigit()}
    for what, difference in (
        ("without a release", ended - set(closed)),
        ("released, but unknown", set(closed) - ended),
    ):
        if difference:
            yield f"{len(difference)} revisions {what}"
    if written != set(closed):
        yield f"{len(written ^ set(closed))} report folders differ from the releases"
    if any(_sha256(path_of(r["report_path"], root) / "report.html") != r["report_sha256"] for r in closed.values()):
        yield "a report is not the one that was released"


def _files(site: Site) -> Iterator[str]:
    store = site.settings.store_dir
    drafts = [p for part in ("checkpoints", "reports", "inputs") for p in (store / part).rglob(".*")]
    if drafts:
        yield f"{len(drafts)} half-written files or folders stand in {', '.join(sorted({_part(store, p) for p in drafts}))}"
    if any(not _reads(path) for path in (store / "checkpoints").rglob("*.parquet") if not path.name.startswith(".")):
        yield "a checkpoint does not read"
    claims = store / "claims"
    if claims.is_dir() and any(p.is_dir() for p in claims.iterdir()):
        yield "a claim of intake was never closed"


def _part(store: Path, path: Path) -> str:
    return path.relative_to(store).parts[0]


def _runs(site: Site) -> Iterator[str]:
    going = site.instance.get_runs(dg.RunsFilter(statuses=IN_PROGRESS))
    if going:
        yield f"{len(going)} runs never ended"


def chain_faults(site: Site) -> Iterator[str]:
    """Yield what is wrong with the chain of the ledger."""
    proof = verify_ledger(connect(site.settings.database), site.stores.site_key(), anchor_dir=site.settings.anchors)
    if not proof.is_whole:
        yield f"the ledger does not verify: {proof.faults[0].text}"
    times = [record.at for record in site.stores.ledger().records()]
    if times != sorted(times):
        yield "the ledger's times run backwards"


def _ledger(site: Site) -> Iterator[str]:
    """Yield what the ledger does not tell of the studies, or tells twice."""
    ledger = site.stores.ledger()
    known = {(row["study_id"], row["revision"]) for row in _rows(site, revisions)}
    received = {(r.study_id, r.revision) for r in ledger.records(kinds=(Kind.STUDY_RECEIVED,))}
    closed = [(record, decode(record)) for record in ledger.records(kinds=(Kind.REPORT_CLOSED,))]
    if known - received:
        yield f"{len(known - received)} revisions were never received in the ledger"
    if known - {(record.study_id, record.revision) for record, _ in closed}:
        yield "a revision was never closed in the ledger"
    if any(count > 1 for count in Counter((r.study_id, r.revision, c.version) for r, c in closed).values()):
        yield "a version of a report was closed twice in the ledger"
    told = Counter(_delivery(decode(record)) for record in ledger.records(kinds=(Kind.NOTICE_SENT,)))
    if any(count > 1 for delivery, count in told.items() if delivery[-1]):
        yield "a notice was sent twice"


def _delivery(told: NoticeTold) -> tuple:
    return told.notice_id, told.level, told.role, told.channel, told.delivered is not False


def _sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _reads(path: Path) -> bool:
    try:
        pq.read_table(path)
    except (OSError, ValueError):
        return False
    return True
