import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.evidence import tasks as module
from cardio_dagster.evidence.tasks import Task, TierOptions, run_tier
from cardio_dagster.statement import TaskStatus

BOTH = pytest.mark.parametrize("parallel", [True, False], ids=["parallel", "sequential"])


def give(value, *, after_s=0.0):
    def work():
        time.sleep(after_s)
        return value

    return Task(work, "default", "nothing found")


def fail(error):
    def work():
        raise error

    return Task(work, "default", "nothing found")


@pytest.fixture
def stuck():
    """A task that ends only when the test does, so that no thread outlives it."""
    release = threading.Event()

    def work():
        release.wait()
        return "too late"

    yield Task(work, "default", "nothing found")
    release.set()
    for thread in threading.enumerate():
        if thread.name.startswith("abandoned: "):
            thread.join(5)


def test_the_defaults_are_those_of_the_seed():
    assert TierOptions() == TierOptions(True, True, 5000.0, frozenset())


@BOTH
def test_every_task_gives_its_result_in_the_order_asked(parallel):
    tasks = {"slow": give(1, after_s=0.03), "quick": give(2), "none": give(None)}
    results, run = run_tier("tier1", tasks, parallel=parallel, timeout_ms=2000)
    assert list(results.items()) == [("slow", 1), ("quick", 2), ("none", None)]
    assert [(t.name, t.status, t.note) for t in run.tasks] == [(n, TaskStatus.DONE, None) for n in tasks]
    assert (run.tier, run.parallel) == ("tier1", parallel)


@BOTH
@pytest.mark.parametrize("error", [ValueError("Jane Doe"), MemoryError("Jane Doe"), ConnectionError("Jane Doe")])
def test_a_failure_leaves_its_default_and_a_note_without_the_message(parallel, error):
    results, run = run_tier("tier1", {"bad": fail(error), "good": give(2)}, parallel=parallel, timeout_ms=2000)
    assert results == {"bad": "default", "good": 2}
    assert run.tasks[0].status is TaskStatus.FAILED
    assert run.tasks[0].note == f"nothing found (failed: {type(error).__name__})"
    assert "Jane" not in repr(run)


@BOTH
def test_all_may_fail(parallel):
    results, run = run_tier("t", {n: fail(OSError()) for n in "abc"}, parallel=parallel, timeout_ms=2000)
    assert set(results.values()) == {"default"}
    assert {t.status for t in run.tasks} == {TaskStatus.FAILED}


@BOTH
def test_a_task_without_end_costs_its_time_and_no_more(parallel, stuck):
    started = time.perf_counter()
    results, run = run_tier("t", {"stuck": stuck, "good": give(2)}, parallel=parallel, timeout_ms=150)
    assert time.perf_counter() - started < 1.5
    assert results == {"stuck": "default", "good": 2}
    assert [t.status for t in run.tasks] == [TaskStatus.TIMED_OUT, TaskStatus.DONE]
    assert run.tasks[0].note == "nothing found (timed out: not done in 150 ms)"
    assert 150 <= run.tasks[0].duration_ms < 1000


@BOTH
def test_a_result_that_came_after_its_time_does_not_count(parallel, monkeypatch):
    """The wait may return late (a library that holds the interpreter): both modes must then judge alike."""
    wait = threading.Thread.join
    monkeypatch.setattr(threading.Thread, "join", lambda thread, timeout=None: wait(thread, 5))
    results, run = run_tier("t", {"late": give(1, after_s=0.1)}, parallel=parallel, timeout_ms=50)
    assert results == {"late": "default"}
    assert run.tasks[0].status is TaskStatus.TIMED_OUT


def test_each_task_has_its_own_time_in_sequence():
    tasks = {n: give(n, after_s=0.1) for n in "abc"}
    results, _ = run_tier("t", tasks, parallel=False, timeout_ms=250)
    assert list(results.values()) == ["a", "b", "c"]


def test_side_by_side_the_tasks_run_at_the_same_time():
    """Three tasks that wait for each other end only if all have started."""
    meeting = threading.Barrier(3)
    tasks = {n: Task(lambda: meeting.wait(5) >= 0, False, "n") for n in "abc"}
    results, run = run_tier("t", tasks, parallel=True, timeout_ms=10_000)
    assert set(results.values()) == {True}
    assert run.speedup_vs_sequential > 0


def test_what_waits_gains_side_by_side_and_not_in_turn():
    tasks = {n: give(n, after_s=0.2) for n in "abc"}
    _, side_by_side = run_tier("t", tasks, parallel=True, timeout_ms=10_000)
    _, in_turn = run_tier("t", tasks, parallel=False, timeout_ms=10_000)
    assert side_by_side.speedup_vs_sequential > 1.3
    assert 0.5 < in_turn.speedup_vs_sequential <= 1.0


@BOTH
def test_the_speedup_is_the_sum_of_the_times_over_the_time(parallel):
    _, run = run_tier("t", {n: give(n, after_s=0.03) for n in "ab"}, parallel=parallel, timeout_ms=5000)
    assert run.speedup_vs_sequential == pytest.approx(sum(t.duration_ms for t in run.tasks) / run.duration_ms, abs=0.01)


@BOTH
def test_a_disabled_task_does_not_run(parallel):
    off = Task(lambda: pytest.fail("it ran"), "default", "nothing found", "switched off")
    results, run = run_tier("t", {"off": off}, parallel=parallel, timeout_ms=2000)
    assert results == {"off": "default"}
    assert run.tasks[0].status is TaskStatus.DISABLED
    assert run.tasks[0].note == "nothing found (disabled: switched off)"
    assert run.speedup_vs_sequential is None


@BOTH
def test_no_tasks_are_no_failure(parallel):
    results, run = run_tier("t", {}, parallel=parallel, timeout_ms=1)
    assert (results, run.tasks, run.speedup_vs_sequential) == ({}, (), None)


@BOTH
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes(parallel, error):
    with pytest.raises(error):
        run_tier("t", {"stop": fail(error())}, parallel=parallel, timeout_ms=2000)


@pytest.mark.parametrize("timeout_ms", [0, -1, float("nan")])
def test_a_time_out_must_be_positive(timeout_ms):
    with pytest.raises(ValueError, match="timeout_ms must be positive"):
        run_tier("t", {}, parallel=True, timeout_ms=timeout_ms)


@BOTH
def test_nothing_starts_while_too_many_have_not_ended(parallel, stuck, monkeypatch):
    monkeypatch.setattr(module, "MAX_ABANDONED", 1)
    run_tier("t", {"stuck": stuck}, parallel=parallel, timeout_ms=20)
    results, run = run_tier("t", {"next": give(1)}, parallel=parallel, timeout_ms=2000)
    assert results == {"next": "default"}
    assert run.tasks[0].note == "nothing found (failed: too many earlier tasks have not ended)"


def test_the_door_opens_again_when_they_end(monkeypatch):
    monkeypatch.setattr(module, "MAX_ABANDONED", 1)
    run_tier("t", {"slow": give(1, after_s=0.1)}, parallel=True, timeout_ms=20)
    time.sleep(0.3)
    assert run_tier("t", {"next": give(1)}, parallel=True, timeout_ms=2000)[0] == {"next": 1}


def test_a_task_without_end_does_not_hold_up_the_end_of_the_process():
    code = (
        "import threading\n"
        "from cardio_dagster.evidence.tasks import Task, run_tier\n"
        "stuck = Task(threading.Event().wait, 0, 'n')\n"
        "print(run_tier('t', {'s': stuck}, parallel=True, timeout_ms=50)[1].tasks[0].status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert (done.stdout, done.stderr) == ("timed out\n", "")


@settings(deadline=None, max_examples=15)
@given(st.lists(st.sampled_from(["done", "failed", "off"]), max_size=5))
def test_both_modes_give_the_same_but_for_the_times(kinds):
    makers = {
        "done": give(1),
        "failed": fail(KeyError("x")),
        "off": Task(int, "default", "nothing found", "switched off"),
    }
    tasks = {f"{i}": makers[kind] for i, kind in enumerate(kinds)}
    (a, run_a), (b, run_b) = (run_tier("t", tasks, parallel=p, timeout_ms=5000) for p in (True, False))
    assert a == b
    assert [(t.name, t.status, t.note) for t in run_a.tasks] == [(t.name, t.status, t.note) for t in run_b.tasks]
