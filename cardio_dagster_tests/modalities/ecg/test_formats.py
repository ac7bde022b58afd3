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
