"""The asset on an installation: files, checks, notice, ledger. The measuring is canned, the rest is real."""

import json

import dagster as dg
import pytest

from cardio_dagster.audit_record import Kind
from cardio_dagster.definitions import build_definitions
from cardio_dagster.orchestration import evaluation as orchestration
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.notices import NoticeStore
from cardio_dagster_tests.defs.installation import installed
from cardio_dagster_tests.evaluation.made import errors, patients, run

GOOD, BAD = run(patients(errors())), run(patients(errors() * 1.5))


@pytest.fixture
def site(tmp_path):
    with installed(tmp_path / "site") as made:
        yield made


def _run(site, monkeypatch, canned):
    monkeypatch.setattr(orchestration, "measure", lambda *_, **__: canned)
    job = build_definitions(site.settings).resolve_job_def("evaluation_job")
    result = job.execute_in_process(instance=site.instance)
    checks = {
        e.event_specific_data.check_name: e.event_specific_data.passed
        for e in result.all_events
        if e.event_type_value == "ASSET_CHECK_EVALUATION"
    }
    (made,) = result.asset_materializations_for_node("evaluation")
    return checks, made.metadata


def test_three_nights(site, monkeypatch):
    folder = site.settings.store_dir / "evaluation"
    checks, metadata = _run(site, monkeypatch, GOOD)
    assert checks == {"not_worse": True, "no_drift": True, "promoted": True}
    assert metadata["camus_lvef_mae_pct"].value == pytest.approx(3.1, abs=0.6)
    assert {p.name for p in folder.iterdir()} >= {
        "evaluation.html",
        "evaluation.json",
        "history.parquet",
        "standing-nightly.json",
    }
    standing = (folder / "standing-nightly.json").read_bytes()

    for _ in range(2):  # the same night again: no second notice, no second record
        checks, metadata = _run(site, monkeypatch, BAD)
        assert checks == {"not_worse": False, "no_drift": True, "promoted": True}
    assert (folder / "standing-nightly.json").read_bytes() == standing
    (notice,) = NoticeStore(connect(site.stores.database_url)).open()
    assert (notice.causes[0].code, notice.audience.value, notice.impact.value) == (
        "EVALUATION_WORSE",
        "technical",
        "high",
    )
    good, bad = (json.loads(r.content) for r in site.stores.ledger().records(kinds=[Kind.EVALUATION_MADE]))
    assert (good["is_standing"], good["worse"], bad["is_standing"]) == (True, [], False)
    assert any(text.startswith("camus_lvef_mae_pct ") and " -> " in text for text in bad["worse"])
    assert dict(good["figures"])["camus_lvef_mae_pct"] == pytest.approx(3.1, abs=0.6)
    assert not list(site.stores.ledger().records(kinds=[Kind.ERROR_MET, Kind.ACCESS_MADE]))
    assert len(list(site.stores.ledger().records(kinds=[Kind.NOTICE_RAISED]))) == 1
    assert json.loads((folder / "evaluation.json").read_text())["standing_since"]


def test_other_models_without_promotion_fail_the_check(site, monkeypatch):
    _run(site, monkeypatch, GOOD)
    checks, _ = _run(site, monkeypatch, run(GOOD.observed, models=(("echo_segmentation", "3", "b" * 64),)))
    assert checks["promoted"] is False


def test_the_schedule_is_nightly_and_in_its_own_queue(site):
    found = build_definitions(site.settings)
    schedule = found.resolve_schedule_def("evaluation_nightly")
    assert schedule.cron_schedule == "10 2 * * *"
    assert found.resolve_job_def("evaluation_job").tags["dagster-celery/queue"] == "evaluation"


def test_an_unknown_size_is_refused(site, monkeypatch):
    job = build_definitions(site.settings).resolve_job_def("evaluation_job")
    config = {"ops": {"evaluation": {"config": {"size": "huge"}}}}
    with pytest.raises(dg.Failure, match="use nightly, full, quick"):
        job.execute_in_process(instance=site.instance, run_config=config)
