"""Fixtures of serve/: an environment without any deployment variable."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardio_dagster.settings import forget_settings


@pytest.fixture
def clean_environment(monkeypatch, tmp_path):
    """Take out every CARDIO_ variable and .env file; return monkeypatch to set some again."""
    for name in [n for n in os.environ if n.startswith("CARDIO_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    forget_settings()
    yield monkeypatch
    forget_settings()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a new folder that another user can enter: started by root, PostgreSQL runs as one.

    Not pytest's own: each session of pytest closes the folder above to others.
    """
    with tempfile.TemporaryDirectory(prefix="cardio-serve-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)
