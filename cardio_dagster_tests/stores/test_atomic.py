"""Writing whole or not at all: what a killed writer leaves goes with the next one, what a living one writes stays."""

import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from cardio_dagster.stores.atomic import draft_of, write_atomically
from cardio_dagster.stores.reports import ReportStore

WRITE_FOR_EVER = """
import sys
from pathlib import Path
from cardio_dagster.stores.atomic import write_atomically
path, number = Path(sys.argv[1]), 0
print("ready", flush=True)
while True:
    number += 1
    write_atomically(path, str(number % 10).encode() * 200_000)
"""
HANG = """
import os, sys, time
from pathlib import Path
from cardio_dagster.stores import atomic
from cardio_dagster.stores.reports import ReportStore
atomic.os.fsync = lambda _: (print("written", flush=True), time.sleep(600))
if sys.argv[2] == "file":
    atomic.write_atomically(Path(sys.argv[1]) / "one", b"half")
else:
    ReportStore(Path(sys.argv[1])).save_version("s-1", 1, 2, {"report.json": b"half"})
"""


def hidden(folder):
    return [path for path in folder.rglob("*") if path.name.startswith(".")]


def killed(folder, what):
    """Let a process write and kill it before it has renamed its draft."""
    with subprocess.Popen([sys.executable, "-c", HANG, str(folder), what], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "written\n"
        writer.kill()
    return hidden(folder)


def test_the_draft_of_a_killed_writer_goes_with_the_next_one(tmp_path):
    assert len(killed(tmp_path, "file")) == 1
    assert not (tmp_path / "one").exists()
    write_atomically(tmp_path / "one", b"whole")
    assert hidden(tmp_path) == []
    assert (tmp_path / "one").read_bytes() == b"whole"


def test_so_does_that_of_a_folder(tmp_path):
    assert killed(tmp_path, "folder")
    folder = ReportStore(tmp_path).save_version("s-1", 1, 2, {"report.json": b"whole"})
    assert hidden(tmp_path) == []
    assert (folder / "report.json").read_bytes() == b"whole"


@pytest.mark.parametrize("is_folder", [False, True])
def test_the_draft_of_a_living_writer_is_left_alone(tmp_path, is_folder):
    goal = tmp_path / "goal"
    with draft_of(goal, is_folder=is_folder) as first, draft_of(goal, is_folder=is_folder) as second:
        assert first.exists()
        assert second.exists()
    assert hidden(tmp_path) == []


def test_what_is_no_draft_of_it_is_left_alone(tmp_path):
    others = [f".one.{'0' * 31}", ".one.notes", f".other.{'0' * 32}", f"one.{'0' * 32}", f".one.more.{'0' * 32}"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / f".one.{'0' * 32}").write_bytes(b"a dead one's")
    write_atomically(tmp_path / "one", b"whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "one"])


def test_a_name_with_signs_of_a_pattern_is_taken_as_it_is(tmp_path):
    (tmp_path / f".o*e.{'0' * 32}").write_bytes(b"")
    (tmp_path / f".one.{'0' * 32}").write_bytes(b"")
    write_atomically(tmp_path / "o*e", b"whole")
    assert sorted(p.name for p in tmp_path.iterdir()) == [f".one.{'0' * 32}", "o*e"]


def test_writers_of_one_file_at_once_all_succeed(tmp_path):
    failures = []

    def write(number):
        try:
            for _ in range(50):
                write_atomically(tmp_path / "one", str(number).encode() * 10_000)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert hidden(tmp_path) == []
    assert len(set((tmp_path / "one").read_bytes())) == 1


def test_writers_killed_again_and_again_leave_one_whole_file(tmp_path):
    chance, left = random.Random(5), 0
    for _ in range(8):
        command = [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path / "one")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.01, 0.1))
            os.kill(writer.pid, signal.SIGKILL)
        left = max(left, len(hidden(tmp_path)))
        assert not (tmp_path / "one").exists() or (tmp_path / "one").stat().st_size == 200_000
    assert left <= 1, "no more than the last one's"
    write_atomically(tmp_path / "one", b"1")
    assert hidden(tmp_path) == []
