"""A signed end of every day, in a place of its own: what it shows that the database alone does not."""

import base64
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature

from cardio_dagster.audit_record import Kind
from cardio_dagster.stores import database
from cardio_dagster.stores.ledger import Damage, Ledger, LedgerError, anchor_day, decode, verify_ledger
from cardio_dagster.stores.ledger.anchoring import anchor_every_day, anchored_days, open_days
from cardio_dagster_tests.stores.ledger.tampering import KEY, drop_guards, entry, flipped, prove, undone

FIRST = date(2026, 11, 20)
DAYS = 4  # the third without a record of its own


@pytest.fixture(autouse=True)
def _no_flushes(monkeypatch):
    monkeypatch.setattr(database, "SQLITE_PRAGMAS", (*database.SQLITE_PRAGMAS, "synchronous=OFF"))


class Clock:
    def __init__(self):
        self.now = f"{FIRST}T10:00:00.000+00:00"

    def __call__(self):
        return self.now

    def go_to(self, day, time="10:00"):
        self.now = f"{FIRST + timedelta(days=day)}T{time}:00.000+00:00"


@pytest.fixture
def site(engine, tmp_path):
    """Return a ledger of four days, all anchored, one of them empty, and the folder of its anchors."""
    clock = Clock()
    ledger = Ledger(engine, KEY, clock=clock)
    made = []
    for day in range(DAYS):
        if day != 2:
            clock.go_to(day)
            ledger.append(entry(10 * day + 1), entry(10 * day + 2))
        clock.go_to(day + 1, "00:10")
        made.append(anchor_day(ledger, FIRST + timedelta(days=day), tmp_path / "anchors"))
    assert [a.count for a in made] == [3, 3, 1, 3]  # from the second on, each with the record of the one before
    return ledger, tmp_path / "anchors", clock


def faults(site):
    ledger, folder, _ = site
    return [(f.seq, f.what, f.text) for f in verify_ledger(ledger.engine, KEY, anchor_dir=folder).faults]


def test_anchors_and_the_ledger_bear_each_other_out(site):
    ledger, folder, _ = site
    proof = verify_ledger(ledger.engine, KEY, anchor_dir=folder)
    assert (proof.is_whole, proof.anchors, proof.records) == (True, DAYS, 3 + 2 + 2 + DAYS)
    assert sorted(p.name for p in folder.iterdir()) == [f"2026-11-{d}.json" for d in (20, 21, 22, 23)] + ["public.pem"]
    told = [decode(r) for r in ledger.records(kinds=(Kind.LEDGER_ANCHORED,))]
    assert [(c.day, c.first_seq, c.last_seq) for c in told] == [
        ("2026-11-20", 1, 3),
        ("2026-11-21", 4, 6),
        ("2026-11-22", 7, 7),
        ("2026-11-23", 8, 10),
    ]
    hashes = {r.seq: r.hash for r in ledger.records()}
    assert [c.root_hash for c in told] == [hashes[s] for s in (3, 6, 7, 10)]


def test_the_public_key_is_that_of_rfc_8410(site):
    _, folder, _ = site
    pem = (folder / "public.pem").read_text().splitlines()
    assert len(base64.b64decode(pem[1])) == 44  # 12 bytes of header, 32 of key


def test_an_auditor_with_the_page_alone_comes_to_the_same(site):
    ledger, folder, _ = site
    page = Path(__file__).parents[3] / "docs" / "ledger.md"
    names: dict = {}
    for code in re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL):
        exec(code, names)  # our own page
    query = "SELECT l.*, c.salt, c.content FROM ledger l LEFT JOIN ledger_contents c USING (seq) ORDER BY seq"
    with ledger.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(sa.text(query)).mappings()]
    assert names["check"](rows) == ledger.head().hash
    hashes = {row["seq"]: row["hash"] for row in rows}
    for day in range(DAYS):
        last_seq, root_hash = names["check_anchor"](folder, (FIRST + timedelta(days=day)).isoformat())
        assert hashes[last_seq] == root_hash
    for row, column, value in ((4, "role", "x"), (5, "content", "{}"), (6, "seq", 6)):
        with pytest.raises(AssertionError, match="record"):
            names["check"]([r | {column: value} if n == row else r for n, r in enumerate(rows)])
    (folder / "2026-11-20.json").write_bytes(
        (folder / "2026-11-20.json").read_bytes().replace(b'"count":3', b'"count":4')
    )
    with pytest.raises(InvalidSignature):
        names["check_anchor"](folder, "2026-11-20")


def test_a_day_is_anchored_once_and_only_when_it_is_over(site):
    ledger, folder, _ = site
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert anchor_day(ledger, FIRST, folder) is None
    assert anchor_day(ledger, FIRST + timedelta(days=DAYS), folder) is None  # today
    assert anchor_day(ledger, FIRST - timedelta(days=1), folder) is None  # before everything
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert ledger.head().seq == 11
    assert open_days(ledger, today=FIRST + timedelta(days=DAYS)) == []
    assert open_days(ledger, today=FIRST + timedelta(days=DAYS + 2)) == [FIRST + timedelta(days=d) for d in (4, 5)]
    assert anchored_days(ledger) == [FIRST + timedelta(days=d) for d in range(DAYS)]


def test_an_empty_ledger_has_nothing_to_anchor(engine, tmp_path):
    ledger = Ledger(engine, KEY)
    assert anchor_day(ledger, FIRST, tmp_path / "anchors") is None
    assert open_days(ledger, today=FIRST) == []
    assert ledger.head() is None


def test_a_lost_file_is_missed_and_written_again_the_same(site):
    ledger, folder, _ = site
    path = folder / "2026-11-21.json"
    was = path.read_bytes()
    path.unlink()
    (folder / "2026-11-22.json").unlink()
    assert faults(site) == [(None, Damage.ANCHOR_MISSING, "anchors of 2026-11-21 to 2026-11-22: missing")]
    for day in (1, 2):
        assert anchor_day(ledger, FIRST + timedelta(days=day), folder) is not None
    assert path.read_bytes() == was
    assert faults(site) == []
    (folder / "public.pem").unlink()
    assert [what for _, what, _ in faults(site)] == [Damage.ANCHOR_MISSING]


def test_anchoring_that_was_given_up_is_a_fault_after_a_day_of_grace(site):
    ledger, _, clock = site
    told = "in no anchor, although begun on 2026-11-24, more than two days before"
    for day, last in ((4, None), (5, None), (6, 14), (8, 15)):
        clock.go_to(day)
        ledger.append(entry(100 + day))
        assert [text for _, _, text in faults(site)] == ([f"records 11 to {last}: {told}"] if last else [])


def daily(site, day):
    """Go to a day, anchor what is due and record something; return the names of the anchors made."""
    ledger, folder, clock = site
    clock.go_to(day, "00:10")
    made = anchor_every_day(ledger, folder, today=FIRST + timedelta(days=day))
    clock.go_to(day)
    ledger.append(entry(200 + day))
    return [a.day for a in made]


def test_a_clock_that_ran_ahead_once_leaves_no_record_out(site):
    ledger, _, clock = site
    clock.go_to(3650)
    (jumped,) = ledger.append(entry(99))
    assert [daily(site, day) for day in (4, 5, 6, 7)] == [[], ["2026-11-24"], ["2026-11-25"], ["2026-11-26"]]
    records = list(ledger.records(since_seq=jumped.seq))
    assert [r.at == r.clock_at for r in records] == [True] * len(records)  # the time came back with the clock
    (told, *_) = [decode(r) for r in records if r.kind is Kind.LEDGER_ANCHORED]
    assert told.first_seq <= jumped.seq <= told.last_seq
    proof = verify_ledger(ledger.engine, KEY, anchor_dir=site[1])
    assert (proof.faults, proof.set_back) == ((), 1)


def test_anchors_made_while_the_clock_ran_ahead_take_no_day_from_later_ones(site):
    ledger, folder, _ = site
    ahead = daily(site, 3650)
    assert len(ahead) == 31  # not one for each of 3646 days
    assert daily(site, 4) == ["2026-11-23.2"]
    assert daily(site, 5) == ["2026-11-24"]
    daily(site, 12)
    assert daily(site, 12) == []
    assert faults(site) == []
    (folder / "2026-11-23.2.json").unlink()
    assert [text for _, _, text in faults(site)] == ["anchors of 2026-11-23.2: missing"]
    assert [a.day for a in anchor_every_day(ledger, folder, today=FIRST + timedelta(days=12))] == ["2026-11-23.2"]
    assert faults(site) == []


def test_every_byte_of_every_anchor(site):
    ledger, folder, _ = site
    often = 1 if ledger.engine.dialect.name == "sqlite" else 40  # the files are the same
    for path in folder.iterdir():
        was = path.read_bytes()
        step = often * (1 if path.stem in {"2026-11-21", "public"} else 7)
        for place in range(0, len(was), step):
            path.write_bytes(was[:place] + bytes([was[place] ^ 1]) + was[place + 1 :])
            assert {what for _, what, _ in faults(site)} == {Damage.ANCHOR_FORGED}, (path.name, place)
        path.write_bytes(was)
    assert faults(site) == []


def test_anchors_that_changed_places_or_came_from_elsewhere(site, tmp_path):
    _, folder, _ = site
    one, other = (folder / f"2026-11-{d}.json" for d in (20, 21))
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    assert [what for _, what, _ in faults(site)] == [Damage.ANCHOR_FORGED]
    theirs = database.connect(f"sqlite:///{tmp_path / 'theirs.db'}")
    database.create_tables(theirs)
    clock = Clock()
    stranger = Ledger(theirs, KEY, clock=clock)
    stranger.append(entry(1), entry(2))
    clock.go_to(2)
    anchor_day(stranger, FIRST, tmp_path / "theirs")
    one.write_bytes((tmp_path / "theirs" / one.name).read_bytes())
    assert [(what, text) for _, what, text in faults(site)] == [
        (Damage.FOREIGN, "anchor of 2026-11-20: made of another ledger")
    ]
    theirs.dispose()


def test_a_ledger_set_back_to_an_earlier_moment_is_shown_by_its_anchors_alone(engine, tmp_path):
    clock = Clock()
    ledger = Ledger(engine, KEY, clock=clock)
    ledger.append(entry(1), entry(2))
    with engine.connect() as connection:
        old_end = connection.execute(sa.text("SELECT * FROM ledger_head")).mappings().one()
    clock.go_to(1)
    ledger.append(entry(3))
    clock.go_to(2)
    anchor_day(ledger, FIRST + timedelta(days=1), tmp_path)
    drop_guards(engine)
    with undone(engine) as connection:
        for table in ("ledger", "ledger_contents"):
            connection.execute(sa.text(f"DELETE FROM {table} WHERE seq > 3"))
        connection.execute(sa.text("DELETE FROM ledger_head"))
        names = ", ".join(f":{c}" for c in old_end)
        connection.execute(sa.text(f"INSERT INTO ledger_head VALUES ({names})"), dict(old_end))
        assert prove(connection).is_whole  # by itself it cannot be told from a young ledger
        (fault,) = prove(connection, anchor_dir=tmp_path).faults
    assert (fault.seq, fault.what) == (4, Damage.ANCHOR_DIFFERS)
    assert fault.text == "anchor of 2026-11-21: record 4 stood there that day and is gone"


def test_nothing_that_others_wrote_is_signed(site):
    ledger, folder, clock = site
    clock.go_to(DAYS)
    ledger.append(entry(77))
    clock.go_to(DAYS + 1)
    drop_guards(ledger.engine)
    with ledger.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ledger_contents SET content = '{}' WHERE seq = 12"))
        connection.execute(sa.text("UPDATE ledger SET role = 'x' WHERE key = 'anchor:2026-11-20'"))
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    for day in (DAYS, 0):
        with pytest.raises(LedgerError, match="was not written by this site; nothing was anchored"):
            anchor_day(ledger, FIRST + timedelta(days=day), folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_flipped_changes_one_byte():
    assert flipped("abc", 1) == "acc"
    assert flipped(12, 0) == 2
