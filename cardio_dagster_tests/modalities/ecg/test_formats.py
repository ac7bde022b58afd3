import struct

import numpy as np
import pydicom
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.formats.leads import lead_name
from cardio_dagster.modalities.ecg.signal import STANDARD_LEADS
from cardio_dagster.modalities.ecg.validate import validate

OPTIONS = Options()


def refused(path, code, *, options=OPTIONS):
    with pytest.raises(StudyError) as caught:
        validate(path, options)
    assert caught.value.problem.code == code
    assert path.name not in str(caught.value), "a message never carries the file name"
    return caught.value.problem


# DICOM


def test_dicom_rhythm_group_in_millivolt_as_computed_by_hand(dicom_path):
    record = validate(dicom_path, OPTIONS).data
    assert record.leads == STANDARD_LEADS
    assert record.signal_mv.shape == (10000, 12)  # not the median beat, which has 1200
    assert record.sampling_rate_hz == 1000.0
    assert (record.patient_sex, record.age_years) == ("F", 42.0)
    assert "RITMO SINUSALE" in record.device_statements
    raw = pydicom.dcmread(dicom_path).WaveformSequence[0].WaveformData
    for sample, channel in ((0, 0), (4321, 1), (9999, 11)):
        stored = struct.unpack_from("<h", raw, 2 * (12 * sample + channel))[0]
        assert record.signal_mv[sample, channel] == pytest.approx(stored * 1.25 / 1000, abs=1e-6)


def edited(dicom_path, tmp_path, edit):
    dataset = pydicom.dcmread(dicom_path)
    edit(dataset)
    path = tmp_path / "edited.dcm"
    dataset.save_as(path)
    return path


def channel(dataset, index=0):
    return dataset.WaveformSequence[0].ChannelDefinitionSequence[index]


def test_dicom_baseline_correction_and_unit_are_honoured(dicom_path, tmp_path):
    def edit(dataset):
        channel(dataset).ChannelBaseline = 3
        channel(dataset).ChannelSensitivityCorrectionFactor = 2
        channel(dataset).ChannelSensitivity = 0.00125
        channel(dataset).ChannelSensitivityUnitsSequence[0].CodeValue = "mV"

    plain = validate(dicom_path, OPTIONS).data.signal_mv
    changed = validate(edited(dicom_path, tmp_path, edit), OPTIONS).data.signal_mv
    np.testing.assert_allclose(changed[:, 0], plain[:, 0] * 2 + 3, rtol=1e-5)
    np.testing.assert_array_equal(changed[:, 1], plain[:, 1])


def _drop_rate(dataset):
    del dataset.WaveformSequence[0].SamplingFrequency


def _odd_rate(dataset):
    dataset.WaveformSequence[0].SamplingFrequency = 10


def _drop_sensitivity(dataset):
    del channel(dataset).ChannelSensitivity


def _drop_unit(dataset):
    del channel(dataset).ChannelSensitivityUnitsSequence


def _odd_unit(dataset):
    channel(dataset).ChannelSensitivityUnitsSequence[0].CodeValue = "mmHg"


def _median_only(dataset):
    del dataset.WaveformSequence[0]


def _no_waveform(dataset):
    del dataset.WaveformSequence


def _mu_law(dataset):
    dataset.WaveformSequence[0].WaveformSampleInterpretation = "MB"


def _short_data(dataset):
    group = dataset.WaveformSequence[0]
    group.WaveformData = group.WaveformData[:24000]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (_drop_rate, "E_VALID_001"),
        (_odd_rate, "E_VALID_002"),
        (_drop_sensitivity, "E_VALID_001"),
        (_drop_unit, "E_VALID_001"),
        (_odd_unit, "E_VALID_003"),
        (_median_only, "E_FORMAT_002"),
        (_no_waveform, "E_FORMAT_002"),
        (_mu_law, "E_FORMAT_002"),
        (_short_data, "E_CORRUPT_001"),
    ],
)
def test_dicom_that_cannot_be_read_right_is_refused(dicom_path, tmp_path, edit, code):
    problem = refused(edited(dicom_path, tmp_path, edit), code)
    if edit is _short_data:
        assert problem.seen == "24000 bytes, 1000 samples per channel"
        assert problem.allowed == "240000 bytes, 10000 samples per channel"


def test_dicom_missing_samples_are_nan(dicom_path, tmp_path):
    def edit(dataset):
        group = dataset.WaveformSequence[0]
        group.add_new(0x5400100A, "OW", struct.pack("<h", -32768))
        group.WaveformData = struct.pack("<h", -32768) * 12 + group.WaveformData[24:]

    signal_mv = validate(edited(dicom_path, tmp_path, edit), OPTIONS).data.signal_mv
    assert np.isnan(signal_mv[0]).all()
    assert np.isfinite(signal_mv[1:]).all()


def test_truncated_dicom_is_corrupt(dicom_path, tmp_path):
    path = tmp_path / "cut.dcm"
    path.write_bytes(dicom_path.read_bytes()[:100_000])
    problem = refused(path, "E_CORRUPT_001")
    assert problem.seen.startswith("100000 bytes, with ")
    assert problem.seen.endswith(" of 240000 bytes of waveform")


# WFDB


def write_wfdb(folder, *, record_line="rec 2 500 1000", units="mV", samples=1000, comments=""):
    rng = np.random.default_rng(3)
    digital = rng.integers(-500, 500, (samples, 2)).astype("<i2")
    (folder / "rec.dat").write_bytes(digital.tobytes())
    lines = [record_line, *(f"rec.dat 16 200(10)/{units} 16 0 0 0 0 {name}" for name in ("ii", "V1")), comments]
    (folder / "rec.hea").write_text("\n".join(lines) + "\n")
    return folder / "rec.hea", digital


def test_wfdb_samples_as_computed_by_hand(tmp_path):
    path, digital = write_wfdb(tmp_path, comments="#<age>: 51\n#<sex>: F")
    record = validate(path, OPTIONS).data
    np.testing.assert_allclose(record.signal_mv, (digital - 10.0) / 200.0, atol=1e-6)
    assert (record.leads, record.sampling_rate_hz) == (("II", "V1"), 500.0)
    assert (record.age_years, record.patient_sex) == (51.0, "F")


@pytest.mark.parametrize(
    ("stamp", "started_at"),
    [
        ("2014-05-08 05:05:15", "2014-05-08T05:05:15"),
        ("05:05:15 08/05/2014", "2014-05-08T05:05:15"),
        ("05:05:15", "05:05:15"),
        ("", None),
        ("99:99:99 99/99/2014", None),
    ],
)
def test_wfdb_date_before_time_is_read_too(tmp_path, stamp, started_at):
    path, digital = write_wfdb(tmp_path, record_line=f"rec 2 500 1000 {stamp}")
    record = validate(path, OPTIONS).data
    assert record.started_at == started_at
    assert record.signal_mv.shape == digital.shape


def test_wfdb_short_signal_file_is_refused_with_counts(tmp_path):
    path, _ = write_wfdb(tmp_path, samples=400)
    problem = refused(path, "E_CORRUPT_001")
    assert problem.seen == "1600 bytes, about 400 samples"
    assert problem.allowed == "4000 bytes, 1000 samples"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"record_line": "rec 2"}, "E_VALID_001"),
        ({"record_line": "rec 2 20 1000"}, "E_VALID_002"),
        ({"record_line": "rec/2 2 500 1000"}, "E_FORMAT_002"),
        ({"units": "mmHg"}, "E_VALID_003"),
    ],
)
def test_wfdb_header_that_cannot_be_an_ecg_is_refused(tmp_path, options, code):
    refused(write_wfdb(tmp_path, **options)[0], code)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["A00001", "A00002", "A00003"])
def test_published_cinc_headers_give_the_same_samples_as_the_mended_ones(reference_data, tmp_path, name):
    source = reference_data / "cinc2017"
    (tmp_path / f"{name}.hea").write_bytes((source / "original_headers" / f"{name}.hea").read_bytes())
    (tmp_path / f"{name}.mat").write_bytes((source / f"{name}.mat").read_bytes())
    published, mended = (validate(p / f"{name}.hea", OPTIONS).data for p in (tmp_path, source))
    np.testing.assert_array_equal(published.signal_mv, mended.signal_mv)
    assert published.started_at == mended.started_at


# CSV

ROWS = "\n".join(f"{i * 4},{np.sin(i / 9):.4f},{i % 7 / 10}" for i in range(500))


def write_csv(folder, header, rows=ROWS):
    path = folder / "table.csv"
    path.write_text(f"{header}\n{rows}\n")
    return path


def test_csv_rate_from_the_time_column_and_units_from_the_names(tmp_path):
    record = validate(write_csv(tmp_path, "time_ms,II_mV,V1 [uV]"), OPTIONS).data
    assert (record.leads, record.sampling_rate_hz) == (("II", "V1"), 250.0)
    np.testing.assert_allclose(record.signal_mv[1], [np.sin(1 / 9), 0.1 / 1000], atol=1e-4)


def test_csv_rate_and_unit_from_comments(tmp_path):
    rows = "\n".join(",".join(line.split(",")[1:]) for line in ROWS.splitlines())
    record = validate(write_csv(tmp_path, "# sampling_rate_hz: 500\n# unit: uV\naVR,lead avl", rows), OPTIONS).data
    assert (record.leads, record.sampling_rate_hz) == (("aVR", "aVL"), 500.0)
    assert record.signal_mv[6, 1] == pytest.approx(0.6e-3)


def test_csv_empty_cells_are_missing(tmp_path):
    lines = ROWS.splitlines()
    lines[10] = "40,,0.5"
    record = validate(write_csv(tmp_path, "time_ms,II_mV,V1_mV", "\n".join(lines)), OPTIONS).data
    assert np.isnan(record.signal_mv[10, 0])
    assert np.isfinite(np.delete(record.signal_mv, 10, axis=0)).all()


@pytest.mark.parametrize(
    ("header", "rows", "code"),
    [
        ("time,II_mV,V1_mV", ROWS, "E_VALID_001"),  # a time without its unit
        ("time_ms,II,V1", ROWS, "E_VALID_001"),  # no unit of voltage
        ("time_ms,II [mmHg],V1 [mV]", ROWS, "E_VALID_003"),
        ("time_s,II_mV,V1_mV", ROWS, "E_VALID_002"),  # 0.25 Hz
        ("# sampling_rate_hz: fast\nI_mV,II_mV,V1_mV", ROWS, "E_VALID_002"),
        ("# sampling_rate_hz: 500\ntime_ms,II_mV,V1_mV", ROWS, "E_VALID_002"),  # 500 against 250 Hz
        ("time_ms,II_mV,V1_mV", ROWS.replace("\n400,", "\n4000,"), "E_VALID_002"),  # not even
        ("time_ms,II_mV,V1_mV", ROWS + "\n2000,abc,1", "E_CORRUPT_001"),
        ("time_ms,II_mV", ROWS, "E_CORRUPT_001"),
        ("time_ms,II_V,V1_V", ROWS, "E_VALID_002"),  # volts: 2000 mV
        ("time_ms,II_mV,V1_mV", "\n".join(ROWS.splitlines()[:100]), "E_VALID_002"),  # 0.4 s
        ("a,b,c", ROWS, "E_FORMAT_001"),
    ],
)
def test_csv_that_does_not_say_enough_is_refused(tmp_path, header, rows, code):
    refused(write_csv(tmp_path, header, rows), code)


# every format


def test_size_limits(tmp_path, dicom_path):
    path = tmp_path / "nothing.bin"
    path.touch()
    refused(path, "E_INTAKE_005")
    refused(tmp_path / "absent.bin", "E_INTAKE_006")
    with pytest.raises(StudyError, match="E_HARD_004"):
        validate(dicom_path, Options(max_file_mb=0.1))


def test_lead_names():
    given = ["Lead I (Einthoven)", "aVR, augmented voltage, right", "ECG_V1", "II_mV", "V2 [uV]", "MLII", "vx", "ch0"]
    assert [lead_name(name) for name in given] == ["I", "aVR", "V1", "II", "V2", "MLII", "X", None]
