import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from cardio_dagster.errors import problem
from cardio_dagster.stores.studies import StudyRegistry, UnknownStudyError
from cardio_dagster.study import Priority, Recording, Study

LATER = "2026-01-01T00:00:09.000+00:00"


def digest(text):
    return hashlib.sha256(str(text).encode()).hexdigest()


def make_study(number, *, priority=Priority.ROUTINE, revision=1, content=None):
    content = content or digest(number)
    recordings = (Recording("r01", "ecg.hea", digest(f"{number}x"), 12, "ecg", "wfdb", ("ecg.dat",)),)
    received_at = f"2026-01-01T00:00:{number % 60:02d}.000+00:00"
    return Study(f"s-{digest(number)[:16]}", revision, content, received_at, priority, recordings)


def enter(registry, number, **more):
    study = make_study(number, **more)
    added = registry.register(study, source=f"src{number}", input_path=f"inputs/{number}", claim=f"c-{number}")
    assert added
    return study


@pytest.fixture
def registry(engine):
    return StudyRegistry(engine)


def test_what_was_registered_is_found_by_every_index(registry, tmp_path):
    study = make_study(1)
    left_out = (problem("E_INTAKE_005", "the file is empty"),)
    assert registry.register(study, source="src", input_path="inputs/x", claim="c-1", problems=left_out)
    row = registry.get(study.study_id)
    assert (row.study, row.source, row.problems) == (study, "src", left_out)
    assert row.folder(tmp_path) == tmp_path / "inputs/x"
    assert registry.by_source("src") == row
    assert registry.by_content(study.content_sha256) == row
    assert registry.by_claim("c-1") == row
    assert registry.get(study.study_id, 1) == row


def test_what_was_not_registered_is_none(registry):
    assert registry.get("s-0") is None
    assert registry.by_source("x") is None
    assert registry.by_content("x") is None
    assert registry.by_claim("x") is None
    assert registry.history("s-0") == ()


def test_the_same_content_is_not_registered_twice(registry):
    study = enter(registry, 1)
    other = replace(study, study_id="s-other")
    assert not registry.register(other, source="b", input_path="i", claim="c-2")
    assert not registry.register(study, source="b", input_path="i", claim="c-3")
    assert registry.get("s-other") is None
    assert len(registry.pending()) == 1


def test_one_of_many_registers_a_content(registry):
    study = make_study(1)
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda n: registry.register(study, source="s", input_path="i", claim=f"c-{n}"), range(8)))
    assert sum(added) == 1


def test_reopening_makes_a_new_revision_and_opens_the_study_again(registry):
    study = enter(registry, 1)
    registry.next_attempt(study.study_id)
    registry.mark_requested(study.study_id, "k1", "sensor", revision=1)
    assert registry.mark_finished(study.study_id, 1, "COMPLETE")
    assert registry.pending() == ()
    second = replace(study, revision=2, content_sha256=digest("more"), priority=Priority.STAT, received_at=LATER)
    assert registry.reopen(second, input_path="inputs/2", claim="c-2")
    (row,) = registry.pending()
    assert row.study == second
    assert (row.attempt, row.run_key, row.finished_at) == (0, None, None)
    assert registry.get(study.study_id, 1).final_state == "COMPLETE"
    assert registry.by_content(study.content_sha256).study.revision == 1
    assert [r.study.revision for r in registry.history(study.study_id)] == [1, 2]


def test_only_the_successor_of_the_current_revision_reopens(registry):
    study = enter(registry, 1)
    third = replace(study, revision=3, content_sha256=digest("more"))
    assert not registry.reopen(third, input_path="i", claim="c-2")
    assert registry.get(study.study_id).study == study


def test_reopening_with_held_content_changes_nothing(registry):
    study, other = enter(registry, 1), enter(registry, 2)
    assert not registry.reopen(
        replace(study, revision=2, content_sha256=other.content_sha256), input_path="i", claim="c"
    )
    assert registry.get(study.study_id).study == study


def test_the_end_of_an_old_revision_leaves_the_study_open(registry):
    study = enter(registry, 1)
    registry.reopen(replace(study, revision=2, content_sha256=digest("b")), input_path="i", claim="c")
    assert not registry.mark_finished(study.study_id, 1, "COMPLETE")
    assert [row.study.revision for row in registry.pending()] == [2]
    assert registry.mark_finished(study.study_id, 2, "ERROR")
    assert registry.get(study.study_id).final_state == "ERROR"


def test_a_request_for_an_old_revision_or_a_closed_study_is_refused(registry):
    study = enter(registry, 1)
    assert not registry.mark_requested(study.study_id, "k", "sensor", revision=2)
    assert registry.mark_requested(study.study_id, "k", "sensor", revision=1)
    registry.mark_finished(study.study_id, 1, "COMPLETE")
    assert not registry.mark_requested(study.study_id, "k", "sensor", revision=1)


def test_a_request_that_came_to_nothing_is_withdrawn_but_not_its_successor(registry):
    study = enter(registry, 1)
    registry.mark_requested(study.study_id, "k1", "sensor", revision=1)
    assert not registry.withdraw_request(study.study_id, "k0")
    assert [r.run_key for r in registry.pending(requested=True)] == ["k1"]
    assert registry.withdraw_request(study.study_id, "k1")
    assert registry.pending(requested=True) == ()
    assert len(registry.pending(requested=False)) == 1


def test_pending_is_by_urgency_then_age_and_limited(registry):
    for number, priority in [(3, Priority.ROUTINE), (1, Priority.ROUTINE), (5, Priority.STAT), (2, Priority.BACKFILL)]:
        enter(registry, number, priority=priority)
    assert [row.source for row in registry.pending()] == ["src5", "src1", "src3", "src2"]
    assert [row.source for row in registry.pending(limit=1)] == ["src5"]


def test_attempts_are_counted_without_gaps_by_many(registry):
    study = enter(registry, 1)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(registry.next_attempt, [study.study_id] * 16))
    assert sorted(numbers) == list(range(1, 17))


def test_unknown_studies_are_named(registry):
    with pytest.raises(UnknownStudyError, match="s-nope is not registered"):
        registry.next_attempt("s-nope")
    with pytest.raises(UnknownStudyError, match="no revision 1"):
        registry.mark_finished("s-nope", 1, "COMPLETE")


def test_release_never_goes_back(registry):
    study = enter(registry, 1)
    assert registry.mark_released(study.study_id, 2)
    assert not registry.mark_released(study.study_id, 1)
    assert registry.get(study.study_id).released_revision == 2


def test_closed_studies_leave_the_window(registry):
    studies = [enter(registry, number) for number in range(3)]
    for study in studies[:2]:
        registry.mark_finished(study.study_id, 1, "COMPLETE")
    assert registry.closed_before("2000-01-01") == ()
    closed = registry.closed_before("9999-01-01")
    assert {row.study.study_id for row in closed} == {study.study_id for study in studies[:2]}
    assert registry.mark_retired(study.study_id for study in studies) == 2
    assert registry.closed_before("9999-01-01") == ()


def plan_of(engine, run):
    """Return the database's plan of the last query that `run` sent."""
    sent = []
    sa.event.listen(engine, "before_cursor_execute", lambda c, cur, sql, par, ctx, many: sent.append((sql, par)))
    run()
    sql, parameters = next(entry for entry in reversed(sent) if entry[0].startswith("SELECT studies"))
    prefix = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with engine.connect() as connection:
        return "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(prefix + sql, parameters))


def fill(engine, count):
    """Enter finished studies quickly."""
    registry = StudyRegistry(engine)
    study = enter(registry, 0)
    registry.mark_finished(study.study_id, 1, "COMPLETE")
    with engine.begin() as connection:
        tables = sa.MetaData()
        for name, keys in (
            ("studies", ("study_id", "source")),
            ("study_revisions", ("study_id", "content_sha256", "claim")),
        ):
            table = sa.Table(name, tables, autoload_with=connection)
            model = dict(connection.execute(table.select()).mappings().first())
            rows = [{**model, **{key: f"{key}{n}" for key in keys}} for n in range(1, count)]
            connection.execute(table.insert(), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


@pytest.mark.parametrize(
    "look_up",
    [
        lambda registry: registry.get("study_id7"),
        lambda registry: registry.by_source("source7"),
        lambda registry: registry.by_content("content_sha2567"),
        lambda registry: registry.by_claim("claim7"),
        lambda registry: registry.pending(requested=False),
        lambda registry: registry.history("study_id7"),
    ],
    ids=["get", "by_source", "by_content", "by_claim", "pending", "history"],
)
def test_no_look_up_reads_the_whole_registry(engine, look_up):
    fill(engine, 3000)
    registry = StudyRegistry(engine)
    enter(registry, 1)
    plan = plan_of(engine, lambda: look_up(registry))
    assert not re.search(r"SCAN (?!.*USING INDEX ix_studies_pending)|Seq Scan", plan), plan
