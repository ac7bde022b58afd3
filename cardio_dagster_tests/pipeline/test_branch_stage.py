"""A branch: verbs on every recording, failures as data, retries by class, checkpoints by key."""

from dataclasses import replace

import pytest

from cardio_dagster.errors import ModelHashError, ModelLoadError
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.modalities.branch import Options
from cardio_dagster.outcome import State, Status, Step
from cardio_dagster.pipeline.branch_stage import run_branch
from cardio_dagster.pipeline.branch_task import BranchTask, Workplace
from cardio_dagster.pipeline.retry import RetryError
from cardio_dagster.stores.checkpoints import MemoryCheckpoints, ParquetCheckpoints
from cardio_dagster_tests.pipeline.studies import Beep, beep_branch, recording, study, write_inputs


@pytest.fixture
def place(tmp_path):
    (tmp_path / "in").mkdir()
    write_inputs(tmp_path / "in", "1 2 3", "4 5 6")
    return Workplace(tmp_path / "in", MemoryCheckpoints(), Options(batch_size=8, threads=1))


@pytest.fixture
def use(monkeypatch):
    def put(**verbs):
        monkeypatch.setitem(BRANCHES, "beep", beep_branch(**verbs))

    put()
    return put


def task(state=State.VALIDATION, *recordings):
    return BranchTask(study(*(recordings or (recording(1), recording(2)))), state, "beep")


@pytest.mark.usefixtures("use")
def test_every_recording_passes_the_verb(place):
    result = run_branch(task(), place)
    assert result.head.outcome.status is Status.OK
    assert {rid: beep.samples.tolist() for rid, beep in result.data.items()} == {"r01": [1, 2, 3], "r02": [4, 5, 6]}
    assert result.head.outcome.duration_ms > 0
    assert result.head.outcome.peak_memory_mb > 1


@pytest.mark.usefixtures("use")
def test_one_bad_recording_degrades_and_is_named(place):
    (place.input_dir / "f2").write_text(" ")
    result = run_branch(task(), place)
    assert result.head.outcome.status is Status.DEGRADED
    assert list(result.data) == ["r01"]
    (met,) = result.head.outcome.problems
    assert (met.code, met.modality, met.recording_id) == ("E_CORRUPT_001", "beep", "r02")


def test_defect_becomes_a_coded_problem_without_its_text(place, use):
    def broken(path, options):
        raise KeyError("Doe, John")

    use(validate=broken)
    result = run_branch(task(), place)
    assert result.head.outcome.status is Status.FAILED
    assert {p.code for p in result.head.outcome.problems} == {"E_INTERNAL_001"}
    assert "KeyError at test_branch_stage.py" in str(result.head.outcome.problems[0].seen)
    assert "Doe" not in str(result.head.outcome)


def test_out_of_memory_is_tried_again_with_half_the_batch_then_given_up(place, use):
    batches = []

    def hungry(path, options):
        batches.append(options.batch_size)
        raise MemoryError

    use(validate=hungry)
    with pytest.raises(RetryError):
        run_branch(task(State.VALIDATION, recording(1)), place, attempt=1)
    result = run_branch(task(State.VALIDATION, recording(1)), place, attempt=2)
    assert batches == [8, 4]
    assert [p.code for p in result.head.outcome.problems] == ["E_HARD_002"]


@pytest.mark.parametrize(
    ("error", "code", "attempts"),
    [
        (ModelHashError("x"), "E_HARD_003", 1),
        (ModelLoadError("x"), "E_MODEL_001", 2),
        (TimeoutError(), "E_TIMEOUT_VALIDATION", 3),
        (ConnectionError(), "E_TRANSIENT_EXHAUSTED", 3),
    ],
)
def test_each_class_has_its_attempts_and_its_code(place, use, error, code, attempts):
    def failing(path, options):
        raise error

    use(validate=failing)
    for attempt in range(1, attempts):
        with pytest.raises(RetryError):
            run_branch(task(), place, attempt=attempt)
    result = run_branch(task(), place, attempt=attempts)
    assert {p.code for p in result.head.outcome.problems} == {code}
    assert result.head.retries == attempts - 1


def test_same_key_is_not_worked_on_again(tmp_path, place, use):
    calls = []

    def counted(path, options):
        calls.append(path)
        return Step(Beep(__import__("numpy").ones(3), "x"))

    use(validate=counted)
    place = replace(place, checkpoints=ParquetCheckpoints(str(tmp_path / "checkpoints")))
    place.checkpoints.save(run_branch(task(), place))
    again = run_branch(task(), place)
    assert again.head.outcome.reused
    assert len(calls) == 2
    changed = task(State.VALIDATION, recording(1), recording(2, content="b"))
    assert not run_branch(changed, place).head.outcome.reused


def test_what_the_machine_spoilt_is_worked_on_again(place, use):
    use(validate=lambda path, options: (_ for _ in ()).throw(ModelHashError("x")))
    place.checkpoints.save(run_branch(task(), place))
    use()
    again = run_branch(task(), place)
    assert not again.head.outcome.reused
    assert again.head.outcome.status is Status.OK
