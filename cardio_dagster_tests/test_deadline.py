"""Deadlines: work that takes too long is left behind, whatever it is doing, and a process still ends."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from cardio_dagster import deadline
from cardio_dagster.deadline import Deadline, check, in_threads, within
from cardio_dagster.errors import StageTimeoutError, StudyError, StudyTimeoutError
from cardio_dagster.models import catalogue


def test_what_is_quick_enough_returns_and_raises_as_without_a_deadline():
    assert within(Deadline(5), lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(Deadline(5), lambda: 1 / 0)
    with pytest.raises(SystemExit):
        within(Deadline(5), lambda: sys.exit(3))


@pytest.mark.parametrize(("of_study", "error"), [(False, StageTimeoutError), (True, StudyTimeoutError)])
def test_a_call_that_hangs_is_left_behind_in_time(of_study, error):
    released = threading.Event()
    began = time.monotonic()
    with pytest.raises(error) as caught:
        within(Deadline(0.05, of_study=of_study), released.wait)
    assert time.monotonic() - began < 2
    assert type(caught.value) is error
    released.set()


def test_a_deadline_that_has_passed_begins_nothing():
    called = []
    with pytest.raises(StageTimeoutError):
        within(Deadline(-1), lambda: called.append(1))
    assert called == []


def test_what_is_left_behind_ends_at_its_next_check():
    ended = threading.Event()

    def work():
        try:
            while True:
                check()
                time.sleep(0.005)
        finally:
            ended.set()

    with pytest.raises(StageTimeoutError):
        within(Deadline(0.05), work)
    assert ended.wait(2)


def test_check_costs_nothing_worth_counting_and_knows_no_deadline_outside():
    check()
    assert deadline.current() is None
    began = time.perf_counter()
    within(Deadline(60), lambda: [check() for _ in range(10_000)])
    assert time.perf_counter() - began < 0.5


def test_a_time_out_that_a_reader_took_for_a_damaged_file_is_still_a_time_out():
    def reader():
        deadline.current().end()  # as if it passed here
        try:
            check()
        except OSError as error:
            raise StudyError("E_CORRUPT_001", "cut") from error

    with pytest.raises(StageTimeoutError):
        within(Deadline(60), reader)


def test_lack_of_memory_is_never_taken_for_a_time_out():
    def hungry():
        time.sleep(0.03)
        raise MemoryError

    with pytest.raises((MemoryError, StageTimeoutError)):
        within(Deadline(0.02), hungry)
    with pytest.raises(MemoryError):
        within(Deadline(5), hungry)


def test_threads_keep_order_errors_and_the_deadline():
    def slow_square(n):
        time.sleep(0.01 * (5 - n))
        return n * n

    assert list(in_threads(slow_square, range(5), threads=3)) == [0, 1, 4, 9, 16]
    assert list(in_threads(slow_square, range(5), threads=1)) == [0, 1, 4, 9, 16]
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda n: 1 / n, [1, 0, 2], threads=2))
    seen = []
    with pytest.raises(StageTimeoutError):
        within(
            Deadline(0.05), lambda: list(in_threads(lambda n: seen.append(n) or time.sleep(0.04), range(99), threads=2))
        )
    time.sleep(0.1)
    assert 2 <= len(seen) < 9


def test_a_model_run_is_stopped_by_the_end_of_its_deadline():
    session = catalogue.load_session("ecg_waves", threads=1)
    leads = np.zeros((1, 1, 3_000_000), np.float32)  # minutes of work
    ended = threading.Event()

    def run():
        try:
            return session.run(None, {"leads": leads})
        finally:
            ended.set()

    with pytest.raises(StageTimeoutError):
        within(Deadline(0.3), run)
    assert ended.wait(30), "onnxruntime went on"
    with pytest.raises(StageTimeoutError):
        within(Deadline(0.01), lambda: (time.sleep(0.02), session.run(None, {"leads": leads[:, :, :16]})))


def test_a_process_ends_although_a_call_hangs():
    code = (
        "import time\n"
        "from cardio_dagster.deadline import Deadline, in_threads, within\n"
        "try: within(Deadline(0.1), lambda: list(in_threads(lambda n: time.sleep(600), [1, 2], threads=2)))\n"
        "except TimeoutError: print('out of time')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "out of time\n"
