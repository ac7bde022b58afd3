"""Clips and files made in the test; the painted network instead of the trained one."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from cardio_dagster.modalities.echo.formats import assemble
from cardio_dagster.modalities.echo.sector.find import Sector
from cardio_dagster.models import catalogue
from cardio_dagster_tests.modalities.echo.painted import ENTRIES, PaintReader


@pytest.fixture
def paint_reader(monkeypatch):
    """Let painted models stand in for the trained ones, in the catalogue and as sessions."""
    reader = PaintReader()
    monkeypatch.setattr(catalogue, "_catalogue_path", catalogue.SHIPPED_CATALOGUE)
    monkeypatch.setattr(catalogue, "_entries", ENTRIES)
    monkeypatch.setattr(catalogue, "load_session", reader.session)
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


@pytest.fixture
def whole_frame(monkeypatch):
    """Let the sector be the whole frame, so that every pixel that a reader decodes can be compared."""

    def everything(frames: np.ndarray, colour: np.ndarray | None) -> Sector:
        seen.append(colour)
        mask = np.ones(frames.shape[1:], bool)
        return Sector(mask, ~mask, 0, 0, *mask.shape, "box", None)

    seen: list[np.ndarray | None] = []
    monkeypatch.setattr(assemble, "find_sector", everything)
    return seen
