"""The table of failures, row by row, in the plain door: what is tried again, and what becomes of the study."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cardio_dagster.commands.failures_page import failures_page
from cardio_dagster.errors import (
    CODES,
    POLICIES,
    DependencyError,
    FailureClass,
    Level,
    Then,
    impact_of,
    problem,
)
from cardio_dagster.modalities.branch import Options
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Impact, Severity, State
from cardio_dagster.pipeline import formatting, rendering, settled, stages
from cardio_dagster.pipeline.clock import StudyClock
from cardio_dagster.pipeline.dossier import ReleaseStatus
from cardio_dagster.reporting.parts import Report
from cardio_dagster.stores.checkpoints import ParquetCheckpoints
from cardio_dagster_tests.pipeline.failing import (
    A_DEPENDENCY,
    ERRORS,
    at_once,
    carried,
    failing,
    report_of,
    two_modalities,
)
from cardio_dagster_tests.pipeline.studies import beep_branch

WORK = [name for name, policy in POLICIES.items() if policy.level is Level.WORK and name in ERRORS]
RETRIED = [name for name in WORK if POLICIES[name].retry.attempts > 1]
ENDED = {Then.END_STUDY: State.ERROR, Then.LESS: State.COMPLETE, Then.NOTHING_RETRIED: State.COMPLETE}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    at_once(monkeypatch)


def code_of(name: FailureClass, stage: str) -> str:
    code = POLICIES[name].code
    return code.replace("<STAGE>", stage) if code else ERRORS[name].problem.code


def texts(dossier) -> str:
    return "".join(p.read_text(errors="replace") for p in Path(dossier.report_path).iterdir() if p.suffix != ".pdf")


def test_each_class_has_one_policy_and_each_code_its_class():
    assert set(POLICIES) == set(FailureClass)
    assert set(ERRORS) == {c for c, p in POLICIES.items() if p.level is Level.WORK} - {FailureClass.STUDY_TIMEOUT}
    for name, policy in POLICIES.items():
        if policy.code and "<" not in policy.code:
            assert CODES[policy.code].severity is policy.severity, name
    assert (
        POLICIES[FailureClass.OUT_OF_MEMORY].impact is POLICIES[FailureClass.CRITICAL_MODEL].impact is Impact.CRITICAL
    )
    assert impact_of(problem("E_QUALITY_002", "x")) is Impact.LOW
    assert impact_of(problem("E_CORRUPT_001", "x")) is Impact.MEDIUM
    assert impact_of(problem("E_TIMEOUT_FUSION", "x")) is Impact.HIGH


def test_the_page_says_what_the_table_says():
    page = Path(__file__).parents[2] / "docs" / "failures.md"
    assert page.read_text() == failures_page(), "python -m cardio_dagster.commands.failures_page > docs/failures.md"


@pytest.mark.parametrize("name", WORK)
def test_a_verb_that_fails_for_ever(name, tmp_path, monkeypatch):
    detect, calls = failing(None, 99, ERRORS[name])
    two_modalities(monkeypatch, detect=detect)
    done = carried(tmp_path)
    policy, code = POLICIES[name], code_of(name, "DETECTION")
    assert len(calls) == policy.retry.attempts
    assert done.state is ENDED[policy.then]
    assert done.release.status is (ReleaseStatus.ERROR if policy.then is Then.END_STUDY else ReleaseStatus.HELD)
    (met,) = [p for p in report_of(done)["problems"] if p["code"] == code]
    assert (met["modality"], met["severity"]) == ("beep", CODES[code].severity.value)
    assert (done.error.code if done.failed else None) == (code if policy.then is Then.END_STUDY else None)
    assert bool([a for a in done.analyses if a.modality == "boop"]) is (policy.then is not Then.END_STUDY)
    assert "DOE_JANE" not in texts(done)


@pytest.mark.parametrize("name", RETRIED)
def test_a_verb_that_fails_all_but_the_last_time(name, tmp_path, monkeypatch):
    times = POLICIES[name].retry.attempts - 1
    detect, calls = failing(beep_branch().detect, times, ERRORS[name])
    two_modalities(monkeypatch, detect=detect)
    done = carried(tmp_path)
    assert (done.state, done.release.status, done.retries) == (State.COMPLETE, ReleaseStatus.RELEASED, times)
    assert [options.batch_size for _, options in calls] == [8 >> n for n in range(times + 1)]


@pytest.mark.parametrize("name", WORK)
@pytest.mark.parametrize("stage", ["receive", "fusion_stage", "scoring_stage", "prepare_response"])
def test_a_stage_without_fan_out_that_fails_for_ever(stage, name, tmp_path, monkeypatch):
    two_modalities(monkeypatch)
    broken, calls = failing(None, 99, ERRORS[name])
    monkeypatch.setattr(settled.formatting if stage == "prepare_response" else settled.stages, stage, broken)
    done = carried(tmp_path)
    state = {"receive": "RECEIPT", "fusion_stage": "FUSION", "scoring_stage": "SCORING"}.get(stage, "FORMATTING")
    code = code_of(name, state)
    assert len(calls) == POLICIES[name].retry.attempts
    ends = POLICIES[name].then is Then.END_STUDY or state in ("RECEIPT", "FORMATTING")
    assert done.failed is ends
    assert done.release.status is (ReleaseStatus.ERROR if ends else ReleaseStatus.HELD)
    assert code in {p["code"] for p in report_of(done)["problems"]}
    assert (Path(done.report_path) / "report.html").stat().st_size > 500
    assert "DOE_JANE" not in texts(done)
    if not ends:
        assert {s.value for s in done.scores} == {None}
        assert all(s.reason.startswith("refused: ") for s in done.scores)


def test_without_fusion_each_modality_stands_by_itself(tmp_path, monkeypatch):
    two_modalities(monkeypatch)
    monkeypatch.setattr(stages, "fuse", failing(None, 99, KeyError("x"))[0])
    done = carried(tmp_path)
    features = [(f.name, f.source, round(f.value, 9)) for f in done.fusion.features]
    assert features == [("mean_mv", "beep", 2.0), ("mean_mv", "boop", round(2 * (7 / 3 - 1), 9))]
    report = report_of(done)
    assert any("fusion failed" in note and "nothing compared" in note for note in report["coverage_notes"])
    assert {m["modality"] for m in report["measurements"]} == {"beep", "boop"}
    assert {s["reason"] for s in report["scores"]} == {"refused: the modalities could not be combined"}
    assert report["release_status"].startswith("held")


@pytest.mark.parametrize("format", ["pdf", "fhir", "ecg_sr"])
def test_a_format_that_breaks_is_left_out_and_named(format, tmp_path, monkeypatch):
    two_modalities(monkeypatch)
    name = {"pdf": "report.pdf", "fhir": "report.fhir.json", "ecg_sr": "report.ecg.dcm"}[format]
    (tmp_path / "out" / "s-0123456789abcdef" / "r1").mkdir(parents=True)
    (tmp_path / "out" / "s-0123456789abcdef" / "r1" / name).write_text("of an earlier response")
    monkeypatch.setattr(rendering, f"to_{format}", failing(None, 99, KeyError("DOE_JANE"))[0])
    done = carried(tmp_path)
    assert (done.state, done.release.status) == (State.COMPLETE, ReleaseStatus.HELD)
    files = {p.name for p in Path(done.report_path).iterdir()}
    assert name not in files
    assert {"report.json", "report.html", "cohort_row.csv", "execution.json"} <= files
    (met,) = [p for p in report_of(done)["problems"] if p["code"] == "E_REPORT_001"]
    assert met["message"] == f"{name} could not be written and is left out"
    assert "DOE_JANE" not in texts(done)


def test_a_report_whose_writers_are_broken_leaves_the_barest_response(tmp_path, monkeypatch):
    two_modalities(monkeypatch)
    broken, _ = failing(None, 99, KeyError("DOE_JANE"))
    for module in (rendering, formatting):
        monkeypatch.setattr(module, "to_html", broken)
    done = carried(tmp_path)
    assert (done.state, done.error.code) == (State.ERROR, "E_INTERNAL_001")
    said = json.loads((Path(done.report_path) / "report.json").read_text())
    assert (said["study_id"], said["code"], said["final_state"]) == (done.study.study_id, "E_INTERNAL_001", "ERROR")
    assert "E_INTERNAL_001" in (Path(done.report_path) / "report.html").read_text()
    assert {p.name for p in Path(done.report_path).iterdir()} == {"report.json", "report.html"}
    assert "DOE_JANE" not in texts(done)


def test_a_dependency_never_closes_a_study(tmp_path, monkeypatch):
    two_modalities(monkeypatch)
    broken, calls = failing(None, 99, A_DEPENDENCY)
    monkeypatch.setattr(settled.formatting, "prepare_response", broken)
    with pytest.raises(DependencyError):
        carried(tmp_path)
    assert len(calls) == 3
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("state", ["validate", "preprocess", "detect", "analyse"])
def test_a_verb_that_hangs_costs_its_modality_and_no_more(state, tmp_path, monkeypatch):
    two_modalities(monkeypatch, **{state: lambda *_: time.sleep(60)})
    began = time.monotonic()
    done = carried(tmp_path, image_deadline_s=0.5)  # many times what the other modality takes on a busy machine
    stage = {"validate": "VALIDATION", "preprocess": "PREPROCESSING", "detect": "DETECTION", "analyse": "ANALYSIS"}
    assert time.monotonic() - began < 50
    assert (done.state, done.retries) == (State.COMPLETE, 2)
    assert [p.code for p in done.problems if p.severity is Severity.ERROR] == [f"E_TIMEOUT_{stage[state]}"]
    assert {a.modality for a in done.analyses} == {"boop"}


@pytest.mark.parametrize(("per_mb_s", "ends"), [(0.0, {"boop"}), (4e6, {"beep", "boop"})])
def test_the_deadline_of_a_modality_grows_with_its_files(per_mb_s, ends, tmp_path, monkeypatch):
    def slowly(*given):
        time.sleep(2.0)
        return beep_branch().detect(*given)

    two_modalities(monkeypatch, detect=slowly)
    done = carried(tmp_path, image_deadline_s=1.0, image_deadline_s_per_mb=per_mb_s)
    assert {a.modality for a in done.analyses} == ends


def test_how_much_longer_a_holter_may_take_than_a_strip():
    options = Options(image_deadline_s=240.0, image_deadline_s_per_mb=1.0, decision_deadline_s=300.0)
    clock, strip_mb, two_days_mb = StudyClock(3600.0), 0.12, 259.2  # three leads at 250 Hz, two bytes a sample
    left_s = lambda state, size_mb: round(clock.stage(state, options, size_mb=size_mb).left_s)  # noqa: E731
    assert (left_s(State.DETECTION, strip_mb), left_s(State.DETECTION, two_days_mb)) == (240, 499)
    assert left_s(State.FUSION, two_days_mb) == 300, "what joins the modalities reads no files"
    assert left_s(State.DETECTION, 10_000.0) == 3600, "the study's own deadline caps it"


def test_a_study_whose_time_is_over_ends_with_its_response(tmp_path, monkeypatch):
    two_modalities(monkeypatch, detect=lambda *_: time.sleep(5))
    done = carried(tmp_path, study_deadline_s=0.3)
    assert (done.state, done.error.code, done.error.state) == (State.ERROR, "E_TIMEOUT_STUDY", State.DETECTION)
    assert report_of(done)["error"]["code"] == "E_TIMEOUT_STUDY"
    assert done.retries == 0


def test_what_formatting_leaves_behind_writes_nothing_later(tmp_path, monkeypatch):
    two_modalities(monkeypatch)
    intact = rendering.to_pdf

    def slow(report: Report) -> bytes:
        time.sleep(0.6)
        return intact(report)

    monkeypatch.setattr(rendering, "to_pdf", slow)
    done = carried(tmp_path, decision_deadline_s=0.5)
    assert done.error.code == "E_TIMEOUT_FORMATTING"
    time.sleep(1.0)
    assert {p.name for p in Path(done.report_path).iterdir()} == {"report.json", "report.html"}


@pytest.mark.parametrize("times", [1, 99])
def test_a_model_that_does_not_load_is_reloaded_then_degrades_its_modality(times, tmp_path, monkeypatch):
    sessions = []

    def detect(beep, options):
        sessions.append(dict(catalogue._sessions))
        if len(sessions) <= times:
            catalogue._sessions["spoilt", 1] = None
            raise ERRORS[FailureClass.MODEL_LOAD]
        return beep_branch().detect(beep, options)

    two_modalities(monkeypatch, detect=detect)
    done = carried(tmp_path)
    assert len(sessions) == 2
    assert ("spoilt", 1) not in sessions[1], "nothing was reloaded"
    assert done.release.status is (ReleaseStatus.RELEASED if times == 1 else ReleaseStatus.HELD)
    assert {a.modality for a in done.analyses} == ({"beep", "boop"} if times == 1 else {"boop"})
    catalogue.reload()


HUNGRY = """
import resource, sys
from pathlib import Path
import numpy as np
from cardio_dagster.modalities import BRANCHES
from cardio_dagster_tests.pipeline.failing import boop_branch, carried
from cardio_dagster_tests.pipeline.studies import beep_branch
batches = []
def detect(beep, options):
    if not batches:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2 ** 30, -1))
    batches.append(options.batch_size)
    np.empty(options.batch_size * 80_000_000)
    return beep_branch().detect(beep, options)
BRANCHES.update(beep=beep_branch(detect=detect), boop=boop_branch())
for batch in (2, 8):
    done = carried(Path(sys.argv[1]), batch_size=batch)
    print(done.state.name, done.error and done.error.code)
print(batches)
"""


def test_real_lack_of_memory(tmp_path):
    command = [sys.executable, "-c", HUNGRY, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "COMPLETE None\nERROR E_HARD_002\n[2, 1, 8, 4]\n", done.stderr[-800:]


@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_spoilt_checkpoint_is_made_again_from_the_file(damage, tmp_path, monkeypatch):
    two_modalities(monkeypatch)
    checkpoints = ParquetCheckpoints(str(tmp_path / "c"))
    intact = stages.fuse

    def spoil(*given):
        return intact(*given)

    first = carried(tmp_path, checkpoints=checkpoints)
    for state in ("analysis", "detection", "preprocessing"):
        path = tmp_path / "c" / first.study.study_id / state / "beep.parquet"
        content = bytearray(path.read_bytes())
        if damage == "gone":
            path.unlink()
        elif damage == "cut":
            path.write_bytes(content[: len(content) // 2])
        else:
            content[40] ^= 0x10
            path.write_bytes(content)
    monkeypatch.setattr(stages, "fuse", spoil)
    again = carried(tmp_path, checkpoints=checkpoints)
    assert again.release.status is ReleaseStatus.RELEASED
    assert again.analyses == first.analyses


def test_a_file_that_changed_in_the_store_ends_the_study(tmp_path, monkeypatch):
    two_modalities(monkeypatch)
    from cardio_dagster.pipeline import received

    intact = received._sha256
    monkeypatch.setattr(received, "_sha256", lambda path: "0" * 64 if path.name == "f2" else intact(path))
    done = carried(tmp_path)
    assert (done.state, done.error.code) == (State.ERROR, "E_INTAKE_010")
    assert [p.recording_id for p in done.problems if p.code == "E_INTAKE_010"] == ["r02"]
