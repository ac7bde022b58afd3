"""EDF, EDF+ and BDF: against edfio as an independent reader, gaps in their true place, refused files."""

import datetime

import edfio
import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.edf import open_edf, read_edf
from cardio_dagster.modalities.ecg.sniff import sniff

RATE = 250
RNG = np.random.default_rng(2)


def one(label, n=2500, *, rate=RATE, unit="mV", span=(-5, 5)):
    return edfio.EdfSignal(
        RNG.uniform(-1, 1, n),
        rate,
        label=label,
        physical_dimension=unit,
        physical_range=span,
        digital_range=(-32000, 32767),
    )


def write(tmp_path, signals, **more):
    path = tmp_path / "x.edf"
    edfio.Edf(signals, **more).write(path)
    return path


def test_samples_agree_with_edfio(tmp_path):
    path = write(tmp_path, [one("ECG I"), one("EKG V1", unit="uV", span=(-3000, 2000)), one("ECG LL-RA", span=(-3, 2))])
    record = read_edf(path)
    assert (record.leads, record.sampling_rate_hz) == (("I", "V1", "II"), 250.0)
    signals = edfio.read_edf(path).signals
    expected = np.column_stack([s.data * (0.001 if s.physical_dimension == "uV" else 1) for s in signals])
    np.testing.assert_allclose(record.signal_mv, expected, atol=1e-6)


def test_other_signals_beside_the_ecg_are_left_out(tmp_path):
    others = [
        one("Resp", rate=25, n=250, unit="L"),
        one("EEG C3-A2", unit="uV"),
        one("X", unit="g"),
        one("Pleth", unit="mV"),
    ]
    note = edfio.EdfAnnotation(3, None, "Somebody woke")
    path = write(tmp_path, [others[0], one("II"), *others[1:]], annotations=[note])
    assert sniff(path).format == "edf"
    record = read_edf(path)
    assert record.leads == ("II",)
    assert "Somebody" not in repr(record)
    ours = edfio.read_edf(path).get_signal("II").data
    np.testing.assert_allclose(record.signal_mv[:, 0], ours, atol=1e-6)


def test_of_several_sampling_rates_the_one_of_most_leads_is_taken(tmp_path):
    record = read_edf(write(tmp_path, [one("ECG I"), one("ECG V1", rate=500, n=5000), one("ECG II")]))
    assert (record.leads, record.sampling_rate_hz, len(record.signal_mv)) == (("I", "II"), 250.0, 2500)


def test_channels_without_names_are_taken_when_there_is_nothing_else(tmp_path):
    assert read_edf(write(tmp_path, [one("ch 1"), one("ch 2")])).leads == ("lead 1", "lead 2")
    path = write(tmp_path, [one("ch 1"), one("EEG Cz")])
    assert sniff(path) is None


@pytest.mark.parametrize(("unit", "per_mv"), [("V", 1000.0), ("mV", 1.0), ("uV", 0.001), ("nV", 1e-6)])
def test_every_unit_of_voltage(tmp_path, unit, per_mv):
    path = write(tmp_path, [one("ECG", unit=unit)])
    expected = edfio.read_edf(path).signals[0].data * per_mv
    np.testing.assert_allclose(read_edf(path).signal_mv[:, 0], expected, rtol=1e-4, atol=2e-4 * per_mv)


def test_patient_and_start_of_edf_plus(tmp_path):
    patient = edfio.Patient(code="C7", sex="F", birthdate=datetime.date(1950, 5, 9), name="Some_Body")
    recording = edfio.Recording(startdate=datetime.date(2002, 5, 8))
    path = write(tmp_path, [one("I")], patient=patient, recording=recording, starttime=datetime.time(9, 10, 11))
    record = read_edf(path)
    assert (record.patient_sex, record.age_years) == ("F", 51.0)  # a day before the birthday
    assert record.started_at == "2002-05-08T09:10:11"
    assert "Some" not in repr(record)
    assert "1950" not in repr(record)


def test_a_day_that_is_hidden_is_not_passed_on(tmp_path):
    path = write(tmp_path, [one("I")], starttime=datetime.time(9, 10, 11))  # Startdate X, 01.01.85
    assert read_edf(path).started_at == "09:10:11"
    plain = bytearray(path.read_bytes())
    plain[88:168] = b" " * 80
    plain[168:184] = b"02.03.8400.00.00"
    path.write_bytes(plain)
    assert read_edf(path).started_at == "2084-03-02T00:00:00"
    plain[168:176] = b"31.02.05"
    path.write_bytes(plain)
    assert read_edf(path).started_at is None


def discontinuous(tmp_path, onsets, *, n=2500):
    """Return an EDF+D of 1 s records that begin at the given seconds, and the samples of its one lead."""
    path = write(tmp_path, [one("I", n=n)], annotations=[edfio.EdfAnnotation(0, None, "x")], data_record_duration=1)
    samples = edfio.read_edf(path).signals[0].data
    data = bytearray(path.read_bytes().replace(b"EDF+C", b"EDF+D", 1))
    header_bytes = int(data[184:192])
    record_bytes = (len(data) - header_bytes) // len(onsets)
    for i, onset in enumerate(onsets):
        at = header_bytes + i * record_bytes + 2 * RATE
        size = record_bytes - 2 * RATE
        data[at : at + size] = f"+{onset:g}\x14\x14\0".encode().ljust(size, b"\0")
    path.write_bytes(data)
    return path, samples


def test_gaps_of_edf_plus_d_are_missing_at_their_time(tmp_path):
    onsets = [0, 1, 2, 3, 10.5, 11.5, 12.5, 13.5, 20, 21]
    path, samples = discontinuous(tmp_path, onsets)
    source = open_edf(path)
    assert source.n_samples == 22 * RATE
    whole = source.read(0, source.n_samples)[:, 0]
    for i, onset in enumerate(onsets):
        piece = slice(round(onset * RATE), round(onset * RATE) + RATE)
        np.testing.assert_allclose(whole[piece], samples[i * RATE : (i + 1) * RATE], atol=1e-6)
    assert np.isnan(whole).sum() == 12 * RATE
    for start, stop in ((0, 1), (990, 1010), (700, 4000), (2624, 2626), (5400, 5500), (1100, 1100)):
        np.testing.assert_array_equal(source.read(start, stop)[:, 0], whole[start:stop])


@pytest.mark.parametrize(
    ("onsets", "code"), [([*range(9), 90000], "E_VALID_002"), ([0, 1, 2, 3, 4, 5, 6, 7, 8, 7.5], "E_CORRUPT_001")]
)
def test_times_of_records_that_cannot_be_are_refused(tmp_path, onsets, code):
    path, _ = discontinuous(tmp_path, onsets)
    with pytest.raises(StudyError, match=code):
        open_edf(path)


def test_bdf_has_samples_of_three_bytes(tmp_path):
    digital = RNG.integers(-(1 << 23), 1 << 23, 500)
    path = write(tmp_path, [one("I", n=500)])
    data = bytearray(path.read_bytes()[:512])
    data[:8] = b"\xffBIOSEMI"
    place = {"digital": 256 + 16 + 80 + 8 + 16, "physical": 256 + 16 + 80 + 8, "unit": 256 + 16 + 80}
    data[place["digital"] : place["digital"] + 16] = b"-83886088388607 "
    data[place["physical"] : place["physical"] + 16] = b"-8388.608388.607"
    data[place["unit"] : place["unit"] + 8] = b"uV      "
    path.write_bytes(bytes(data) + digital.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes())
    np.testing.assert_allclose(read_edf(path).signal_mv[:, 0], digital * 1e-6, atol=1e-5)


def field(at, text):
    """Return an edit of the header's field of 8 characters at `at`."""
    return lambda data: data[:at] + text.ljust(8).encode() + data[at + 8 :]


UNIT, LOW, HIGH, DIGITAL_LOW, DIGITAL_HIGH, COUNT = (256 + 96 + 8 * i for i in (0, 1, 2, 3, 4, 5 + 10))


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (field(236, "1000000"), "E_CORRUPT_001"),  # more records than there are
        (field(244, "0"), "E_VALID_001"),
        (field(244, "1000"), "E_VALID_002"),
        (field(COUNT, "99999999"), "E_VALID_002"),
        (field(COUNT, "-5"), "E_CORRUPT_001"),
        (field(252, "9999"), "E_CORRUPT_001"),
        (field(UNIT, "mmHg"), "E_VALID_003"),
        (field(UNIT, ""), "E_VALID_001"),
        (field(LOW, "5"), "E_VALID_002"),
        (field(LOW, "x"), "E_VALID_001"),
        (field(DIGITAL_LOW, "32767"), "E_VALID_002"),
        (field(HIGH, "1e9"), "E_VALID_002"),
        (field(256, "EEG Cz"), "E_FORMAT_002"),
        (lambda data: data[:-300], "E_CORRUPT_001"),
        (lambda data: data[:300], "E_CORRUPT_001"),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path, edit, code):
    path = write(tmp_path, [one("ECG II")])
    path.write_bytes(edit(path.read_bytes()))
    with pytest.raises(StudyError) as caught:
        read_edf(path)
    assert caught.value.problem.code == code


def test_a_range_from_high_to_low_turns_the_signal_over(tmp_path):
    path = write(tmp_path, [one("ECG II")])
    upright = read_edf(path).signal_mv
    path.write_bytes(field(HIGH, "-5")(field(LOW, "5")(path.read_bytes())))
    np.testing.assert_allclose(read_edf(path).signal_mv, -upright, atol=1e-6)


def test_a_recorder_that_did_not_count_its_records(tmp_path):
    path = write(tmp_path, [one("ECG II")])
    path.write_bytes(field(236, "-1")(path.read_bytes()))
    assert len(read_edf(path).signal_mv) == 2500
