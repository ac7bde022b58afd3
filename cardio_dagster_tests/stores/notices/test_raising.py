"""Raising: once, in the caller's transaction, one notice for a study and audience, one page for an outage."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardio_dagster.outcome import Impact
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.notices import Audience, NoticeState, NoticeStore, Outbox, stamp
from cardio_dagster_tests.escalation.notices import DEFAULT, NOW, cause, failure, machine, raise_now


@pytest.fixture
def store(engine):
    return NoticeStore(engine)


def test_causes_of_a_study_are_one_notice_for_each_audience_the_gravest_first(engine):
    clinical, technical = raise_now(
        engine, cause("REPORT_HELD", Impact.MEDIUM), cause("ECG_VT"), failure("E_TIMEOUT_ANALYSIS", Impact.HIGH)
    )
    assert [t.code for t in clinical.causes] == ["ECG_VT", "REPORT_HELD"]
    assert (clinical.impact, clinical.role, clinical.state) == (Impact.CRITICAL, "reader", NoticeState.OPEN)
    assert clinical.due_at == stamp(NOW + timedelta(minutes=5))
    assert (technical.impact, technical.role) == (Impact.HIGH, "operator")


def test_the_same_causes_are_raised_once_also_later_and_in_another_order(engine, store):
    both = (cause("ECG_VT"), cause("ECG_PAUSE"))
    (first,) = raise_now(engine, *both)
    assert raise_now(engine, *reversed(both), now=NOW + timedelta(hours=1)) == ()
    assert store.open() == (first,)


def test_only_what_is_new_is_told_later(engine):
    raise_now(engine, cause("ECG_VT"))
    (later,) = raise_now(engine, cause("ECG_VT"), cause("ECG_PAUSE"))
    assert [t.code for t in later.causes] == ["ECG_PAUSE"]


def test_a_code_is_told_again_with_a_graver_impact_but_not_with_a_lesser(engine):
    raise_now(engine, failure("E_TIMEOUT_ANALYSIS", Impact.MEDIUM))
    (worse,) = raise_now(engine, failure("E_TIMEOUT_ANALYSIS", Impact.HIGH))
    assert worse.impact is Impact.HIGH
    assert raise_now(engine, failure("E_TIMEOUT_ANALYSIS", Impact.MEDIUM)) == ()


def test_another_revision_and_another_study_are_told(engine):
    raise_now(engine, cause())
    assert len(raise_now(engine, cause(revision=2), cause(study="s-2"))) == 2


def test_nothing_is_kept_when_the_transaction_of_the_cause_fails(engine, store):
    with engine.connect() as connection:
        assert store.raise_((cause(),), DEFAULT, now=NOW, connection=connection)
        connection.rollback()
    assert store.open() == ()
    assert len(raise_now(engine, cause())) == 1


def test_low_impact_needs_no_answer(engine, store):
    (told,) = raise_now(engine, failure("E_X", Impact.LOW))
    assert (told.state, told.due_at, store.open()) == (NoticeState.TOLD, None, ())


def test_an_outage_met_by_many_studies_is_one_page(engine, store):
    (lead,) = raise_now(engine, failure(study="s-0"))
    others = [raise_now(engine, failure(study=f"s-{i}"))[0] for i in range(1, 6)]
    assert {n.state for n in others} == {NoticeState.JOINED}
    assert store.open() == (lead,)
    assert [n.study_id for n in store.joined(lead.notice_id)] == [f"s-{i}" for i in range(1, 6)]
    assert Outbox(engine).claim(NOW).notice == lead
    assert Outbox(engine).claim(NOW) is None


def test_a_graver_failure_and_patients_are_never_joined(engine):
    raise_now(engine, failure("E_CORRUPT_001", Impact.MEDIUM, study="s-1"), cause(study="s-1"))
    stat, patient = raise_now(engine, failure("E_CORRUPT_001", Impact.HIGH, study="s-2"), cause(study="s-3"))
    assert stat.state is patient.state is NoticeState.OPEN


def test_after_the_outage_is_acknowledged_the_next_one_is_told(engine, store):
    (lead,) = raise_now(engine, failure(study="s-0"))
    raise_now(engine, failure(study="s-1"))
    with engine.begin() as connection:
        answered = store.acknowledge(lead.notice_id, by="mk", role="operator", now=NOW, connection=connection)
    assert [n.study_id for n in answered] == ["s-0", "s-1"]
    assert raise_now(engine, failure(study="s-2"))[0].state is NoticeState.OPEN


def test_a_subject_is_told_once_while_its_notice_waits_and_on_a_new_occasion_after(engine, store):
    (down,) = raise_now(engine, machine(occasion="1"))
    assert raise_now(engine, machine(occasion="1"), machine(occasion="2")) == ()
    with engine.begin() as connection:
        store.acknowledge(down.notice_id, by="mk", role="operator", now=NOW, connection=connection)
    assert raise_now(engine, machine(occasion="1")) == ()
    assert len(raise_now(engine, machine(occasion="2"))) == 1


CODES = ("ECG_VT", "ECG_PAUSE", "REPORT_HELD")
NUMBERS = count()
PORTIONS = st.lists(
    st.dictionaries(st.tuples(st.sampled_from(CODES), st.sampled_from(list(Audience))), st.sampled_from(list(Impact))),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(PORTIONS)
def test_whatever_comes_in_whatever_portions_every_cause_is_told_at_its_gravest(sqlite_url, portions):
    engine, study = connect(sqlite_url), f"s-{next(NUMBERS)}"
    create_tables(engine)
    gravest, told = {}, {}
    for portion in portions:
        for notice in raise_now(engine, *(cause(c, i, a, study) for (c, a), i in portion.items())):
            for t in notice.causes:
                key = t.code, notice.audience
                told[key] = max(told.get(key, -1), t.impact.rank)
        for key, impact in portion.items():
            gravest[key] = max(gravest.get(key, -1), impact.rank)
    assert told == gravest
