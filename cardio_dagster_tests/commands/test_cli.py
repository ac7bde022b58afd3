"""The command line: exit codes, reports, JSON documents, refusals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cardio_dagster.cli import app
from cardio_dagster.demo import studies
from cardio_dagster.settings import settings

runner = CliRunner()


@pytest.fixture(autouse=True)
def fresh_settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


def write(folder: Path, writer) -> Path:
    folder.mkdir(parents=True)
    writer(folder)
    return folder


def reports(out: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in out.glob("*/r1/report.json")]


# The five studies that the main issue names: what becomes of each.
FIVE = [
    (studies.ecg_only, 0, "COMPLETE", "ECG_ONLY", None, set()),
    (studies.echo_only, 0, "COMPLETE", "ECHO_ONLY", None, set()),
    (studies.nothing_valid, 2, "ERROR", "NONE", "E_HARD_001", {"E_HARD_001", "E_FORMAT_001"}),
    (studies.truncated_cine, 2, "ERROR", "NONE", "E_CORRUPT_001", {"E_HARD_001", "E_CORRUPT_001"}),
    (studies.text_as_echo, 2, "ERROR", "NONE", "E_HARD_001", {"E_HARD_001", "E_FORMAT_001"}),
]


@pytest.mark.parametrize(
    ("writer", "exit_code", "state", "coverage", "code", "codes"), FIVE, ids=lambda v: getattr(v, "__name__", None)
)
def test_each_kind_of_study_gets_its_report_state_and_code(tmp_path, writer, exit_code, state, coverage, code, codes):
    result = runner.invoke(app, ["process", str(write(tmp_path / "study", writer)), "--out", str(tmp_path / "out")])
    assert result.exit_code == exit_code, result.output
    (report,) = reports(tmp_path / "out")
    assert (report["final_state"], report["coverage"]) == (state, coverage)
    assert (report["error"] or {}).get("code") == code
    assert codes <= {p["code"] for p in report["problems"]}
    assert len(list((tmp_path / "out").glob("*/r1/report.html"))) == 1
    assert state in result.output


def test_real_recordings_and_metadata_are_fused(tmp_path):
    folder = write(tmp_path / "study", studies.real_study)
    result = runner.invoke(app, ["process", str(folder), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    (report,) = reports(tmp_path / "out")
    values = {m["name"]: m["value"] for m in report["measurements"]}
    assert report["coverage"] == "FULL"
    assert report["release_status"].startswith("released")
    assert values["heart_rate_bpm"] == pytest.approx(61.1, abs=0.5)  # the recorder's own value
    assert 50 < values["lvef_pct"] < 75
    executed = report["pipeline_execution"]
    assert executed["states_traversed"][0] == "RECEIPT"
    assert executed["states_traversed"][-1] == "COMPLETE"
    assert set(executed["branches_executed"]) == {"clinical", "ecg", "echo"}
    assert executed["checkpoints_saved"] == 4


def test_several_studies_side_by_side(tmp_path):
    paths = [write(tmp_path / f"s{seed}", lambda f, seed=seed: studies.ecg_only(f, seed=seed)) for seed in (1, 2)]
    paths.append(write(tmp_path / "bad", studies.text_as_echo))
    arguments = ["process", *map(str, paths), "--jobs", "2", "--out", str(tmp_path / "out")]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert sorted(r["final_state"] for r in reports(tmp_path / "out")) == ["COMPLETE", "COMPLETE", "ERROR"]


def test_file_over_the_limit_is_hard_stop_004(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIO_MAX_FILE_MB", "0.1")
    folder = write(tmp_path / "study", studies.ecg_only)
    result = runner.invoke(app, ["process", str(folder), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    (report,) = reports(tmp_path / "out")
    assert report["error"]["code"] == "E_HARD_004"


def test_nothing_is_left_beside_the_input(tmp_path):
    folder = write(tmp_path / "study", studies.ecg_only)
    before = sorted(p.name for p in folder.iterdir())
    runner.invoke(app, ["process", str(folder), "--out", str(tmp_path / "out")])
    assert sorted(p.name for p in folder.iterdir()) == before


def test_ecg_document_as_json(tmp_path):
    folder = write(tmp_path / "study", studies.ecg_only)
    result = runner.invoke(app, ["ecg", str(folder / "ecg.csv"), "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["sampling_rate_hz"] == 500
    assert document["heart_rate_bpm"] == pytest.approx(70, abs=2)
    assert document["rhythm"]["label"] == "sinus"
    assert {w["wave"] for w in document["waves"]["II"]} == {"P", "QRS", "T"}


def test_ecg_on_one_screen(tmp_path):
    folder = write(tmp_path / "study", studies.ecg_only)
    result = runner.invoke(app, ["ecg", str(folder / "ecg.csv")], env={"COLUMNS": "120"})
    assert result.exit_code == 0
    for shown in ("Sinus rhythm", "sinus (confidence", "qtc_fridericia_ms", "acceptable", "not a medical device"):
        assert shown in result.stdout


@pytest.mark.parametrize(("set_by_user", "expected"), [(None, "1"), ("3", "3")])
def test_numpy_gets_one_thread_of_its_own_unless_the_user_says_otherwise(set_by_user, expected):
    """NumPy reads the number when it is first imported: the command line must not import it before."""
    code = (
        "import os, sys, cardio_dagster.cli as cli\n"
        "assert 'numpy' not in sys.modules\n"
        "sys.argv = ['cardio', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "print('threads', os.environ['OMP_NUM_THREADS'])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment |= {"OMP_NUM_THREADS": set_by_user} if set_by_user else {}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["threads", expected]


def test_refused_ecg_says_its_code_and_cure(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("I,II\n1,2\n3,4\n")
    result = runner.invoke(app, ["ecg", str(path), "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"].startswith("E_")
    assert result.stderr.startswith("E_")


def test_echo_document_and_masks(tmp_path):
    folder = write(tmp_path / "study", studies.echo_only)
    masks = tmp_path / "masks.npz"
    result = runner.invoke(app, ["echo", str(folder / "clip.npz"), "--json", "--masks", str(masks)])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    with np.load(folder / "clip.npz") as clip, np.load(masks) as written:
        labels, shape = written["mask"], clip["image"].shape
    assert labels.shape == shape
    assert labels.dtype == np.uint8
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    assert document["frames"] == len(labels)


def test_echo_on_one_screen(tmp_path):
    folder = write(tmp_path / "study", studies.echo_only)
    result = runner.invoke(app, ["echo", str(folder / "clip.npz")], env={"COLUMNS": "120"})
    assert result.exit_code == 0
    for shown in ("npz, 42 frames at 30 Hz", "A4C", "ejection fraction", "gates passed", "not a medical device"):
        assert shown in result.stdout
    assert len(result.stdout.splitlines()) <= 40


def test_ejection_fraction_of_the_simulated_heart_is_near_its_truth(tmp_path):
    folder = write(tmp_path / "study", studies.echo_only)
    document = json.loads(runner.invoke(app, ["echo", str(folder / "clip.npz"), "--json"]).stdout)
    assert document["lvef_pct"] == pytest.approx(58, abs=6)
    assert document["view"] == "A4C"


def test_refused_echo_says_its_code_and_cure(tmp_path):
    path = tmp_path / "echo.dcm"
    path.write_text("hello")
    plain, as_json = (runner.invoke(app, ["echo", str(path), *more]) for more in ([], ["--json"]))
    assert (plain.exit_code, as_json.exit_code) == (2, 2)
    assert plain.stderr.startswith("E_FORMAT_001")
    assert plain.stdout == ""
    assert json.loads(as_json.stdout)["reasons"]["lvef_pct"] == "this is no echo file"


def test_wrong_setting_is_told_with_its_cure(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIO_BATCH_SIZE", "many")
    folder = write(tmp_path / "study", studies.ecg_only)
    result = runner.invoke(app, ["process", str(folder)])
    assert "CARDIO_BATCH_SIZE='many'" in str(result.exception)
    assert "images a model sees at once" in str(result.exception)
