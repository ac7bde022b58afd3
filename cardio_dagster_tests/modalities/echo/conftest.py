"""Clips and files made in the test; the painted network instead of the trained one."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from cardio_dagster.models import catalogue
from cardio_dagster_tests.modalities.echo.painted import PaintReader


@pytest.fixture
def paint_reader(monkeypatch):
    reader = PaintReader()
    monkeypatch.setattr(catalogue, "load_session", lambda name, *, threads: reader)
    return reader


@pytest.fixture(scope="session")
def public_cine() -> Path:
    return Path(get_testdata_file("color3d_jpeg_baseline.dcm"))


@pytest.fixture
def write_npz(tmp_path):
    def write(**arrays: object) -> Path:
        path = tmp_path / "clip.npz"
        np.savez(path, **arrays)
        return path

    return write
