"""The weekly upkeep: what leaves the set of partitions and Dagster's database, and that nothing needed does."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa

from cardio_dagster.audit_record import Actor, ActorKind, Kind
from cardio_dagster.errors import SettingsError
from cardio_dagster.orchestration.archiving import Window, archive_closed
from cardio_dagster.orchestration.pruning import prune_runs
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.settings import Settings, settings
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import LedgerError, decode
from cardio_dagster.stores.study_tables import studies
from cardio_dagster_tests.defs.installation import bad, clinical

RELEASE = dg.AssetKey("release")
WEEKLY = Actor(ActorKind.SCHEDULE, "maintenance_weekly")
LATER = datetime.now(UTC) + timedelta(days=200)


def partitions(installation):
    return set(installation.instance.get_dynamic_partitions("studies"))


def done(installation, number, write=None):
    study_id = installation.intake(write or clinical(40 + number), f"study-{number}")
    installation.run(study_id)
    return study_id


def closed_days_ago(installation, study_id, days):
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    with connect(installation.stores.database_url).begin() as connection:
        connection.execute(sa.update(studies).where(studies.c.study_id == study_id).values(finished_at=at))


def registered(installation, number):
    """Return a study that is closed without ever having run, which is quicker."""
    study_id = installation.intake(clinical(40 + number), f"study-{number}")
    installation.stores.registry().mark_finished(study_id, 1, "COMPLETE")
    closed_days_ago(installation, study_id, 100 - number)
    return study_id


def test_closed_studies_leave_after_the_window_and_the_registry_keeps_them(installation):
    old, young, still_open = registered(installation, 1), registered(installation, 2), installation.intake(clinical(70))
    closed_days_ago(installation, young, 89)
    told = archive_closed(installation.instance, installation.stores, limits=Window(90, 20_000))
    assert (told.before, told.by_age, told.by_number, told.after) == (3, 1, 0, 2)
    assert partitions(installation) == {young, still_open}
    assert installation.row(old).retired_at is not None
    assert installation.row(old).final_state == "COMPLETE"
    again = archive_closed(installation.instance, installation.stores, limits=Window(90, 20_000))
    assert (again.by_age, again.again) == (0, 0)


def test_above_the_number_those_closed_longest_ago_leave_and_open_ones_never(installation):
    closed = [registered(installation, n) for n in range(4)]
    still_open = [installation.intake(clinical(70 + n), f"open-{n}") for n in range(3)]
    told = archive_closed(installation.instance, installation.stores, limits=Window(365, 4))
    assert told.by_number == 3
    assert partitions(installation) == {closed[3], *still_open}
    archive_closed(installation.instance, installation.stores, limits=Window(365, 1))
    assert partitions(installation) == set(still_open)


def test_a_late_file_brings_a_study_back(installation):
    study_id = done(installation, 1)
    archive_closed(installation.instance, installation.stores, now=LATER)
    assert partitions(installation) == set()

    def late(folder):
        (folder / "late.json").write_text('{"patient": {"age_years": 50, "heart_rate_bpm": 99}}')

    installation.drop(late, "study-1")
    installation.tick()
    assert partitions(installation) == {study_id}
    assert installation.row(study_id).retired_at is None
    assert archive_closed(installation.instance, installation.stores, now=LATER).after == 1, "it is open"


def test_one_that_came_back_for_a_review_leaves_once_more(installation):
    study_id = registered(installation, 1)
    archive_closed(installation.instance, installation.stores, limits=Window(1, 20_000))
    installation.instance.add_dynamic_partitions("studies", [study_id])  # as review_sensor does
    told = archive_closed(installation.instance, installation.stores, limits=Window(1, 20_000))
    assert (told.again, partitions(installation)) == (1, set())


def test_a_key_made_by_hand_stays(installation):
    installation.instance.add_dynamic_partitions("studies", ["made-by-hand"])
    archive_closed(installation.instance, installation.stores, limits=Window(1, 1))
    assert partitions(installation) == {"made-by-hand"}


@pytest.mark.parametrize("value", ["0", "-3", "soon"])
def test_a_window_that_is_none_is_refused_with_the_cure(monkeypatch, value):
    monkeypatch.setenv("CARDIO_WINDOW_DAYS", value)
    settings.cache_clear()
    with pytest.raises(SettingsError, match="CARDIO_WINDOW_DAYS"):
        settings()
    settings.cache_clear()


def test_the_window_is_read_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CARDIO_WINDOW_DAYS", "30")
    monkeypatch.setenv("CARDIO_WINDOW_KEYS", "500")
    assert Window.of(Stores.of(Settings(data_dir=tmp_path))) == Window(30, 500)


def test_runs_of_archived_studies_go_with_the_proof_and_all_others_stay(installation):
    gone, kept = done(installation, 1), done(installation, 2)
    installation.definitions.resolve_job_def("maintenance").execute_in_process(instance=installation.instance)
    closed_days_ago(installation, gone, 100)
    archive_closed(installation.instance, installation.stores, limits=Window(90, 20_000))
    reports = [installation.report(s) for s in (gone, kept)]
    pruned = prune_runs(installation.instance, installation.stores, WEEKLY, days=90, now=LATER)
    assert (pruned.runs, pruned.kept) == (1, 2)  # the study still in the set, and the newest run of maintenance
    assert installation.instance.get_materialized_partitions(RELEASE) == {kept}, "what deleting a run takes away"
    assert [installation.report(s) for s in (gone, kept)] == reports
    last = installation.stores.ledger().last(Kind.ACCESS_MADE)
    assert (last.actor, decode(last).action) == ("schedule:maintenance_weekly", "prune")
    assert f"ledger whole before ({pruned.records} records, {pruned.head_hash})" in decode(last).outcome


def test_young_runs_stay(installation):
    done(installation, 1)
    archive_closed(installation.instance, installation.stores, now=LATER)
    assert prune_runs(installation.instance, installation.stores, WEEKLY, days=90).runs == 0


def test_the_runs_of_an_open_study_stay_even_without_a_partition(installation):
    study_id = done(installation, 1, bad(1))
    with connect(installation.stores.database_url).begin() as connection:
        connection.execute(sa.update(studies).values(finished_at=None))
    installation.instance.delete_dynamic_partition("studies", study_id)
    assert prune_runs(installation.instance, installation.stores, WEEKLY, days=90, now=LATER).runs == 0


def test_nothing_is_pruned_beside_a_ledger_that_is_not_whole(installation):
    done(installation, 1)
    archive_closed(installation.instance, installation.stores, now=LATER)
    with connect(installation.stores.database_url).begin() as connection:
        connection.execute(sa.text("DROP TABLE ledger_purges"))
    runs = len(installation.instance.get_runs())
    with pytest.raises(LedgerError, match="before any pruning"):
        prune_runs(installation.instance, installation.stores, WEEKLY, days=90, now=LATER)
    assert len(installation.instance.get_runs()) == runs


def test_on_disk_it_tells_what_it_frees(install):
    installation = install(on_disk=True)
    done(installation, 1)
    archive_closed(installation.instance, installation.stores, now=LATER)
    pruned = prune_runs(installation.instance, installation.stores, WEEKLY, days=90, now=LATER)
    assert pruned.freed_bytes is not None
    assert installation.instance.get_runs() == []
