import threading

import pytest

from cardio_dagster.evidence.tasks import TierOptions
from cardio_dagster.reporting.appraisal import tier2
from cardio_dagster.reporting.appraisal.tier2 import appraise
from cardio_dagster.statement import Quality, TaskStatus
from cardio_dagster_tests.pipeline.studies import recording, study
from cardio_dagster_tests.reporting.appraisal.samples import CONTEXT, CORPUS, ECG, ECHO, PASSED, STATEMENTS

MODES = pytest.mark.parametrize("parallel", [True, False], ids=["parallel", "sequential"])


def run(tmp_path, *, statements=STATEMENTS, folders=None, **options):
    chosen = {"parallel_timeout_ms": 10_000, **options}
    return appraise(
        study(recording(1)),
        (ECG, ECHO),
        statements,
        CONTEXT,
        (PASSED,),
        corpus=CORPUS,
        verification=None,
        cpu_s=1.5,
        folders=[tmp_path] if folders is None else folders,
        options=TierOptions(**chosen),
    )


@MODES
def test_the_three_tasks_fill_the_appraisal(tmp_path, parallel):
    (tmp_path / "x").write_bytes(b"123")
    done = run(tmp_path, enable_parallel_tier2=parallel)
    assert done.quality.score_pct is not None
    assert [r.number for r in done.references] == [1, 2, 3]
    assert done.faults == ()
    assert (done.cost.cpu_s, done.cost.bytes_in, done.cost.bytes_stored) == (1.5, 4, 3)
    assert done.notes == ()
    assert (done.run.tier, done.run.parallel) == ("tier2", parallel)
    assert done.run.speedup_vs_sequential is not None


def test_both_modes_find_the_same(tmp_path):
    one, other = (run(tmp_path, enable_parallel_tier2=mode) for mode in (True, False))
    assert (one.quality, one.references, one.faults, one.cost) == (
        other.quality,
        other.references,
        other.faults,
        other.cost,
    )


@MODES
def test_a_failed_task_leaves_the_rest(tmp_path, parallel):
    done = run(tmp_path, folders=[tmp_path / "gone"], enable_parallel_tier2=parallel)
    assert done.cost is None
    assert done.references
    assert done.notes == ("The cost was not counted (failed: FileNotFoundError)",)


@MODES
def test_a_check_that_did_not_end_is_no_pass(tmp_path, parallel, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(tier2, "citation_faults", lambda *_: release.wait())
    done = run(tmp_path, enable_parallel_tier2=parallel, parallel_timeout_ms=400)
    release.set()
    assert done.faults is None
    assert done.references == ()
    assert {t.name: t.status for t in done.run.tasks}["citations"] is TaskStatus.TIMED_OUT
    assert done.notes == ("The citations were not checked and are not listed (timed out: not done in 400 ms)",)


def test_tasks_can_be_switched_off_by_name(tmp_path):
    done = run(tmp_path, disabled=frozenset({"quality", "cost"}))
    assert done.quality == Quality(None)
    assert done.cost is None
    assert len(done.notes) == 2
