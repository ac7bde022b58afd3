"""The wheel carries all that it needs: it runs a study from another folder than the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cardio_dagster.demo.studies import mixed_synthetic

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_wheel_holds_models_templates_and_instance_file(unpacked):
    package = unpacked / "cardio_dagster"
    for name in (
        "models/echo_segmentation.onnx",
        "models/echo_segmentation.md",
        "models/catalogue.toml",
        "reporting/templates/report.html.j2",
        "reporting/templates/report.css",
        "reporting/report.schema.json",
        "evidence/notes/qt-interval.md",
        "reporting/cohort/columns.csv",
        "serve/dagster.yaml",
        "py.typed",
    ):
        assert (package / name).is_file(), name
    assert (package / "models" / "echo_segmentation.onnx").stat().st_size < 10e6
    assert not (unpacked / "cardio_dagster_tests").exists()


@pytest.mark.slow
def test_wheel_runs_a_study(unpacked, tmp_path):
    (tmp_path / "study").mkdir()
    mixed_synthetic(tmp_path / "study")
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    code = (
        "import cardio_dagster, sys; assert cardio_dagster.__file__.startswith(sys.argv.pop(1));"
        "from cardio_dagster.cli import main; main()"
    )
    command = [sys.executable, "-c", code, str(unpacked), "process", "study", "--out", "out"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "out").glob("*/r1/report.html"))) == 1
