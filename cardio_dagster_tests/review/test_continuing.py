"""From a decision to its version: once, however often it is tried and wherever it is killed."""

import hashlib
from dataclasses import replace

import msgspec
import pydicom
import pytest
import sqlalchemy as sa

from cardio_dagster.audit_record import Kind
from cardio_dagster.outcome import State
from cardio_dagster.pipeline import rendering
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.review import continuing
from cardio_dagster.review.continuing import continue_review
from cardio_dagster.review.deciding import decide
from cardio_dagster.stores import reports as report_files
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger, decode, verify_ledger
from cardio_dagster.stores.review_words import Action, Amendment, Choice
from cardio_dagster.stores.reviews import ReviewError, ReviewStore
from cardio_dagster_tests.review.reviewed_studies import SENSOR, site
from cardio_dagster_tests.stores.ledger.tampering import drop_guards


@pytest.fixture
def make(sqlite_url, tmp_path):
    engine = connect(sqlite_url)
    create_tables(engine)
    return lambda **how: site(engine, tmp_path / "reports", **how)


AMENDED = (
    Amendment(Action.WITHDRAW, "s01", None, "Artefact."),
    Amendment(Action.ADD, "", "Read by hand.", "Artefact.", "ecg"),
)


def settle(made, choice=Choice.ACCEPT, **changes):
    return decide(made.decision(choice, **changes), store=made.store, ledger=made.ledger)


def go_on(made, dossier=None):
    given = {"store": made.store, "reports": made.reports, "ledger": made.ledger, "actor": SENSOR}
    return continue_review(dossier or made.dossier, **given)


def folder(made, version):
    return made.reports.folder(made.dossier.study.study_id, 1, version)


def files(made, version):
    return {p.name: p.read_bytes() for p in folder(made, version).iterdir()}


def closed(made):
    """Return what was recorded of the versions that decisions made."""
    found = (decode(r) for r in made.ledger.records(kinds=(Kind.REPORT_CLOSED,)))
    return [told for told in found if told.version > 1]


def test_without_a_decision_there_is_nothing_to_do(make):
    made = make()
    assert go_on(made) is None
    assert not folder(made, 2).exists()


@pytest.mark.parametrize(
    ("choice", "status", "release"),
    [
        (Choice.ACCEPT, "released", ReleaseStatus.REVIEWED),
        (Choice.AMEND, "released", ReleaseStatus.REVIEWED),
        (Choice.REJECT, "rejected", ReleaseStatus.REJECTED),
    ],
)
def test_a_decision_becomes_a_version_that_stands(make, choice, status, release):
    made = make()
    before = files(made, 1)
    settle(made, choice, amendments=AMENDED if choice is Choice.AMEND else ())
    done = go_on(made)
    assert (done.stands.version, done.stands.status, done.stands.state) == (2, status, State.COMPLETE)
    assert (done.dossier.release.status, done.dossier.report_path) == (release, str(folder(made, 2)))
    assert done.dossier.state is State.COMPLETE
    assert done.recorded == 1
    now = files(made, 2)
    assert done.stands.report_sha256 == hashlib.sha256(now["report.html"]).hexdigest()
    assert set(now) == set(before) - {"execution.json"}
    assert files(made, 1) == before
    (record,) = closed(made)
    assert (record.version, record.status) == (2, status)
    assert record.files == {name: hashlib.sha256(content).hexdigest() for name, content in now.items()}
    assert made.store.worklist() == made.store.waiting().readable == ()


def test_repeated_it_changes_nothing(make):
    made = make()
    settle(made)
    first, before = go_on(made), files(made, 2)
    stored = msgspec.json.decode(msgspec.json.encode(made.dossier), type=Dossier)
    again = go_on(made, stored)
    assert (again.stands, again.dossier.release, again.recorded) == (first.stands, first.dossier.release, 0)
    assert files(made, 2) == before
    assert len(closed(made)) == 1


def test_a_version_that_is_recorded_is_never_written_again_by_a_later_software(make, monkeypatch):
    made = make()
    settle(made)
    go_on(made)
    before = files(made, 2)
    monkeypatch.setattr(continuing, "reviewed_files", lambda _: {"report.html": b"laid out anew"})
    assert go_on(made).recorded == 0
    assert files(made, 2) == before


def test_a_format_that_breaks_is_left_out_and_the_decision_goes_on(make, monkeypatch):
    made = make()
    settle(made)

    def broken(_report):
        raise ValueError("no font")

    monkeypatch.setattr(rendering, "to_pdf", broken)
    go_on(made)
    assert "report.pdf" not in files(made, 2)
    assert "E_REPORT_001" in {p.code for p in from_json(files(made, 2)["report.json"]).problems}


class Killed(BaseException):
    """As SIGKILL: nothing catches it."""


def kill(*_args, **_options):
    raise Killed


PLACES = {
    "before the files": (continuing, "reviewed_files"),
    "within the files": (report_files, "_put_in_place"),
    "before the row": (ReviewStore, "record"),
    "before the record": (Ledger, "append"),
}


@pytest.mark.parametrize("place", PLACES)
def test_killed_anywhere_and_repeated_it_gives_one_version_and_one_record(make, monkeypatch, place):
    made = make()
    settle(made, Choice.AMEND, amendments=AMENDED)
    with monkeypatch.context() as patch:
        patch.setattr(*PLACES[place], kill)
        with pytest.raises(Killed):
            go_on(made)
    assert made.store.standing(made.dossier.study.study_id).version == 1
    assert go_on(made).stands.version == 2
    assert len(closed(made)) == 1
    assert {p.name for p in folder(made, 2).parent.iterdir()} == {"r1", "r1.v2"}


def test_what_an_unrecorded_attempt_left_is_replaced(make):
    made = make()
    settle(made)
    folder(made, 2).mkdir()
    (folder(made, 2) / "report.html").write_text("of an older software")
    (folder(made, 2) / "other.txt").write_text("left over")
    done = go_on(made)
    assert done.stands.report_sha256 == hashlib.sha256(files(made, 2)["report.html"]).hexdigest()
    assert "other.txt" not in files(made, 2)


def test_several_decisions_follow_each_other_and_the_page_tells_them_all(make):
    made = make(status="released")
    settle(made, Choice.AMEND, amendments=AMENDED, by="M. Keller")
    go_on(made)
    settle(
        made,
        Choice.AMEND,
        amendments=(Amendment(Action.REPLACE, "a01", "Read twice.", "Typo."),),
        by="B. Vogel",
        role="head",
    )
    go_on(made)
    settle(made, Choice.REJECT, by="A. Roth", role="senior_reader", reason="Wrong recording.")
    done = go_on(made)
    assert (done.stands.version, done.stands.status) == (4, "rejected")
    report = from_json(files(made, 4)["report.json"])
    assert [(s.by, s.version, s.makes, s.former_status) for s in report.review.steps] == [
        ("M. Keller", 1, 2, "released"),
        ("B. Vogel", 2, 3, "released after review"),
        ("A. Roth", 3, 4, "released after review"),
    ]
    assert "Read twice." in {s.text for s in report.written.statements}
    assert [c.version for c in closed(made)] == [2, 3, 4]


def test_two_decisions_whose_versions_were_never_written_are_caught_up_in_order(make):
    made = make()
    settle(made)
    stood = go_on(made).stands
    with made.engine.begin() as connection:  # as if the row had not been reached
        from cardio_dagster.stores.review_tables import report_versions

        connection.execute(report_versions.delete())
    assert go_on(made).stands == stood


def test_an_error_response_can_be_confirmed_and_still_is_no_result(make):
    made = make(kind="error", status="error")
    settle(made, reason="No file can be read; the patient is recorded again.")
    done = go_on(made)
    assert (done.stands.status, done.stands.state) == ("error", State.ERROR)
    assert done.dossier.release.status is ReleaseStatus.CONFIRMED
    assert from_json(files(made, 2)["report.json"]).release_status.startswith(
        "error response, seen by a person: accepted"
    )


def test_results_that_were_made_anew_are_not_mixed_with_a_decision_on_others(make):
    made = make()
    settle(made)
    written = made.dossier.written
    other = replace(written, statements=(replace(written.statements[0], text="Another."), *written.statements[1:]))
    with pytest.raises(ReviewError, match="made anew"):
        go_on(made, replace(made.dossier, written=other))
    assert not folder(made, 2).exists()
    assert made.store.waiting().readable


FORGED = {
    "a row without a record": "INSERT INTO review_decisions SELECT study_id, revision, 2, 1, report_sha256, report_sha256, 'accept',"
    " 'fine', 'Dr Nobody', 'reader', released_at, '[]' FROM releases",
    "another person": "UPDATE review_decisions SET by = 'Dr Nobody'",
    "another role": "UPDATE review_decisions SET role = 'head'",
    "another choice": "UPDATE review_decisions SET choice = 'accept'",
    "another reason": "UPDATE review_decisions SET reason = 'fine'",
    "another text": "UPDATE review_decisions SET choice = 'amend', amendments = '[{\"action\":\"withdraw\",\"statement_id\":\"s01\",\"text\":null,\"reason\":\"r\"}]'",
    "a version nobody decided on": "INSERT INTO report_versions SELECT study_id, revision, 9, report_sha256, 'released', report_path,"
    " report_sha256, released_at FROM releases",
}  # fmt: skip


@pytest.mark.parametrize("way", FORGED)
def test_what_the_ledger_does_not_prove_is_not_carried_out_and_is_named(engine, tmp_path, way):
    made = site(engine, tmp_path / "reports")
    if "without a record" not in way:
        settle(made, Choice.REJECT)
    with engine.begin() as connection:
        connection.execute(sa.text(FORGED[way].replace(":", "\\:")))
    with pytest.raises(ReviewError, match="nothing was written; run `cardio audit verify`"):
        go_on(made)
    assert not folder(made, 2).exists()
    assert closed(made) == []
    told = [f.text for f in verify_ledger(engine, b"k" * 32, anchor_dir=None).faults if "version" in f.text]
    assert told
    assert all(made.dossier.study.study_id in text for text in told)


def test_a_record_that_others_changed_proves_nothing(make):
    made = make()
    settle(made, Choice.REJECT)
    drop_guards(made.engine)
    with made.engine.begin() as connection:
        connection.execute(sa.text("UPDATE review_decisions SET choice = 'accept'"))
        connection.execute(sa.text("UPDATE ledger_contents SET content = replace(content, 'reject', 'accept')"))
    with pytest.raises(ReviewError, match="was not written by this site"):
        go_on(made)
    assert not folder(made, 2).exists()


def test_version_one_is_not_written_by_a_person(make):
    made = make()
    with pytest.raises(ValueError, match="version 2 or later"):
        made.reports.save_version("s-1", 1, 1, {})


@pytest.mark.parametrize(("action", "words"), [(Action.WITHDRAW, "withdrawn"), (Action.REPLACE, "changed")])
def test_the_structured_report_marks_findings_of_sentences_that_a_person_touched(make, action, words):
    made = make()
    (sentence, finding) = next(
        (s, f)
        for s in made.dossier.written.statements
        for f in (f for analysis in made.dossier.analyses for f in analysis.findings)
        if f.code in s.findings and f.modality == "ecg"
    )
    text = None if action is Action.WITHDRAW else "Read otherwise."
    settle(made, Choice.AMEND, amendments=(Amendment(action, sentence.statement_id, text, "Artefact."),))
    go_on(made)
    before, now = (findings_of(folder(made, version) / "report.ecg.dcm") for version in (1, 2))
    assert finding.text in before
    assert f"[{words} in review] {finding.text}" in now
    assert finding.text not in now


def findings_of(path):
    nodes, told = [pydicom.dcmread(path)], []
    while nodes:
        node = nodes.pop()
        nodes += list(node.get("ContentSequence", []))
        names = node.get("ConceptNameCodeSequence")
        if names and names[0].CodeMeaning == "ECG Finding":
            told.append(node.TextValue)
    return told
