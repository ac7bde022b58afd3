"""Retention: what goes, what stays, holds that win, and crashes at every step."""

import hashlib
import importlib
import pkgutil
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from cardio_dagster import stores
from cardio_dagster.audit.retention import Archive, limit_of, purge, purging, survey
from cardio_dagster.audit.retention.stored import StorePlaces
from cardio_dagster.audit_contents import HoldMoved, ReviewDecided
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.finding import Measurement
from cardio_dagster.review.deciding import opened_entry
from cardio_dagster.stores.database import connect, create_tables, metadata
from cardio_dagster.stores.holds import HoldError, HoldStore, holds, lock_retention
from cardio_dagster.stores.ledger import Ledger, decode, verify_ledger
from cardio_dagster.stores.results import ResultStore, StudyResults, measurements
from cardio_dagster.stores.retention import GOES, STAYS
from cardio_dagster.stores.studies import StudyRegistry, UnknownStudyError
from cardio_dagster.stores.study_tables import revisions, studies
from cardio_dagster.study import Priority, Recording, Study
from cardio_dagster_tests.audit.ledgers import AUDITOR, KEY, entries

OLD, YOUNG, BEFORE = "2018-03-01T00:00:00.000+00:00", "2026-03-01T00:00:00.000+00:00", "2019-11-22T00:00:00.000+00:00"
SURNAME = "Mustermann"


class Site:
    """A database, a ledger and a store with studies of two ages."""

    def __init__(self, engine, folder):
        self.engine, self.store = engine, folder / "store"
        self.ledger = Ledger(engine, KEY)
        self.registry = StudyRegistry(engine)
        self.holds = HoldStore(engine, self.ledger)
        self.archive = Archive(engine, self.ledger, StorePlaces(self.store, str(folder / "checkpoints")))
        self.checkpoints = folder / "checkpoints"

    def add(self, study_id, finished_at):
        name = f"{SURNAME}_{study_id}.edf"
        content = f"signal of {study_id}".encode()
        digest = hashlib.sha256(content).hexdigest()
        recording = Recording("r01", name, digest, len(content), "ecg", "edf")
        study = Study(study_id, 1, digest, OLD, Priority.ROUTINE, (recording,))
        place = f"inputs/{study_id}/r1-abcd1234-9f3c"
        assert self.registry.register(study, source=f"p-{study_id}", input_path=place, claim=f"c-{study_id}")
        for path, data in {
            self.store / place / name: content,
            self.store / "reports" / study_id / "r1" / "report.json": b"{}",
            self.store / "reports" / study_id / "r1.v2" / "report.json": b"{ }",
            self.checkpoints / study_id / "analysis" / "ecg.parquet": b"PAR1",
        }.items():
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
        heart_rate = Measurement("heart_rate_bpm", "Heart rate", 71.0, "/min", "RR")
        ResultStore(self.engine, self.store / "reports").save(
            StudyResults(study_id, 1, [("ecg", heart_rate)], (), (), (), ())
        )
        self.ledger.append(*entries(study_id))
        self.finish(study_id, finished_at)

    def finish(self, study_id, finished_at):
        with self.engine.begin() as connection:
            connection.execute(sa.update(studies).where(studies.c.study_id == study_id).values(finished_at=finished_at))

    def files(self, study_id):
        roots = (self.store / "inputs" / study_id, self.store / "reports" / study_id, self.checkpoints / study_id)
        return [path for root in roots for path in root.rglob("*")]

    def rows(self, table, study_id):
        with self.engine.connect() as connection:
            query = sa.select(sa.func.count()).select_from(table).where(table.c.study_id == study_id)
            return connection.execute(query).scalar_one()

    def held(self, study_id):
        return [r for r in self.ledger.records(study_id=study_id) if r.content is not None]

    def proof(self, study_id):
        return [decode(r) for r in self.ledger.records(study_id=study_id, kinds=(Kind.CONTENT_PURGED,))]

    def verify(self):
        return verify_ledger(self.engine, KEY, anchor_dir=None)

    def purge(self):
        return purge(self.archive, BEFORE, AUDITOR)

    def is_purged(self, study_id):
        return not self.files(study_id) and not self.rows(measurements, study_id)


@pytest.fixture
def site(engine, tmp_path):
    made = Site(engine, tmp_path)
    made.add("st-old", OLD)
    made.add("st-young", YOUNG)
    return made


@pytest.fixture
def lite(sqlite_url, tmp_path):
    """Return a site on SQLite alone, for what does not depend on the database."""
    engine = connect(sqlite_url)
    create_tables(engine)
    made = Site(engine, tmp_path)
    made.add("st-old", OLD)
    made.add("st-young", YOUNG)
    return made


def test_seven_years_are_counted_from_the_closing():
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert limit_of(now, 7.0).startswith("2019-11-22")
    assert limit_of(now, 1.0) == (now - timedelta(days=365.25)).isoformat(timespec="milliseconds")


def test_every_table_with_rows_of_a_study_goes_or_stays_on_purpose():
    for module in pkgutil.walk_packages(stores.__path__, f"{stores.__name__}."):
        importlib.import_module(module.name)
    with_study = {t.name for t in metadata.tables.values() if "study_id" in t.c and not t.name.startswith("ledger")}
    assert with_study == {t.name for t in (*GOES, *STAYS)}


def test_the_dry_run_counts_and_changes_nothing(site):
    head, files = site.ledger.head(), site.files("st-old")
    found = survey(site.archive, BEFORE)
    assert (found.studies, found.files, found.on_hold) == (1, 4, 0)
    assert found.contents == len([r for r in site.held("st-old") if not r.kind.value.startswith("hold")])
    assert found.rows == 1
    assert site.ledger.head() == head
    assert site.files("st-old") == files


def test_a_purge_does_what_the_dry_run_counted_and_leaves_the_proof(site):
    found, sizes = survey(site.archive, BEFORE), {f.name: f.sha256 for f in site.archive.places.files("st-old")}
    done = site.purge()
    assert (done.studies, done.contents, done.rows, done.files) == (1, found.contents, found.rows, found.files)
    assert done.size_bytes == found.size_bytes
    assert site.is_purged("st-old")
    (proof,) = site.proof("st-old")
    assert proof.files == sizes
    assert len(proof.records) == found.contents
    assert {r.kind for r in site.held("st-old")} == {Kind.HOLD_PLACED, Kind.HOLD_LIFTED, Kind.CONTENT_PURGED}
    assert site.verify().is_whole
    assert site.purge().studies == 0


def test_a_younger_study_is_not_touched(lite):
    before = (lite.files("st-young"), lite.held("st-young"))
    lite.purge()
    assert (lite.files("st-young"), lite.held("st-young")) == before
    assert lite.rows(measurements, "st-young") == 1


def test_no_name_of_a_file_is_left(lite):
    lite.purge()
    with lite.engine.connect() as connection:
        kept = connection.execute(
            sa.select(revisions.c.recordings).where(revisions.c.study_id == "st-old")
        ).scalar_one()
    assert kept == "[]"
    assert lite.registry.get("st-old").study.content_sha256
    assert SURNAME not in repr(lite.proof("st-old"))


def test_an_open_study_stays(lite):
    lite.finish("st-old", None)
    assert survey(lite.archive, BEFORE).studies == lite.purge().studies == 0


def test_a_study_whose_review_waits_stays(site):
    from cardio_dagster.stores.review_tables import reviews

    values = {
        "study_id": "st-old",
        "revision": 1,
        "version": 1,
        "report_sha256": "1" * 64,
        "reasons": "[]",
        "opened_at": OLD,
    }
    with site.engine.begin() as connection:
        connection.execute(sa.insert(reviews), values)
    assert survey(site.archive, BEFORE).in_review == 1
    assert site.purge().studies == 0


# ---- holds


def test_a_hold_keeps_a_study_until_it_is_lifted(site):
    site.holds.place("st-old", "case 12/26", AUDITOR)
    assert survey(site.archive, BEFORE).on_hold == 1
    assert site.purge().studies == 0
    assert site.files("st-old")
    site.holds.lift("st-old", "case closed", AUDITOR)
    assert site.holds.all() == ()
    assert site.purge().studies == 1
    moves = [(r.kind, decode(r).reason, r.actor) for r in site.held("st-old") if r.kind is not Kind.CONTENT_PURGED]
    assert moves[-2:] == [
        (Kind.HOLD_PLACED, "case 12/26", "person:rh"),
        (Kind.HOLD_LIFTED, "case closed", "person:rh"),
    ]


@pytest.mark.parametrize(
    ("study_id", "reason", "error"),
    [("st-none", "x", UnknownStudyError), ("st-old", "  ", HoldError)],
)
def test_refused_holds_leave_no_record(lite, study_id, reason, error):
    head = lite.ledger.head()
    with pytest.raises(error):
        lite.holds.place(study_id, reason, AUDITOR)
    assert lite.ledger.head() == head


def test_a_hold_whose_row_was_removed_by_hand_still_holds_and_is_missed(site):
    site.holds.place("st-old", "case 12/26", AUDITOR)
    with site.engine.begin() as connection:
        connection.execute(sa.delete(holds))
    assert (survey(site.archive, BEFORE).studies, survey(site.archive, BEFORE).on_hold) == (0, 1)
    assert (site.purge().studies, site.purge().spared) == (0, 1)
    assert site.files("st-old")
    (fault,) = verify_ledger(site.engine, KEY, anchor_dir=None).faults
    assert re.fullmatch(r"st-old: a legal hold is recorded \(record \d+\), and its row is gone", fault.text)
    site.ledger.append(Entry(Kind.HOLD_LIFTED, AUDITOR, HoldMoved("case closed"), "st-old"))
    assert verify_ledger(site.engine, KEY, anchor_dir=None).is_whole
    assert site.purge().studies == 1


def test_a_review_whose_row_was_removed_by_hand_still_keeps_its_study_and_is_missed(site):
    opened = opened_entry("st-old", 1, 1, "a" * 64, reasons=("few frames",), actor=AUDITOR)
    site.ledger.append(opened)
    assert (survey(site.archive, BEFORE).studies, survey(site.archive, BEFORE).in_review) == (0, 1)
    assert site.purge().studies == 0
    (fault,) = verify_ledger(site.engine, KEY, anchor_dir=None).faults
    assert re.fullmatch(r"st-old revision 1: a review is recorded \(record \d+\), and its row is gone", fault.text)
    site.ledger.append(
        Entry(Kind.REVIEW_DECIDED, AUDITOR, ReviewDecided(1, "a" * 64, "accept", "read", ()), "st-old", 1)
    )
    assert site.purge().studies == 1


def test_a_second_hold_is_refused_and_so_is_lifting_none(lite):
    with pytest.raises(HoldError, match="not on hold"):
        lite.holds.lift("st-old", "x", AUDITOR)
    lite.holds.place("st-old", "case 1", AUDITOR)
    with pytest.raises(HoldError, match="both reasons"):
        lite.holds.place("st-old", "case 2", AUDITOR)
    assert lite.holds.get("st-old").reason == "case 1"


def test_a_purged_study_cannot_be_held(lite):
    lite.purge()
    with pytest.raises(HoldError, match=r"purged on \d{4}-.*proof record \d+"):
        lite.holds.place("st-old", "too late", AUDITOR)


def test_a_hold_that_comes_after_the_study_was_found_due_wins(lite, monkeypatch):
    record = purging._record

    def held_first(archive, study, files, before, actor):
        lite.holds.place(study.study_id, "just in time", AUDITOR)
        return record(archive, study, files, before, actor)

    monkeypatch.setattr(purging, "_record", held_first)
    done = lite.purge()
    assert (done.studies, done.spared) == (0, 1)
    assert lite.files("st-old")
    assert lite.proof("st-old") == []


def test_a_hold_waits_for_a_purge_that_has_begun(site, monkeypatch):
    delete, asked, told = purging.delete_rows, threading.Event(), []

    def hold():
        asked.set()
        try:
            site.holds.place("st-old", "in the middle", AUDITOR)
        except HoldError as error:
            told.append(str(error))

    person = threading.Thread(target=hold)

    def with_a_hold_on_the_way(connection, study_id):
        person.start()
        assert asked.wait(5)
        person.join(0.2)
        assert person.is_alive()  # it waits
        return delete(connection, study_id)

    monkeypatch.setattr(purging, "delete_rows", with_a_hold_on_the_way)
    assert site.purge().studies == 1
    person.join(30)
    assert "purged on" in told[0]
    assert site.holds.all() == ()


def test_random_holds_against_purges_leave_nothing_between(site):
    for n in range(6):
        site.add(f"st-{n}", OLD)
    outcomes = {}

    def hold(n):
        try:
            site.holds.place(f"st-{n}", "case", AUDITOR)
            outcomes[n] = True
        except HoldError:
            outcomes[n] = False

    people = [threading.Thread(target=hold, args=(n,)) for n in range(6)]
    for person in people[::2]:
        person.start()
    worker = threading.Thread(target=site.purge)
    worker.start()
    for person in people[1::2]:
        person.start()
    for thread in (*people, worker):
        thread.join(60)
    for n, held in outcomes.items():
        assert held == bool(site.files(f"st-{n}")) == (site.proof(f"st-{n}") == [])
    assert site.verify().is_whole


# ---- crashes


class Killed(BaseException):
    """What a SIGKILL looks like from within: nothing runs after it."""


def killed(*_given, **_named):
    raise Killed


@pytest.mark.parametrize("step", ["claim", "delete_rows", "purge_contents", "note_purge"])
def test_killed_before_the_commit_nothing_has_happened(lite, monkeypatch, step):
    head, files, held = lite.ledger.head(), lite.files("st-old"), lite.held("st-old")
    with monkeypatch.context() as patch:
        patch.setattr(purging, step, killed)
        with pytest.raises(Killed):
            lite.purge()
    assert (lite.ledger.head(), lite.files("st-old"), lite.held("st-old")) == (head, files, held)
    assert lite.purge().studies == 1
    assert lite.verify().is_whole


def test_killed_after_the_commit_the_next_purge_finishes_it(site, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(purging, "_remove_files", killed)
        with pytest.raises(Killed):
            site.purge()
    assert site.files("st-old")
    assert survey(site.archive, BEFORE).unfinished == 1
    done = site.purge()
    assert (done.finished, done.studies, done.files) == (1, 0, 4)
    assert site.is_purged("st-old")
    assert len(site.proof("st-old")) == 1
    assert survey(site.archive, BEFORE).unfinished == 0
    assert site.verify().is_whole


def test_killed_between_two_files_the_rest_goes_next_time(lite, monkeypatch):
    proven = purging._proven

    def two(*given):
        files = proven(*given)
        yield next(files)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(purging, "_proven", two)
        with pytest.raises(Killed):
            lite.purge()
    assert lite.purge().files == 3
    assert lite.is_purged("st-old")


def test_a_file_that_came_after_the_proof_gets_one_of_its_own(lite, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(purging, "_remove_files", killed)
        with pytest.raises(Killed):
            lite.purge()
    late = lite.store / "reports" / "st-old" / "r1" / "late.json"
    late.write_bytes(b"late")
    lite.purge()
    first, second = lite.proof("st-old")
    assert second.files == {"reports/r1/late.json": hashlib.sha256(b"late").hexdigest()}
    assert second.records == ()
    assert "reports/r1/late.json" not in first.files
    assert lite.is_purged("st-old")
    assert lite.verify().is_whole


@pytest.mark.parametrize("study_id", ["", "..", ".", "a/b"])
def test_no_folder_above_a_study_is_ever_removed(lite, study_id):
    with pytest.raises(ValueError, match="one plain name"):
        lite.archive.places.remove_folders(study_id)


def test_the_lock_is_one_for_all(engine):
    with engine.begin() as connection:
        lock_retention(connection)
        assert connection.execute(sa.select(sa.func.count()).select_from(holds)).scalar_one() == 0
    assert str(Actor(ActorKind.PERSON, "rh")) == "person:rh"
