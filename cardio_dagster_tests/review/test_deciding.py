"""Who may decide, what an amendment may be, and texts that look like a patient's identity."""

import hashlib
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.audit_record import Kind
from cardio_dagster.commands.review_amendments import amendments
from cardio_dagster.review.deciding import decide, decided_entry
from cardio_dagster.review.identity import signs_of_identity
from cardio_dagster.review.worklist import by_urgency, seen_token, show
from cardio_dagster.stores.ledger import decode
from cardio_dagster.stores.results import releases
from cardio_dagster.stores.review_tables import review_decisions
from cardio_dagster.stores.review_words import ROLES, Action, Amendment, Choice, UnprovenDecisionError
from cardio_dagster.stores.reviews import ReviewError, ReviewItem
from cardio_dagster.stores.studies import StudyRegistry
from cardio_dagster_tests.review.reviewed_studies import AT, site


@pytest.fixture
def held(sqlite_url, tmp_path):
    from cardio_dagster.stores.database import connect, create_tables

    engine = connect(sqlite_url)
    create_tables(engine)
    return site(engine, tmp_path / "reports")


def settle(made, decision, **options):
    return decide(decision, store=made.store, ledger=made.ledger, **options)


@pytest.mark.parametrize("role", [*ROLES, "cleaner", ""])
def test_only_readers_and_administrators_decide(held, role):
    decision = held.decision(role=role)
    if role in {"reader", "senior_reader", "head", "admin"}:
        assert settle(held, decision).role == role
    else:
        with pytest.raises(ReviewError, match=r"may not decide .* senior_reader"):
            settle(held, decision)
        assert list(held.ledger.records(kinds=(Kind.REVIEW_DECIDED,))) == []


@pytest.mark.parametrize("by", ["", "  ", "x" * 65, "a\nb"])
def test_somebody_must_be_named(held, by):
    with pytest.raises(ReviewError, match="name the person"):
        settle(held, held.decision(by=by))


@pytest.mark.parametrize("reason", ["", " ", "x" * 2001, "two\nlines", "a\x00b"])
def test_a_reason_is_one_line_of_text(held, reason):
    with pytest.raises(ReviewError, match="1 to 2000"):
        settle(held, held.decision(reason=reason))


def amendment(action=Action.REPLACE, statement_id="s01", text="Sinus rhythm.", **more):
    return Amendment(action, statement_id, text, "Read by eye.", **more)


@pytest.mark.parametrize(
    ("choice", "amendments", "why"),
    [
        (Choice.AMEND, (), "at least one"),
        (Choice.ACCEPT, (amendment(),), "nothing else may have one"),
        (Choice.REJECT, (amendment(),), "nothing else may have one"),
        (Choice.AMEND, (amendment(statement_id="s99"),), "no sentence s99 .* s01"),
        (Choice.AMEND, (amendment(), amendment(Action.WITHDRAW, text=None)), "twice"),
        (Choice.AMEND, (amendment(Action.WITHDRAW),), "withdrawn has none"),
        (Choice.AMEND, (amendment(text=None),), "needs a text"),
        (Choice.AMEND, (amendment(Action.ADD, "", section="lungs"),), "no section 'lungs'"),
        (Choice.AMEND, (replace(amendment(), reason=""),), "1 to 2000"),
    ],
)
def test_an_amendment_must_fit_what_was_looked_at(held, choice, amendments, why):
    with pytest.raises(ReviewError, match=why):
        settle(held, held.decision(choice, amendments=amendments))
    assert held.store.decisions(held.dossier.study.study_id, 1) == ()


def test_added_sentences_get_ids_of_their_own_and_texts_enter_the_ledger_by_hash(held):
    text = "Pacing spikes are seen."
    given_ = (amendment(Action.ADD, "", text, section="ecg"), amendment(Action.ADD, "", "Compare."), amendment())
    made = settle(held, held.decision(Choice.AMEND, amendments=given_))
    assert [a.statement_id for a in made.amendments] == ["a01", "a02", "s01"]
    (record,) = held.ledger.records(kinds=(Kind.REVIEW_DECIDED,))
    assert decode(record).amendments[0] == ("add", "a01", hashlib.sha256(text.encode()).hexdigest())
    assert text not in record.content


@pytest.mark.parametrize(
    "text",
    ["ask jane.doe@example.org", "born in spring", "DOB unknown", "seen 03.05.1961", "of 1961-05-03", "case 20394857",
     "call 030 12 34 56 78", "Mrs Smith agrees", "patient's name is known", "see 3/5/61"],
)  # fmt: skip
def test_what_looks_like_an_identity_is_refused_until_somebody_insists(held, text):
    with pytest.raises(ReviewError, match=r"identity .* --force") as refused:
        settle(held, held.decision(reason=text))
    assert text not in str(refused.value)
    made = settle(held, held.decision(reason=text), with_identity=True)
    assert made.reason == text
    (record,) = held.ledger.records(kinds=(Kind.REVIEW_DECIDED,))
    assert decode(record).reason == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@given(st.integers(0, 10**9).map(lambda n: n / 10**5), st.sampled_from(["%", "ms", "mL/m2", "/min", "mV"]))
def test_a_measured_value_is_no_identity(value, unit):
    assert (
        signs_of_identity(f"QTc {value:g} {unit}, frames 3 and 17, 25 mm/s, ESC 2021, doi:10.1093/eurheartj/ehab368")
        == ()
    )


def test_every_sentence_of_a_real_report_passes(held):
    assert [s.text for s in held.dossier.written.statements if signs_of_identity(s.text)] == []


def test_a_report_whose_file_was_changed_cannot_be_decided_on(held):
    decision = held.decision(Choice.AMEND, amendments=(amendment(),))
    page = held.reports.folder(decision.study_id, 1) / "report.html"
    page.write_bytes(page.read_bytes() + b" ")
    with pytest.raises(ReviewError, match="not the one that was recorded"):
        settle(held, decision)
    with pytest.raises(ReviewError, match="not the one that was recorded"):
        show(decision.study_id, held.store, held.ledger)


@pytest.mark.parametrize("name", ["report.json", "report.pdf", "report.fhir.json"])
@pytest.mark.parametrize("choice", [Choice.ACCEPT, Choice.REJECT])
def test_a_person_decides_on_every_format_so_none_may_differ_from_its_record(held, name, choice):
    decision = held.decision(choice)
    path = held.reports.folder(decision.study_id, 1) / name
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    told = f"not the one that was recorded \\({name}\\)"
    with pytest.raises(ReviewError, match=told):
        show(decision.study_id, held.store, held.ledger)
    with pytest.raises(ReviewError, match=told):
        settle(held, decision)
    assert held.store.decisions(decision.study_id, 1) == ()


def test_a_report_that_the_ledger_does_not_know_cannot_be_decided_on(held):
    decision = held.decision()
    with held.engine.begin() as connection:
        connection.execute(sa.update(releases).values(status="error"))
    with pytest.raises(ReviewError, match="the ledger holds no record of version 1"):
        settle(held, decision)


def test_a_decision_that_the_ledger_does_not_prove_is_named_and_nobody_was_quicker(held):
    settle(held, held.decision(Choice.ACCEPT))
    with held.engine.begin() as connection:
        connection.execute(sa.update(review_decisions).values(by="evil"))
    with pytest.raises(UnprovenDecisionError, match="version 2: the ledger names another person or role; nothing was"):
        settle(held, held.decision(Choice.REJECT))


def test_a_decision_on_a_revision_that_late_files_have_overtaken_is_refused(held):
    decision = held.decision()
    registry = StudyRegistry(held.engine)
    registered = replace(held.dossier.study, revision=2)
    assert registry.register(registered, source="p", input_path="inputs/x", claim="c")
    with pytest.raises(ReviewError, match=r"files that came late re-opened .* as revision 2; wait for its report"):
        settle(held, decision)


def test_a_section_that_is_none_is_no_text():
    assert amendments((), (), ("Read by hand. Z = 4",), grade=(), reason="x")[0].section is None
    with pytest.raises(ReviewError, match="no section 'zebra'; there are: ecg"):
        amendments((), (), ("zebra=Text",), grade=(), reason="x")


def test_a_person_is_shown_why_and_what(held):
    shown = show(held.dossier.study.study_id, held.store, held.ledger)
    assert shown.reasons == ("a gate did not pass",)
    assert shown.seen == seen_token(shown.stands) == f"v1-{shown.stands.report_sha256[:12]}"
    assert shown.report.written.statements


def test_the_most_urgent_and_oldest_come_first():
    def item(study_id, priority, opened_at):
        return ReviewItem(study_id, 1, 1, "", "held", (), opened_at, "", priority, None)

    items = (item("a", "routine", "1"), item("b", "stat", "3"), item("c", "stat", "2"), item("d", None, "9"))
    assert [i.study_id for i in by_urgency(items)] == ["d", "c", "b", "a"]


def test_the_key_of_a_record_tells_versions_apart(held):
    keys = {decided_entry(replace(held.decision(), makes=n, at=AT)).key for n in (2, 3)}
    assert len(keys) == 2
