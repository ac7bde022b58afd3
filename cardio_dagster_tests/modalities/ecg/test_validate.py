import tracemalloc

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.validate import validate

OPTIONS = Options()


def write_csv(folder, signal_mv, rate_hz, leads=None):
    path = folder / "x.csv"
    names = ",".join(f"{lead}_mV" for lead in leads or ("I", "II", "V1")[: signal_mv.shape[1]])
    header = f"# sampling_rate_hz: {rate_hz:g}\n{names}"
    np.savetxt(path, signal_mv, fmt="%.5g", delimiter=",", header=header, comments="")
    return path


def write_wfdb(folder, signal_mv, rate_hz):
    np.rint(signal_mv * 1000).astype("<i2").tofile(folder / "rec.dat")
    lines = [f"rec.dat 16 1000/mV 16 0 0 0 0 ch{i}" for i in range(signal_mv.shape[1])]
    header = f"rec {signal_mv.shape[1]} {rate_hz:g} {len(signal_mv)}"
    (folder / "rec.hea").write_text("\n".join([header, *lines]) + "\n")
    return folder / "rec.hea"


def noise(seconds, rate_hz, n_leads=2, size_mv=0.3):
    return np.random.default_rng(0).normal(0, size_mv, (round(seconds * rate_hz), n_leads))


@pytest.mark.parametrize("rate_hz", [50.0, 250.0, 4000.0])
def test_rates_from_50_to_4000_hz_are_kept(tmp_path, rate_hz):
    step = validate(write_csv(tmp_path, noise(3, rate_hz), rate_hz), OPTIONS)
    assert step.data.sampling_rate_hz == rate_hz
    assert (step.data.step_mv, step.data.original_rate_hz, step.problems) == (None, None, ())
    assert all(verdict.passed for verdict in step.verdicts)


@pytest.mark.parametrize("rate_hz", [49.0, 4001.0])
def test_other_rates_are_refused(tmp_path, rate_hz):
    with pytest.raises(StudyError, match="E_VALID_002"):
        validate(write_csv(tmp_path, noise(3, rate_hz), rate_hz), OPTIONS)


@pytest.mark.parametrize(("seconds", "is_read"), [(1.0, True), (0.99, False)])
def test_a_second_is_enough(tmp_path, seconds, is_read):
    path = write_csv(tmp_path, noise(seconds, 500.0), 500.0)
    if is_read:
        step = validate(path, OPTIONS)
        assert step.data.duration_s == 1.0
        assert [v.gate for v in step.verdicts if not v.passed] == ["ecg_duration"]
    else:
        with pytest.raises(StudyError, match="E_VALID_002"):
            validate(path, OPTIONS)


@pytest.mark.parametrize("n_leads", [1, 15, 16, 24])
def test_any_number_of_leads(tmp_path, n_leads):
    got = validate(write_wfdb(tmp_path, noise(5, 250.0, n_leads), 250.0), OPTIONS).data
    assert got.signal_mv.shape == (1250, n_leads)
    assert len(set(got.leads)) == n_leads


def test_impossible_voltages_are_a_wrong_unit_unless_they_are_few(tmp_path):
    with pytest.raises(StudyError, match="E_VALID_002") as caught:
        validate(write_csv(tmp_path, noise(5, 250.0, size_mv=300.0), 250.0), OPTIONS)
    assert "unit" in str(caught.value)
    few = noise(5, 250.0)
    few[100] = 5e4
    assert validate(write_csv(tmp_path, few, 250.0), OPTIONS).data is not None


def test_samples_that_are_all_missing_are_refused(tmp_path):
    with pytest.raises(StudyError, match=r"E_QUALITY_001|E_CORRUPT_001|E_VALID"):
        validate(write_wfdb(tmp_path, np.full((2500, 2), -32.768), 250.0), OPTIONS)


def test_the_share_of_missing_samples_is_judged(tmp_path):
    x = noise(10, 250.0)
    x[:1000] = -32.768
    step = validate(write_wfdb(tmp_path, x, 250.0), OPTIONS)
    assert {v.gate: v.value for v in step.verdicts}["ecg_missing"] == pytest.approx(40.0)


def test_size_and_absence_are_coded(tmp_path):
    path = write_csv(tmp_path, noise(5, 250.0), 250.0)
    with pytest.raises(StudyError, match="E_HARD_004"):
        validate(path, Options(max_file_mb=0.001))
    with pytest.raises(StudyError, match="E_INTAKE_006"):
        validate(tmp_path / "absent", OPTIONS)
    (tmp_path / "empty").touch()
    with pytest.raises(StudyError, match="E_INTAKE_005"):
        validate(tmp_path / "empty", OPTIONS)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(StudyError, match="E_FORMAT_001"):
        validate(tmp_path / "text", OPTIONS)


def test_a_short_file_takes_little_more_than_its_signal(tmp_path):
    path = write_wfdb(tmp_path, noise(600, 500.0, 12), 500.0)
    validate(path, OPTIONS)
    tracemalloc.start()
    got = validate(path, OPTIONS).data
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4.3 * got.signal_mv.nbytes
