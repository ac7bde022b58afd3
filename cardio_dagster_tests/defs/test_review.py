"""The whole way on a real installation: held, decided on, asked for by the sensor, released; on both databases."""

import json
import shutil
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import sqlalchemy as sa

from cardio_dagster.audit_record import Kind
from cardio_dagster.commands.lineage import tell_lineage
from cardio_dagster.commands.replay import replay_study
from cardio_dagster.commands.review import review_decide, review_list, review_show
from cardio_dagster.defs.review import review_sensor
from cardio_dagster.orchestration.cohort import make_cohort
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.reviewing import review_store
from cardio_dagster.review.worklist import show
from cardio_dagster.settings import Settings, settings
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import decode
from cardio_dagster.stores.notices import NoticeStore
from cardio_dagster.stores.review_words import Choice
from cardio_dagster.stores.reviews import ReviewError
from cardio_dagster_tests.defs.installation import Installation, bad, clinical


@pytest.fixture(params=["sqlite", "postgres"])
def site(request, install, monkeypatch):
    chosen = {"database_url": request.getfixturevalue("postgres_url")} if request.param == "postgres" else {}
    made = install("site", **chosen)
    monkeypatch.setenv("CARDIO_DATA_DIR", str(made.settings.data_dir))
    if chosen:
        monkeypatch.setenv("CARDIO_DATABASE_URL", chosen["database_url"])
    settings.cache_clear()
    yield made
    settings.cache_clear()


@pytest.fixture
def local(install, monkeypatch):
    """An installation on SQLite with at most two runs for a decision."""
    made = install("site", max_attempts=2)
    monkeypatch.setenv("CARDIO_DATA_DIR", str(made.settings.data_dir))
    settings.cache_clear()
    yield made
    settings.cache_clear()


def a_child(made, name="child"):
    """Return a study that is held: its patient is nine years old."""
    study_id = made.intake(clinical(9, priority="stat"), name)
    assert made.run(study_id).success
    assert made.releases(study_id)[-1].status == "held"
    return study_id


def tick(made):
    with dg.build_sensor_context(instance=made.instance, resources={"stores": made.stores}) as context:
        return review_sensor(context)


def continue_(made, result):
    """Run what the sensor asks for, as the daemon does."""
    (request,) = result.run_requests
    job = made.definitions.resolve_job_def("review_release")
    tags = {**request.tags, "dagster/run_key": request.run_key}
    how = {"instance": made.instance, "partition_key": request.partition_key, "tags": tags, "raise_on_error": False}
    return job.execute_in_process(**how)


def decide(made, study_id, choice, **options):
    seen = show(study_id, review_store(made.stores), made.stores.ledger()).seen
    how = {"role": "reader", "by": "M. Keller", "reason": "Read with the family doctor.", **options}
    return review_decide(study_id, choice, seen=seen, **how)


def test_from_the_worklist_to_the_release(site, capsys):
    study_id = a_child(site)
    assert review_list() == 0
    listed = capsys.readouterr().out
    assert study_id in listed
    assert "stat" in listed
    assert isinstance(tick(site), dg.SkipReason)
    assert review_show(study_id) == 0
    shown = capsys.readouterr().out
    assert "s01" in shown
    assert "waits: " in shown
    assert "--seen v1-" in shown
    assert (
        decide(site, study_id, Choice.AMEND, withdraw=["s01"], add=["clinical=Read by a paediatric cardiologist."]) == 0
    )
    assert review_list() == 0
    assert "Nothing waits" in capsys.readouterr().out.split("Version 2 follows")[1]
    asked = tick(site)
    assert [r.partition_key for r in asked.run_requests] == [study_id]
    result = continue_(site, asked)
    assert result.success
    assert isinstance(tick(site), dg.SkipReason)
    (event,) = result.asset_materializations_for_node("release")
    assert event.metadata["release"].value == "released after review"
    stands = review_store(site.stores).standing(study_id)
    assert (stands.version, stands.status) == (2, "released")
    assert json.loads((Path(stands.report_path) / "report.json").read_text())["version"] == 2
    assert site.row(study_id).released_revision == 1
    made = make_cohort(site.stores)
    row = pd.read_parquet(made.folder / "cohort.parquet").iloc[0]
    assert (row.release_status, row.report_version, row.is_measured, row.age_years) == ("released", 2, True, 9)
    kept = {
        k: [decode(r) for r in site.stores.ledger().records(kinds=(k,))]
        for k in (Kind.REVIEW_OPENED, Kind.REVIEW_DECIDED, Kind.REPORT_CLOSED)
    }
    assert [len(kept[k]) for k in (Kind.REVIEW_OPENED, Kind.REVIEW_DECIDED)] == [1, 1]
    assert [(c.version, c.status) for c in kept[Kind.REPORT_CLOSED]] == [(1, "held"), (2, "released")]


def notices_of(made, study_id):
    found = NoticeStore(connect(made.stores.database_url)).of_study(study_id)
    return {cause.code: (notice.state.value, notice.answered_by) for notice in found for cause in notice.causes}


def test_a_decision_answers_its_notice_and_a_critical_sentence_of_a_person_raises_one(local):
    study_id = a_child(local)
    assert notices_of(local, study_id) == {"REPORT_HELD": ("open", None)}
    decide(local, study_id, Choice.AMEND, add=["clinical=Signs of shock."], grade=["a01=critical"])
    asked = tick(local)
    assert continue_(local, asked).success
    told = {"REPORT_HELD": ("acknowledged", "M. Keller"), "REVIEW_CRITICAL": ("open", None)}
    assert notices_of(local, study_id) == told
    head = local.stores.ledger().head()
    assert continue_(local, asked).success
    assert local.stores.ledger().head() == head
    assert notices_of(local, study_id) == told


def test_materialized_again_it_is_green_and_changes_nothing(local):
    study_id = a_child(local)
    decide(local, study_id, Choice.ACCEPT)
    asked = tick(local)
    assert continue_(local, asked).success
    before = {p: p.read_bytes() for p in Path(local.stores.store_dir, "reports").rglob("*") if p.is_file()}
    head = local.stores.ledger().head()
    again = continue_(local, asked)
    assert again.success
    (event,) = again.asset_materializations_for_node("release")
    assert event.metadata["release"].value == "released after review"
    assert {p: p.read_bytes() for p in Path(local.stores.store_dir, "reports").rglob("*") if p.is_file()} == before
    assert local.stores.ledger().head() == head


def test_a_decision_on_another_version_than_was_looked_at_is_refused(local):
    study_id = a_child(local)
    with pytest.raises(ReviewError, match=r"version 1 .* stands now"):
        review_decide(study_id, Choice.ACCEPT, seen="v2-0123456789ab", role="reader", reason="Read.", by="M. Keller")
    assert isinstance(tick(local), dg.SkipReason)


def test_an_error_response_is_confirmed_and_its_run_is_green(local):
    study_id = local.intake(bad(1))
    assert not local.run(study_id).success
    decide(local, study_id, Choice.ACCEPT)
    assert continue_(local, tick(local)).success
    assert review_store(local.stores).standing(study_id).status == "error"


def test_the_sensor_asks_again_after_a_run_that_died_and_not_for_ever(local):
    study_id = a_child(local)
    decide(local, study_id, Choice.ACCEPT)
    keys = []
    for _ in range(2):
        asked = tick(local)
        (request,) = asked.run_requests
        keys.append(request.run_key)
        assert [r.run_key for r in tick(local).run_requests] == [request.run_key]  # no run yet: the same key
        tags = {**request.tags, "dagster/partition": study_id}
        job = local.definitions.resolve_job_def("review_release")
        run = local.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
        assert isinstance(tick(local), dg.SkipReason)  # the study is being worked on
        local.instance.report_run_failed(run)
    assert keys == [f"{study_id}:r1:v2:a1", f"{study_id}:r1:v2:a2"]
    assert isinstance(tick(local), dg.SkipReason)


def test_a_decision_that_cannot_be_read_stops_no_other_and_is_told_once(local):
    spoilt, sound = a_child(local), local.intake(clinical(8), "other")
    assert local.run(sound).success
    for study_id in (spoilt, sound):
        decide(local, study_id, Choice.ACCEPT)
    with connect(local.stores.database_url).begin() as connection:
        query = "UPDATE review_decisions SET amendments = 'nonsense' WHERE study_id = :study_id"
        connection.execute(sa.text(query), {"study_id": spoilt})
    for _ in range(2):
        assert [r.partition_key for r in tick(local).run_requests] == [sound]
    raised = [decode(r) for r in local.stores.ledger().records(kinds=(Kind.NOTICE_RAISED,), study_id=spoilt)]
    assert [r.cause for r in raised].count("REVIEW_STUCK") == 1
    assert continue_(local, tick(local)).success
    assert tick(local).skip_message == "decisions that cannot be carried out: 1"
    with pytest.raises(ReviewError, match="cannot be read"):
        review_show(spoilt)


def test_a_store_restored_elsewhere_goes_on(local, tmp_path, monkeypatch, capsys):
    study_id = a_child(local)
    decide(local, study_id, Choice.ACCEPT)
    head = local.stores.ledger().head()
    connect(local.stores.database_url).dispose()
    (tmp_path / "restored").mkdir()
    shutil.move(local.settings.data_dir, tmp_path / "restored" / "data")
    here = replace_place(local, tmp_path / "restored" / "data")
    monkeypatch.setenv("CARDIO_DATA_DIR", str(here.settings.data_dir))
    settings.cache_clear()
    assert here.stores.ledger().head() == head
    assert review_show(study_id) == 0
    result = continue_(here, tick(here))
    assert result.success
    stands = review_store(here.stores).standing(study_id)
    assert Path(stands.report_path) == here.settings.store_dir / "reports" / study_id / "r1.v2"
    assert json.loads((Path(stands.report_path) / "report.json").read_text())["version"] == 2
    assert tell_lineage(study_id, here.settings) == 0
    assert replay_study(study_id, here.settings) == 0
    capsys.readouterr()
    paths = [text for text in everything_kept(here) if str(tmp_path) in text]
    assert paths == [], "a place on this machine is kept in the database"


def replace_place(made, data_dir):
    """Return the installation with its data folder elsewhere."""
    chosen = Settings(**{**made.settings.model_dump(), "data_dir": data_dir})
    return Installation(chosen, Stores.of(chosen), made.instance)


def everything_kept(made):
    """Return every text of every row of the database."""
    engine = connect(made.stores.database_url)
    with engine.connect() as connection:
        for table in sa.inspect(engine).get_table_names():
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")):
                yield from (f"{table}: {value}" for value in row if isinstance(value, str))
