"""From the landing folder to the report: earlier studies of the same patient, and two patients in one drop.

The functions are the sensor's and the run's own; only Dagster, which calls them, is left out.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from cardio_dagster.demo.studies import PUBLIC_ECG, _write_ecg, public_file
from cardio_dagster.orchestration.intake import INTAKE, scan_landing
from cardio_dagster.orchestration.recording import Teller
from cardio_dagster.orchestration.releasing import release_study
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.pipeline.records import study_results
from cardio_dagster.pipeline.study_run import run_study
from cardio_dagster.settings import Settings

Report = dict


@pytest.fixture(scope="module")
def process(tmp_path_factory) -> Callable[..., Report]:
    """Return a function that drops a study, lets intake take it, runs and releases it, and returns its report.json."""
    folder = tmp_path_factory.mktemp("site")
    stores = Stores.of(Settings(data_dir=folder / "data", threads=1, quiet_window_s=0.0))
    stores.setup_for_execution(None)

    def one(name: str, write: Callable[[Path], None]) -> Report:
        draft = folder / name
        draft.mkdir()
        write(draft)
        (draft / ".complete").touch()
        draft.replace(Path(stores.landing_dir) / name)
        (taken,) = scan_landing(stores, None).accepted
        row = stores.row(taken.study_id)
        passed = []
        place, reports = stores.workplace(row.study), stores.reports(row.study)
        run_study(row.study, place, reports, problems=row.problems, on_stage=passed.append)
        written = passed[-2]  # as it was at FORMATTING; the release completes it
        stores.results().save(study_results(written))
        release_study(written, Teller(stores, INTAKE, f"run-{name}", "plain"))
        return json.loads((Path(written.report_path) / "report.json").read_text())

    return one


def made_up(rate_bpm: float, number: str, *, seed: int) -> Callable[[Path], None]:
    """Return a writer of an ECG of that rate with metadata of that patient."""

    def write(folder: Path) -> None:
        _write_ecg(folder / "ecg.csv", seed=seed, irregular=False, heart_rate_bpm=rate_bpm)
        (folder / "patient.json").write_text(json.dumps({"mrn": number, **FACTS, "heart_rate_bpm": rate_bpm}))

    return write


def public(number: str, *, mrn: str) -> Callable[[Path], None]:
    """Return a writer of the public ECG under an invented number, with metadata of maybe another."""

    def write(folder: Path) -> None:
        dataset = pydicom.dcmread(public_file(PUBLIC_ECG))
        dataset.PatientID = number
        dataset.save_as(folder / "ecg.dcm")
        (folder / "patient.json").write_text(json.dumps({"mrn": mrn, **FACTS}))

    return write


FACTS = {
    "age_years": 61, "sex": "F", "height_cm": 171, "weight_kg": 78, "sbp_mmhg": 128, "dbp_mmhg": 86,
    "total_cholesterol_mmol_l": 5.2, "hdl_cholesterol_mmol_l": 1.3, "egfr_ml_min_1_73m2": 80,
    "diabetes": False, "smoker": False, "hypertension": False, "heart_failure": False, "stroke": False,
    "vascular_disease": False, "antihypertensive_treatment": False, "statin": False,
}  # fmt: skip


def test_the_third_study_of_a_patient_shows_the_first_two_and_a_strangers_shows_none(process):
    reports = [
        process("one", made_up(68.0, "ZQ-771", seed=11)),
        process("two", made_up(72.0, "zq-771 ", seed=12)),
        process("stranger", made_up(90.0, "ZQ-772", seed=13)),
        process("three", made_up(80.0, "ZQ-771", seed=14)),
    ]
    assert [r["release_status"] for r in reports] == ["released: every gate passed"] * 4
    first, _, stranger, third = ({t["name"]: t for t in r["written"]["trends"]} for r in reports)
    assert first == stranger == {}
    values = [round(point["value"]) for point in third["heart_rate_bpm"]["points"]]
    assert values == [68, 72, 80]
    assert "ZQ-77" not in json.dumps(reports)


def test_a_drop_of_two_patients_is_held_with_the_code_and_is_no_prior(process):
    mixed = process("mixed", public("ZQ-881", mrn="ZQ-882"))
    assert mixed["release_status"].startswith("held")
    assert "E_INTAKE_009" in mixed["release_status"]
    (told,) = [p for p in mixed["problems"] if p["code"] == "E_INTAKE_009"]
    assert told["seen"] == "2 different identifiers: r01 against r02"
    assert "ZQ-88" not in json.dumps(mixed)
    later = process("later", public("ZQ-881", mrn="ZQ-881"))
    assert "E_INTAKE" not in later["release_status"]
    assert later["written"]["trends"] == []
