"""The command line where something fails that all studies need: a line with its cure, exit 1, no traceback."""

import copy
import os
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from cardio_dagster import cli
from cardio_dagster.commands import process
from cardio_dagster.demo.studies import ecg_only, nothing_valid
from cardio_dagster.errors import (
    DATABASE,
    DEPENDENCY_CURES,
    DISK,
    REPORTS,
    DependencyError,
    classify,
    dependency_line,
    dependency_named,
)
from cardio_dagster.settings import settings
from cardio_dagster_tests.chaos.disk import NO_MOUNT, small_disk
from cardio_dagster_tests.pipeline.failing import at_once


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    """Read the settings anew, and let a retry follow at once (in this process; a worker's waits 4 s)."""
    monkeypatch.chdir(tmp_path)
    at_once(monkeypatch)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def cardio(monkeypatch, capsys):
    """Return a function that runs `cardio` and returns its exit code, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cardio", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    return run


def study(folder: Path, writer=nothing_valid) -> Path:
    folder.mkdir()
    writer(folder)
    return folder


def told_once(told: str, dependency: str) -> bool:
    told = told.strip()  # the bar of progress leaves an empty line
    return "\n" not in told and told.startswith(f"{dependency}: ") and DEPENDENCY_CURES[dependency] in told


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_report_that_cannot_be_kept(jobs, cardio, tmp_path):
    (tmp_path / "taken").touch()
    paths = [study(tmp_path / "a"), study(tmp_path / "b", ecg_only)]
    code, out, told = cardio("process", *paths, "--out", tmp_path / "taken" / "out", "--jobs", jobs)
    assert (code, out) == (1, "")
    assert told_once(told, REPORTS), told
    assert str(tmp_path) not in told


def test_a_disk_that_is_full(cardio, tmp_path):
    with small_disk(tmp_path / "disk", size_mb=1) as disk:
        if disk is None:
            pytest.skip(NO_MOUNT)
        disk.leave(0)
        code, _, told = cardio("process", study(tmp_path / "a"), "--out", disk.folder)
        disk.clear()
        left = [p for p in disk.folder.rglob("*") if p.is_file()]
    assert (code, left) == (1, [])
    assert told_once(told, REPORTS), told
    assert "No space left on device" in told or "full" in told


def test_what_was_done_before_is_shown(cardio, tmp_path, monkeypatch):
    intact, calls = process.process_one, []

    def full(path, **given):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", str(path))
        return intact(path, **given)

    monkeypatch.setattr(process, "process_one", full)
    code, out, told = cardio("process", study(tmp_path / "a"), study(tmp_path / "b", ecg_only), "--out", tmp_path / "o")
    assert code == 1
    assert out.count("E_HARD_001") == 1
    assert told_once(told, DISK), told


def test_a_database_that_cannot_be_reached(cardio, monkeypatch):
    pytest.importorskip("psycopg2", reason="install the extra `server`")
    monkeypatch.setenv("CARDIO_DATABASE_URL", "postgresql://joe:secret@127.0.0.1:9/cardio")
    code, _, told = cardio("review", "list")
    assert code == 1
    assert told_once(told, "database"), told
    assert "secret" not in told


def test_a_database_file_that_is_damaged_is_no_fault_of_a_study():
    error = sqlite3.DatabaseError("database disk image is malformed")
    assert classify(error) is DependencyError.failure_class
    assert told_once(dependency_line(error), DATABASE)


def dies(path, **given):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_worker_that_is_lost(cardio, tmp_path, monkeypatch):
    monkeypatch.setattr(process, "process_one", dies)
    code, _, told = cardio("process", study(tmp_path / "a"), study(tmp_path / "b"), "--jobs", 2)
    assert code == 1
    assert told.strip() == "a worker process was lost, perhaps for lack of memory; take fewer with --jobs"


def test_the_error_crosses_processes_and_is_known_by_its_words():
    error = copy.copy(DependencyError(REPORTS, "no room"))  # by the very way that pickling takes
    assert (str(error), error.dependency) == ("report store: no room", REPORTS)
    assert classify(error) is DependencyError.failure_class
    assert dependency_named("DependencyError", str(error)) == REPORTS
    assert dependency_line(KeyError("x")) is None
