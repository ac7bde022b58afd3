"""The bulk door: it tells Dagster, the stores and the reader the same as the study job."""

import os
import signal
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from cardio_dagster.demo import studies
from cardio_dagster.orchestration import pool, resources
from cardio_dagster.orchestration.events import STAGES
from cardio_dagster.pipeline.worker import work
from cardio_dagster.stores.database import connect
from cardio_dagster_tests.defs.installation import bad, clinical, events

TABLES = ("measurements", "findings", "scores", "verdicts", "problems")
TIMES = {
    "parallel_tier1",
    "parallel_tier2",
    "cpu_s",
    "bytes_stored",
    "duration_ms",
    "peak_memory_mb",
    "total_duration_ms",
    "generated_at",
    "received_at",
    "study_received_at",
}


def materializations(result):
    return [e.materialization for e in events(result, "ASSET_MATERIALIZATION")]


def versions(result):
    return {
        m.asset_key.to_user_string(): (
            m.tags["dagster/data_version"],
            m.tags["dagster/code_version"],
            {k: v for k, v in m.tags.items() if k.startswith("dagster/input_data_version/")},
        )
        for m in materializations(result)
    }


def metadata(result):
    return {
        m.asset_key.to_user_string(): {
            k: str(v.value)
            for k, v in m.metadata.items()
            if k not in TIMES | {"outcomes", "checkpoint", "report", "rows", "path"}
        }
        for m in materializations(result)
    }


def stale(installation, study_id):
    """Return the stages that the UI would mark as stale for this study."""
    graph = installation.definitions.get_repository_def().asset_graph
    resolver = CachingStaleStatusResolver(installation.instance, graph, LoadingContextForTest(installation.instance))
    return {s for s in STAGES if resolver.get_status(dg.AssetKey(s), study_id) is not StaleStatus.FRESH}


def checks(result):
    found = events(result, "ASSET_CHECK_EVALUATION")
    return {(c.asset_key.to_user_string(), c.check_name, c.partition, c.passed, c.severity.value) for c in found}


def rows(installation):
    with connect(installation.stores.database_url).connect() as connection:
        return {t: connection.execute(sa.text(f"select * from {t} order by study_id, position")).all() for t in TABLES}


def without_times(value):
    if isinstance(value, dict) and "RECEIPT" in value:
        return list(value)  # the times of the stages
    if isinstance(value, dict):
        return {
            k: without_times(v) for k, v in value.items() if k not in TIMES and not k.endswith(("_ms", "_mb", "_at"))
        }
    return [without_times(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("write", [studies.fibrillation, studies.nothing_valid], ids=["good", "bad"])
def test_both_doors_tell_the_same(install, write):
    one, two = install("one"), install("two")
    study_id = one.intake(write)
    assert two.intake(write) == study_id
    alone, many = one.run(study_id), two.run_bulk(study_id)
    assert set(versions(alone)) == set(STAGES)
    assert versions(alone) == versions(many)
    assert metadata(alone) == metadata(many)
    assert checks(alone) == checks(many)
    assert stale(one, study_id) == stale(two, study_id) == set()
    assert {m.partition for m in materializations(many)} == {study_id}
    assert rows(one) == rows(two)
    timeless = [without_times(site.report(study_id)) for site in (one, two)]
    assert timeless[0] == timeless[1]
    for column in ("status", "state", "coverage", "code", "reasons"):
        assert getattr(one.releases(study_id)[0], column) == getattr(two.releases(study_id)[0], column)


@pytest.mark.slow
def test_twelve_mixed_studies(installation):
    good = [installation.intake(clinical(40 + n), f"good-{n}") for n in range(9)]
    wrong = [installation.intake(bad(n), f"bad-{n}") for n in range(3)]
    result = installation.run_bulk(*good[:5], *wrong, *good[5:])
    assert result.success, "a study's failure is data"
    assert {s: installation.row(s).final_state for s in (*good, *wrong)} == {
        **dict.fromkeys(good, "COMPLETE"),
        **dict.fromkeys(wrong, "ERROR"),
    }
    assert all(len(installation.releases(s)) == 1 for s in (*good, *wrong))
    for stage in STAGES:
        shown = installation.instance.get_materialized_partitions(dg.AssetKey(stage))
        assert shown == {*good, *wrong}
    (named,) = [
        e.user_message
        for e in installation.instance.all_logs(result.run_id)
        if "studies ended in ERROR" in e.user_message
    ]
    assert named == f"3 studies ended in ERROR: {', '.join(sorted(wrong))}"


def dies_on(order):
    """Kill the worker that meets the study of a 77-year-old; run in the worker process."""
    if "77" in (Path(order.input_dir) / "metadata.json").read_text():
        os.kill(os.getpid(), signal.SIGKILL)
    return work(order)


def raises_on(order):
    """Meet a defect in the study of a 77-year-old."""
    if "77" in (Path(order.input_dir) / "metadata.json").read_text():
        raise KeyError("DOE_JANE_19610203")
    return work(order)


@pytest.mark.slow
@pytest.mark.parametrize(("worker", "why"), [(dies_on, "its worker died"), (raises_on, "internal: KeyError at")])
def test_a_study_that_kills_or_breaks_its_worker_is_given_back_alone(installation, monkeypatch, worker, why):
    monkeypatch.setattr(pool, "work", worker)
    fine = [installation.intake(clinical(40 + n), f"fine-{n}") for n in range(4)]
    deadly = installation.intake(clinical(77), "deadly")
    result = installation.run_bulk(*fine[:2], deadly, *fine[2:])
    assert result.success
    assert [installation.row(s).final_state for s in fine] == ["COMPLETE"] * 4
    assert installation.row(deadly).finished_at is None
    assert installation.releases(deadly) == []
    said = "\n".join(str(e) for e in installation.instance.all_logs(result.run_id))
    assert f"{deadly} is given back undone: {why}" in said
    assert "DOE_JANE" not in said


def test_a_study_that_cannot_be_recorded_is_given_back_alone(installation, monkeypatch):
    fine, unlucky = installation.intake(clinical(40), "fine"), installation.intake(clinical(41), "unlucky")
    intact = resources.study_results

    def broken(dossier):
        if dossier.study.study_id == unlucky:
            raise OSError("DOE_JANE_19610203")
        return intact(dossier)

    monkeypatch.setattr(resources, "study_results", broken)
    result = installation.run_bulk(unlucky, fine)
    assert result.success
    assert (installation.row(fine).final_state, installation.row(unlucky).final_state) == ("COMPLETE", None)
    assert "DOE_JANE" not in "\n".join(str(e) for e in installation.instance.all_logs(result.run_id))
