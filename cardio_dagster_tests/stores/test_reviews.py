"""Reviews on SQLite and PostgreSQL: once, in one transaction, and of two at once one wins."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
import sqlalchemy as sa

from cardio_dagster.audit_contents import ReviewDecided
from cardio_dagster.audit_record import Kind
from cardio_dagster.outcome import State
from cardio_dagster.review.deciding import decided_entry
from cardio_dagster.stores.cohort import CohortStore
from cardio_dagster.stores.database import create_tables
from cardio_dagster.stores.ledger import decode, verify_ledger
from cardio_dagster.stores.results import ResultStore
from cardio_dagster.stores.review_tables import review_decisions
from cardio_dagster.stores.review_words import Choice, DecisionsWaiting, details_sha256
from cardio_dagster.stores.reviews import ReviewError, ReviewStore, UnreadableDecisionError, VersionRow
from cardio_dagster_tests.review.reviewed_studies import AT, close, site


@pytest.fixture
def held(engine, tmp_path):
    create_tables(engine)
    return site(engine, tmp_path / "reports")


def decide(made, decision):
    return made.store.decide(decision, decided_entry, made.ledger)


def kinds(made, kind):
    return [r for r in made.ledger.records() if r.kind is kind]


def written(place, decision, *, base, sha256, status="released"):
    numbers = (decision.study_id, decision.revision, decision.makes)
    about = (State.COMPLETE, "ECG_ONLY", None, str(place.reports.folder(*numbers)))
    return VersionRow(*numbers, status, *about, sha256, base, decision.at)


def test_a_report_waits_once_and_no_longer_once_it_was_decided_on(held):
    study_id, sha256 = held.dossier.study.study_id, held.store.standing(held.dossier.study.study_id).report_sha256
    with held.engine.begin() as connection:
        assert not held.store.open(study_id, 1, 1, sha256, ("again",), at=AT, connection=connection)
    (item,) = held.store.worklist()
    assert (item.study_id, item.version, item.status, item.reasons) == (study_id, 1, "held", ("a gate did not pass",))
    decide(held, held.decision())
    assert held.store.worklist() == ()


def test_the_decision_and_its_record_stand_together_or_not_at_all(held):
    class Full:
        def append(self, *entries, connection=None):
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        held.store.decide(held.decision(), decided_entry, Full())
    assert held.store.decisions(held.dossier.study.study_id, 1) == ()
    made = decide(held, held.decision())
    assert made.makes == 2
    (record,) = kinds(held, Kind.REVIEW_DECIDED)
    assert (record.actor, record.role, record.revision) == ("person:M. Keller", "reader", 1)
    told = ReviewDecided(1, made.report_sha256, "accept", "Read beside the tracing.")
    assert decode(record) == replace(told, details_sha256=details_sha256(made))
    assert held.store.decisions(made.study_id, 1) == (made,)


def test_a_record_whose_transaction_fails_is_gone_with_it(held):
    class CutShort:
        def append(self, *entries, connection=None):
            held.ledger.append(*entries, connection=connection)
            raise OSError("power cut before the commit")

    with pytest.raises(OSError, match="power cut"):
        held.store.decide(held.decision(), decided_entry, CutShort())
    assert kinds(held, Kind.REVIEW_DECIDED) == []
    assert held.store.decisions(held.dossier.study.study_id, 1) == ()


def test_of_many_at_once_one_wins_and_the_others_are_told_by_whom(held):
    start = Barrier(6)

    def one(number):
        decision = held.decision(by=f"Reader {number}")
        start.wait()
        try:
            return decide(held, decision)
        except ReviewError as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(one, range(6)))
    (winner,) = (o for o in outcomes if not isinstance(o, str))
    lost = [o for o in outcomes if isinstance(o, str)]
    assert len(lost) == 5
    assert all(winner.by in text and "decided meanwhile" in text for text in lost)
    assert len(kinds(held, Kind.REVIEW_DECIDED)) == 1


def test_a_decision_on_a_version_that_stands_no_longer_is_refused(held):
    first = held.decision()
    made = decide(held, first)
    with pytest.raises(ReviewError, match="decided meanwhile"):
        decide(held, replace(first, by="B. Vogel"))
    assert held.store.waiting().readable == (made,)
    held.store.record(written(held, made, base=first.report_sha256, sha256="2" * 64), (), held.ledger)
    assert held.store.waiting().readable == ()
    with pytest.raises(ReviewError, match="version 2"):
        decide(held, first)
    again = decide(held, held.decision(Choice.REJECT))
    assert (again.version, again.report_sha256, again.makes) == (2, "2" * 64, 3)


def test_a_version_is_recorded_once(held):
    made = decide(held, held.decision())
    row = written(held, made, base=made.report_sha256, sha256="2" * 64)
    assert held.store.record(row, (), held.ledger)
    assert not held.store.record(row, (), held.ledger)
    assert held.store.standing(made.study_id) == row


def test_nothing_can_be_decided_where_nothing_stands(held):
    with pytest.raises(ReviewError, match="no decided report"):
        decide(held, replace(held.decision(), study_id="s-0000000000000000"))


def test_a_later_revision_overtakes_the_review_of_the_former(held):
    decision = held.decision()
    waits = decide(held, decision)
    assert held.store.waiting().readable == (waits,)
    close(held, sha256="9" * 64, status="held", revision=2)
    assert held.store.waiting().readable == ()
    assert [i.revision for i in held.store.worklist()] == [2]
    with pytest.raises(ReviewError, match="revision 2"):
        decide(held, replace(decision, by="B. Vogel"))


def test_a_better_report_of_the_same_revision_is_decided_on_anew(engine, tmp_path):
    made = site(engine, tmp_path / "reports", kind="error", status="error")
    confirmed = decide(made, made.decision())
    made.store.record(
        written(made, confirmed, base=confirmed.report_sha256, sha256="2" * 64, status="error"), (), made.ledger
    )
    assert made.store.standing(confirmed.study_id).version == 2
    close(made, sha256="7" * 64, status="held")  # the machine was mended, the study launched again
    stands = made.store.standing(confirmed.study_id)
    assert (stands.version, stands.status, stands.report_sha256) == (1, "held", "7" * 64)
    assert [i.report_sha256 for i in made.store.worklist()] == ["7" * 64]
    assert made.store.decisions(confirmed.study_id, 1) == ()
    with pytest.raises(ReviewError, match="made anew"):
        decide(made, replace(confirmed, makes=0, version=1, report_sha256="5" * 64))  # looked at what stands no longer
    assert decide(made, made.decision()).makes == 3  # the folder of version 2 keeps what it holds


@pytest.mark.parametrize(("status", "counts"), [("released", "released"), ("rejected", "rejected")])
def test_the_cohort_takes_the_version_that_stands(held, status, counts):
    made = decide(held, held.decision())
    held.store.record(written(held, made, base=made.report_sha256, sha256="2" * 64, status=status), (), held.ledger)
    (row,) = CohortStore(held.engine).decided()
    assert (row["status"], row["version"], row["report_path"]) == (counts, 2, f"{made.study_id}/r1.v2")


def test_of_two_revisions_the_one_that_was_not_rejected_counts(engine, tmp_path):
    made = site(engine, tmp_path / "reports", status="released")
    close(made, sha256="9" * 64, status="released", revision=2)
    decision = decide(made, made.decision(Choice.REJECT))
    made.store.record(written(made, decision, base="9" * 64, sha256="2" * 64, status="rejected"), (), made.ledger)
    (row,) = CohortStore(engine).decided()
    assert (row["revision"], row["newest_revision"], row["status"]) == (1, 2, "released")


def test_the_query_for_one_study_goes_by_index(sqlite_url, tmp_path):
    from cardio_dagster.stores.database import connect
    from cardio_dagster.stores.review_queries import STANDING

    engine = connect(sqlite_url)
    create_tables(engine)
    query = (
        sa.select(STANDING).where(STANDING.c.study_id == "s-1").compile(engine, compile_kwargs={"literal_binds": True})
    )
    with engine.connect() as connection:
        steps = [row[3] for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {query}"))]
    assert not [step for step in steps if step.startswith("SCAN")], steps


SPOILT = {
    "a choice that is none": ("maybe", "[]"),
    "no JSON": ("accept", "nonsense"),
    "JSON of another shape": ("accept", '[{"action": "withdraw"}]'),
    "JSON that is no list": ("accept", '"withdraw"'),
}


def by_hand(made, *, choice, amendments, study_id="s-bad"):
    """Write a released study and a decision on it, as somebody does who has the database and not this software."""
    about = {"study_id": study_id, "revision": 1, "report_sha256": "b" * 64, "at": AT}
    with made.engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO releases (study_id, revision, status, state, coverage, reasons, report_path, report_sha256, released_at)"
                " VALUES (:study_id, :revision, 'held', 9, 'NONE', '[]', 's-bad/r1', :report_sha256, :at)"
            ),
            about,
        )
        connection.execute(
            sa.insert(review_decisions),
            {**about, "makes": 2, "version": 1, "base_sha256": "b" * 64, "choice": choice, "reason": "r", "by": "x",
             "role": "reader", "amendments": amendments},
        )  # fmt: skip


@pytest.mark.parametrize("way", SPOILT)
def test_a_row_written_by_hand_is_a_fault_of_its_study_and_stops_no_other(held, way):
    choice, amendments = SPOILT[way]
    by_hand(held, choice=choice, amendments=amendments)
    made = decide(held, held.decision())
    assert held.store.waiting() == DecisionsWaiting((made,), (("s-bad", 1),))
    with pytest.raises(UnreadableDecisionError, match=r"revision 1 of s-bad cannot be read.*cardio audit verify"):
        held.store.decisions("s-bad", 1)
    told = [f.text for f in verify_ledger(held.engine, b"k" * 32, anchor_dir=None).faults]
    assert any("s-bad revision 1: the decision that makes version 2" in text for text in told)


@pytest.mark.parametrize("reasons", ["nonsense", "7", '["a", 7]'])
def test_a_report_whose_reasons_cannot_be_read_waits_nevertheless(held, reasons):
    with held.engine.begin() as connection:
        connection.execute(sa.text("UPDATE reviews SET reasons = :reasons"), {"reasons": reasons})
    (item,) = held.store.worklist()
    assert item.reasons == ("why it waits cannot be read; run `cardio audit verify`",)


def kept_paths(made):
    with made.engine.connect() as connection:
        tables = ("releases", "report_versions")
        return [row for table in tables for (row,) in connection.execute(sa.text(f"SELECT report_path FROM {table}"))]


def test_tables_name_reports_by_their_place_below_the_folder(held, tmp_path):
    made = decide(held, held.decision())
    held.store.record(written(held, made, base=made.report_sha256, sha256="2" * 64), (), held.ledger)
    assert kept_paths(held) == [f"{made.study_id}/r1", f"{made.study_id}/r1.v2"]
    elsewhere = ReviewStore(held.engine, tmp_path / "restored")
    assert elsewhere.standing(made.study_id).report_path == str(tmp_path / "restored" / made.study_id / "r1.v2")


@pytest.mark.parametrize("above", ["", "/former/store/reports/"])
def test_the_whole_paths_of_earlier_releases_are_read(held, above):
    study_id, root = held.dossier.study.study_id, above or f"{held.root}/"
    with held.engine.begin() as connection:
        connection.execute(sa.text("UPDATE releases SET report_path = :path"), {"path": f"{root}{study_id}/r1"})
    stands = held.store.standing(study_id)
    assert stands.report_path == str(held.reports.folder(study_id, 1))
    assert held.store.worklist()[0].report_path == stands.report_path
    assert ResultStore(held.engine, held.root).released(study_id)[0].report_path == stands.report_path


@pytest.mark.parametrize("path", ["elsewhere/s-1/r1", "reports/r1", "reports/s-1/r1/draft", "reports/../r1"])
def test_a_report_outside_its_folder_is_not_recorded(held, tmp_path, path):
    made = decide(held, held.decision())
    row = replace(written(held, made, base=made.report_sha256, sha256="2" * 64), report_path=str(tmp_path / path))
    with pytest.raises(ValueError, match="report"):
        held.store.record(row, (), held.ledger)
    assert held.store.standing(made.study_id).version == 1
