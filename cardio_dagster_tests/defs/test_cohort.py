"""The asset: tables on SQLite and PostgreSQL from real small studies, the numbers those of report.json."""

import json
import shutil
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
import sqlalchemy as sa

from cardio_dagster.defs.cohort import cohort, cohort_schedule
from cardio_dagster.orchestration.cohort import COHORT_FILES, make_cohort
from cardio_dagster.outcome import State
from cardio_dagster.reporting.cohort import columns
from cardio_dagster.stores.cohort import CohortStore
from cardio_dagster.stores.database import connect, reading
from cardio_dagster.stores.results import ReleaseRow
from cardio_dagster_tests.defs.installation import bad, clinical


@pytest.fixture(params=["sqlite", "postgres"])
def site(request, install):
    chosen = {"database_url": request.getfixturevalue("postgres_url")} if request.param == "postgres" else {}
    made = install("site", **chosen)
    ids = [made.intake(w, f"d{n}") for n, w in enumerate((clinical(50), clinical(61, sex="M"), bad(1)))]
    made.run_bulk(*ids)
    return made, ids


def folder(made):
    return Path(made.stores.store_dir) / "cohort"


def sql_rows(made):
    with reading(connect(made.stores.database_url)) as connection:
        return pd.read_sql(sa.text("select * from cohort order by study_id"), connection)


def test_the_asset_writes_every_form_with_the_numbers_of_the_reports(site):
    made, ids = site
    result = dg.materialize([cohort], resources={"stores": made.stores}, instance=made.instance)
    assert result.success
    assert all((folder(made) / name).is_file() for name in COHORT_FILES)
    parquet = pd.read_parquet(folder(made) / "cohort.parquet").set_index("study_id")
    sql = sql_rows(made).set_index("study_id")
    assert sorted(parquet.index) == sorted(sql.index) == sorted(ids)
    assert list(sql.reset_index().columns) == [c.column for c in columns()]
    for study_id in ids:
        report = made.report(study_id)
        status = made.releases(study_id)[-1].status
        told = {m["name"]: m["value"] for m in report["measurements"]} if status == "released" else {}
        for name in ("age_years", "sbp_mmhg", "clinical_heart_rate_bpm"):
            value = told.get(name.removeprefix("clinical_"))
            for table in (parquet, sql):
                assert table.loc[study_id, name] == value or (value is None and pd.isna(table.loc[study_id, name]))
        assert parquet.loc[study_id, "release_status"] == status
    assert set(parquet.release_status) >= {"error"}
    (event,) = result.asset_materializations_for_node("cohort")
    assert event.metadata["dagster/row_count"].value == 3
    assert event.tags["dagster/data_version"] == event.metadata["sha256"].value
    (check,) = result.get_asset_check_evaluations()
    assert check.passed, check.metadata


def test_made_twice_it_is_the_same_and_a_changed_table_is_replaced(site):
    made, _ = site
    first = make_cohort(made.stores)
    files = {name: (folder(made) / name).read_bytes() for name in COHORT_FILES}
    with connect(made.stores.database_url).begin() as connection:
        connection.execute(sa.text("alter table cohort add column of_old_times integer"))
    again = make_cohort(made.stores)
    assert again.tables == first.tables
    assert {name: (folder(made) / name).read_bytes() for name in COHORT_FILES} == files
    assert list(sql_rows(made).columns) == [c.column for c in columns()]
    assert {p.name for p in folder(made).iterdir()} == set(COHORT_FILES)


def test_readers_see_the_old_table_until_the_new_one_is_whole(site):
    made, ids = site
    make_cohort(made.stores)

    def half():
        yield [{c.column: None for c in columns()} | {"study_id": "s-new"}]
        assert len(sql_rows(made)) == len(ids)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        CohortStore(connect(made.stores.database_url)).replace([(c.column, c.type.value) for c in columns()], half())
    assert sorted(sql_rows(made).study_id) == sorted(ids)


def test_the_newest_released_revision_counts_and_a_later_one_is_told(install):
    made = install("site")
    for revision, status in ((1, "released"), (2, "released"), (3, "held")):
        row = ReleaseRow("s-0f", revision, status, State.COMPLETE, "ECG_ONLY", None, (), None, None, "2026-01-01")
        with connect(made.stores.database_url).begin() as connection:
            made.stores.results().release(row, connection=connection)
    (row,) = (r for r in CohortStore(connect(made.stores.database_url)).decided() if r["study_id"] == "s-0f")
    assert (row["revision"], row["newest_revision"], row["status"]) == (2, 3, "released")


def test_a_lost_report_is_a_fault_and_not_a_made_up_row(install):
    made = install("site")
    study_id = made.intake(clinical(50))
    made.run(study_id)
    shutil.rmtree(Path(made.stores.store_dir) / "reports" / study_id)
    result = dg.materialize([cohort], resources={"stores": made.stores}, instance=made.instance)
    (check,) = result.get_asset_check_evaluations()
    assert result.success
    assert not check.passed
    assert "could not be read" in json.dumps(check.metadata["faults"].value)
    table = pd.read_parquet(folder(made) / "cohort.parquet")
    assert (list(table.is_measured), table.age_years.isna().all()) == ([False], True)


def test_the_schedule_runs_the_job_once_a_day():
    assert (cohort_schedule.job_name, cohort_schedule.cron_schedule) == ("cohort_job", "15 3 * * *")
