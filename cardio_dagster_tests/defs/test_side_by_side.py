"""Two study runs and a bulk run at once, each in a process of its own, on one SQLite installation."""

import multiprocessing
from pathlib import Path

import dagster as dg
import pytest

from cardio_dagster.definitions import build_definitions
from cardio_dagster.settings import Settings
from cardio_dagster_tests.defs.installation import bulk_config, clinical


def run_job(data_dir: str, ref, study_ids: list[str], job_name: str) -> None:
    """Run one job of an installation; exits with 1 if it fails."""
    job = build_definitions(Settings(data_dir=Path(data_dir), threads=1)).resolve_job_def(job_name)
    with dg.DagsterInstance.from_ref(ref) as instance:
        if job_name == "study":
            results = [job.execute_in_process(instance=instance, partition_key=s) for s in study_ids]
        else:
            results = [job.execute_in_process(instance=instance, run_config=bulk_config(study_ids))]
    if not all(r.success for r in results):
        raise SystemExit(1)


@pytest.mark.slow
def test_three_writers_lose_nothing_and_double_nothing(install):
    installation = install(on_disk=True)
    ids = [installation.intake(clinical(30 + n), f"s{n}") for n in range(5)]
    shares = [("study", ids[:1]), ("study", ids[1:2]), ("bulk", ids[2:])]
    context = multiprocessing.get_context("spawn")
    ref, data_dir = installation.instance.get_ref(), str(installation.settings.data_dir)
    runs = [context.Process(target=run_job, args=(data_dir, ref, share, job)) for job, share in shares]
    for run in runs:
        run.start()
    for run in runs:
        run.join(120)
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert [len(installation.releases(s)) for s in ids] == [1] * 5
    assert installation.stores.registry().pending() == ()
    for stage in ("receipt", "release"):
        assert installation.instance.get_materialized_partitions(dg.AssetKey(stage)) == set(ids)
