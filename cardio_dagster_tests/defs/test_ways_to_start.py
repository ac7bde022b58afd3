"""The four ways to start work, each with the real daemon and asked for through GraphQL as the UI does it.

By hand one study (Materialize), by hand many (a backfill), automatically one (the sensor), automatically many (the schedule).
"""

import json
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from cardio_dagster.audit_record import Kind
from cardio_dagster.demo.studies import drop
from cardio_dagster.orchestration.events import STAGES
from cardio_dagster.orchestration.intake import scan_landing
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.serve.connections import environment
from cardio_dagster.serve.service_process import ServiceProcess
from cardio_dagster.serve.services import prepare, services
from cardio_dagster.serve.site import Site, free_port
from cardio_dagster.settings import Settings
from cardio_dagster.stores.basis import bases
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import decode
from cardio_dagster_tests.defs.installation import clinical

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PATIENCE_S = 400.0
HERE = {"repositoryName": "__repository__", "repositoryLocationName": "cardio_dagster"}
ASSETS = [{"path": [stage]} for stage in STAGES]

ALL_OF_THEM = """
query($here: RepositorySelector!) {
  sensorsOrError(repositorySelector: $here) { ... on Sensors { results { name sensorState { id } } } }
  schedulesOrError(repositorySelector: $here) { ... on Schedules { results { name scheduleState { id } } } }
}"""
STOP_SENSOR = "mutation($id: String!) { stopSensor(id: $id) { __typename } }"
STOP_SCHEDULE = "mutation($id: String!) { stopRunningSchedule(id: $id) { __typename } }"
START_SENSOR = "mutation($which: SensorSelector!) { startSensor(sensorSelector: $which) { __typename } }"
START_SCHEDULE = "mutation($which: ScheduleSelector!) { startSchedule(scheduleSelector: $which) { __typename } }"
ADD_PARTITION = """
mutation($here: RepositorySelector!, $key: String!) {
  addDynamicPartition(repositorySelector: $here, partitionsDefName: "studies", partitionKey: $key) { __typename }
}"""
LAUNCH = """
mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""
LAUNCH_BACKFILL = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}"""
RUNS = """
query($filter: RunsFilter) {
  runsOrError(filter: $filter, limit: 50) { ... on Runs { results { runId jobName status tags { key value } } } }
}"""
BACKFILL = """
query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Start code server and UI, switch every sensor and schedule off in the UI, and start the daemon then."""
    site = Site(tmp_path_factory.mktemp("ways") / "data", free_port(0), None, free_port(0))
    prepare(site)
    chosen = {"CARDIO_QUIET_WINDOW_S": "0", "CARDIO_BACKFILL_CRON": "* * * * *", "CARDIO_THREADS": "1"}
    found = {s.name: ServiceProcess(s, site.run_dir, environment(site) | chosen) for s in services(site)}
    try:
        for name in ("tables", "instance"):
            assert found.pop(name).run_once(PATIENCE_S) is None
        for name in ("code", "ui"):
            found[name].start()
            wait_for(lambda one=found[name]: one.service.probe.fault() is None, f"{name} answers")
        switch_all_off(site)
        found["daemon"].start()
        yield site
    finally:
        for one in found.values():
            one.stop()


def switch_all_off(site):
    found = ask(site, ALL_OF_THEM, here=HERE)
    for sensor in found["sensorsOrError"]["results"]:
        ask(site, STOP_SENSOR, id=sensor["sensorState"]["id"])
    for schedule in found["schedulesOrError"]["results"]:
        ask(site, STOP_SCHEDULE, id=schedule["scheduleState"]["id"])


@pytest.fixture(scope="module")
def stores(site):
    stores = Stores.of(Settings(data_dir=site.data_dir, quiet_window_s=0.0))
    create_tables(connect(stores.database_url))
    return stores


def ask(site, query, **variables):
    """Return what the UI's own API answers; fails for an error."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{site.ui_url}/graphql", body, {"Content-Type": "application/json"})
    with closing(urllib.request.urlopen(request, timeout=120)) as answer:
        told = json.loads(answer.read())
    assert "errors" not in told, told["errors"]
    for part in told["data"].values():
        assert "Error" not in part.get("__typename", ""), part
    return told["data"]


def wait_for(condition, what, patience_s=PATIENCE_S):
    deadline_s = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < deadline_s, f"not within {patience_s} s: {what}"
        time.sleep(0.25)
    return found


def registered(site, stores, *ages):
    """Drop studies and register them with the sensor switched off; return their ids, which are partitions then."""
    for age in ages:
        drop(clinical(age), Path(stores.landing_dir), f"study-{age}")
    found = [taken.study_id for taken in scan_landing(stores, None).accepted]
    assert len(found) == len(ages)
    for key in found:
        ask(site, ADD_PARTITION, here=HERE, key=key)
    return found


def runs(site, **tags):
    wanted = [{"key": key, "value": value} for key, value in tags.items()]
    found = ask(site, RUNS, filter={"tags": wanted})["runsOrError"]["results"]
    return [{**run, "tags": {t["key"]: t["value"] for t in run["tags"]}} for run in found]


def ended(site, **tags):
    """Return the runs with these tags once all of them have ended, which must be well."""
    found = runs(site, **tags)
    assert not [run for run in found if run["status"] in ("FAILURE", "CANCELED")], found
    return found if found and all(run["status"] == "SUCCESS" for run in found) else None


def releases(stores, study_id):
    """Return revision and status; metadata alone are held, because no recording stands beside them."""
    return [(row.revision, row.status) for row in stores.results().released(study_id)]


def test_by_hand_one_study(site, stores):
    (one,) = registered(site, stores, 51)
    tags = [{"key": "dagster/partition", "value": one}, {"key": "by", "value": "hand"}]
    selector = {**HERE, "pipelineName": "__ASSET_JOB", "assetSelection": ASSETS}
    params = {"mode": "default", "runConfigData": "{}", "selector": selector, "executionMetadata": {"tags": tags}}
    launched = ask(site, LAUNCH, params=params)["launchRun"]["run"]["runId"]
    (run,) = wait_for(lambda: ended(site, by="hand"), "the run that was asked for")
    assert run["runId"] == launched
    assert releases(stores, one) == [(1, "held")]
    assert len(runs(site)) == 1, "the daemon started nothing of its own"


def test_by_hand_many(site, stores):
    many = registered(site, stores, 52, 53, 54)
    params = {"assetSelection": ASSETS, "partitionNames": many, "title": "by hand"}
    backfill_id = ask(site, LAUNCH_BACKFILL, params=params)["launchPartitionBackfill"]["backfillId"]
    status = lambda: ask(site, BACKFILL, id=backfill_id)["partitionBackfillOrError"]["status"]  # noqa: E731
    wait_for(lambda: status() in ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED"), "the end of the backfill")
    assert status() == "COMPLETED_SUCCESS"
    found = ended(site, **{"dagster/backfill": backfill_id})
    assert sorted(run["tags"]["dagster/partition"] for run in found) == sorted(many)
    assert [releases(stores, study_id) for study_id in many] == [[(1, "held")]] * 3


def test_automatically_one(site, stores):
    known = {run["runId"] for run in runs(site)}
    ask(site, START_SENSOR, which={**HERE, "sensorName": "new_study_sensor"})
    drop(clinical(55), Path(stores.landing_dir), "study-55")
    sensed = {"dagster/sensor_name": "new_study_sensor"}
    (run,) = wait_for(lambda: ended(site, **sensed), "the run that the sensor asked for")
    assert run["jobName"] == "study"
    assert run["tags"]["dagster-celery/queue"] == "routine"
    assert releases(stores, run["tags"]["dagster/partition"]) == [(1, "held")]
    assert {r["runId"] for r in runs(site)} == known | {run["runId"]}


def test_automatically_many(site, stores):
    before = reports(stores)
    made_with_older_code(stores)
    assert told(stores) == []
    ask(site, START_SCHEDULE, which={**HERE, "scheduleName": "backfill_nightly"})
    wait_for(lambda: len(told(stores)) == len(before), "every study made anew")
    (first, *_) = wait_for(lambda: ended(site, **{"dagster/schedule_name": "backfill_nightly"}), "the end of its run")
    assert first["jobName"] == "backfill_studies"
    assert first["tags"]["dagster-celery/queue"] == "backfill"
    assert told(stores) == ["same bytes"] * len(before)
    assert reports(stores) == before, "a report that stands is not touched"


def reports(stores):
    """Return the released pages by study."""
    folder = Path(stores.store_dir) / "reports"
    return {path.parents[1].name: path.read_bytes() for path in sorted(folder.glob("*/r1/report.html"))}


def told(stores):
    records = stores.ledger().records(kinds=(Kind.ACCESS_MADE,))
    contents = [decode(record) for record in records]
    return [content.outcome.split(";")[0] for content in contents if content.action == "backfill"]


def made_with_older_code(stores):
    """Let every standing report have been made with an older version of FORMATTING than the installation has now."""
    from cardio_dagster.orchestration.staleness import Chosen, find_stale

    assert find_stale(stores, Chosen()) == ()  # reads the ledger
    with connect(stores.database_url).begin() as connection:
        for basis, parts in connection.execute(sa.select(bases)).all():
            older = json.dumps({**json.loads(parts), "stage/report": "0"})
            connection.execute(sa.update(bases).where(bases.c.basis == basis).values(parts=older))
