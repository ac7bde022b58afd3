"""WFDB: sample for sample as the wfdb library reads it, in every storage format; dates; segments; refused headers."""

import warnings

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.formats.wfdb import open_wfdb, read_wfdb
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster.modalities.ecg.validate import validate

OPTIONS = Options()
RNG = np.random.default_rng(3)


def refused(path, code):
    with pytest.raises(StudyError) as caught:
        validate(path, OPTIONS)
    assert caught.value.problem.code == code
    assert path.name not in str(caught.value), "a message never carries the file name"
    return caught.value.problem


def write_wfdb(folder, *, record_line="rec 2 500 1000", units="mV", samples=1000, comments="", name="rec"):
    digital = np.random.default_rng(3).integers(-500, 500, (samples, 2)).astype("<i2")
    (folder / f"{name}.dat").write_bytes(digital.tobytes())
    lines = [record_line, *(f"{name}.dat 16 200(10)/{units} 16 0 0 0 0 {lead}" for lead in ("ii", "V1")), comments]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    return folder / f"{name}.hea", digital


def write_lines(folder, lines, data):
    (folder / "r.dat").write_bytes(data)
    (folder / "r.hea").write_text("\n".join(lines) + "\n")
    return folder / "r.hea"


def by_wfdb(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb

        return wfdb.rdrecord(str(path.with_suffix("")), **options).p_signal.astype(np.float32)


def test_samples_as_computed_by_hand(tmp_path):
    path, digital = write_wfdb(tmp_path, comments="#<age>: 51\n#<sex>: F")
    record = validate(path, OPTIONS).data
    np.testing.assert_allclose(record.signal_mv, (digital - 10.0) / 200.0, atol=1e-6)
    assert (record.leads, record.sampling_rate_hz) == (("II", "V1"), 500.0)
    assert (record.age_years, record.patient_sex) == (51.0, "F")


@pytest.mark.parametrize("n_leads", [1, 2, 3])
@pytest.mark.parametrize("storage", ["8", "16", "24", "32", "61", "80", "160", "212", "310", "311"])
def test_every_storage_format_as_wfdb_reads_it(tmp_path, storage, n_leads):
    n = 601
    data = bytearray(RNG.integers(0, 256, 4 * n * n_leads + 16).astype(np.uint8).tobytes())
    data[:24] = b"\x00\x80" * 12  # missing in 16 bits, and something in the others
    lines = [f"r {n_leads} 250 {n}", *(f"r.dat {storage}+4 {100 + i}.5({i})/mV 12 {i}" for i in range(n_leads))]
    path = write_lines(tmp_path, lines, bytes(data))
    expected = by_wfdb(path)
    source = open_wfdb(path)
    np.testing.assert_array_equal(source.read(0, n), expected)
    for start, stop in ((0, 0), (1, 2), (299, 302), (600, 601)):
        np.testing.assert_array_equal(source.read(start, stop), expected[start:stop])


@pytest.mark.parametrize("skews", [(7, 0, 7), (7, 0, 2)])
def test_skewed_signals_are_moved_as_wfdb_moves_them(tmp_path, skews):
    digital = RNG.integers(-500, 500, (400, 3)).astype("<i2")
    path = write_lines(tmp_path, ["r 3 250 400", *(f"r.dat 16:{skew} 200/mV" for skew in skews)], digital.tobytes())
    expected = np.full((400, 3), np.nan, np.float32)
    for i, skew in enumerate(skews):
        expected[: 400 - skew, i] = digital[skew:, i] / 200
    if skews[0] == skews[2]:  # wfdb 4.3 fails where skews differ
        np.testing.assert_array_equal(by_wfdb(path), expected)
    source = open_wfdb(path)
    np.testing.assert_array_equal(source.read(0, 400), expected)
    np.testing.assert_array_equal(source.read(390, 397), expected[390:397])


def test_several_samples_a_frame_keep_their_rate(tmp_path):
    frames = RNG.integers(-500, 500, (300, 9)).astype("<i2")
    lines = [
        "r 3 125 300",
        "r.dat 16x4 200/mV 16 0 0 0 0 II",
        "r.dat 16 10/mmHg 16 0 0 0 0 ABP",
        "r.dat 16x4 200/mV 16 0 0 0 0 V",
    ]
    source = open_wfdb(write_lines(tmp_path, lines, frames.tobytes()))
    assert (source.leads, source.sampling_rate_hz, source.n_samples) == (("II", "lead 2"), 500.0, 1200)
    expected = np.column_stack((frames[:, :4].reshape(-1), frames[:, 5:].reshape(-1))) / 200
    np.testing.assert_allclose(source.read(0, 1200), expected, atol=1e-6)
    np.testing.assert_allclose(source.read(13, 998), expected[13:998], atol=1e-6)


def test_the_length_comes_from_the_file_where_the_header_lacks_it(tmp_path):
    path, digital = write_wfdb(tmp_path, record_line="rec 2 500")
    assert len(read_wfdb(path).signal_mv) == len(digital)


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
def test_date_before_time_is_read_too(tmp_path, stamp, started_at):
    path, digital = write_wfdb(tmp_path, record_line=f"rec 2 500 1000 {stamp}")
    record = validate(path, OPTIONS).data
    assert record.started_at == started_at
    assert record.signal_mv.shape == digital.shape


def test_a_short_signal_file_is_refused_with_counts(tmp_path):
    path, _ = write_wfdb(tmp_path, samples=400)
    problem = refused(path, "E_CORRUPT_001")
    assert problem.seen == "1600 bytes, about 400 samples"
    assert problem.allowed == "4000 bytes, 1000 samples"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"record_line": "rec 2"}, "E_VALID_001"),
        ({"record_line": "rec 2 20 1000"}, "E_VALID_002"),
        ({"record_line": "rec 2 1e300 1000"}, "E_VALID_002"),
        ({"record_line": "rec 2 500 1000000000"}, "E_CORRUPT_001"),
        ({"units": "mmHg"}, "E_VALID_003"),
    ],
)
def test_a_header_that_cannot_be_an_ecg_is_refused(tmp_path, options, code):
    refused(write_wfdb(tmp_path, **options)[0], code)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["r 1 500 1000", "r.dat 16"], "E_VALID_001"),  # no gain
        (["r 1 500 1000", "r.dat 16 0/mV"], "E_VALID_001"),
        (["r 1 500 1000", "r.dat 16 1e-300/mV"], "E_VALID_002"),
        (["r 1 500 1000", "r.dat 16:2000000000 200/mV"], "E_VALID_002"),
        (["r 1 500 1000", "r.dat 17 200/mV"], "E_FORMAT_002"),
        (["r 2 500 400", "r.dat 16 200/mV", "r.dat 16x2 200/mV"], "E_FORMAT_002"),  # two rates
        (["r 2 500 400", "r.dat 16 200/mV", "r.dat 212 200/mV"], "E_FORMAT_002"),
        (["r 1 500 1000", "r.dat 16x0 200/mV"], "E_CORRUPT_001"),
        (["r 1 500", "r.dat 310 200/mV"], "E_VALID_001"),
        (["r 1 500 1000", "r.dat 516 200/mV"], "E_CORRUPT_001"),  # no FLAC
    ],
)
def test_a_signal_line_that_cannot_be_is_refused(tmp_path, lines, code):
    with pytest.raises(StudyError) as caught:
        read_wfdb(write_lines(tmp_path, lines, bytes(4000)))
    assert caught.value.problem.code == code


def segments(tmp_path, *lines, rate="500"):
    one = write_wfdb(tmp_path, name="one", record_line="one 2 500 1000", comments="#<sex>: F")[1]
    two = write_wfdb(tmp_path, name="two", record_line=f"two 2 {rate} 600", samples=600)[1]
    (tmp_path / "all.hea").write_text("\n".join([f"all/{len(lines)} 2 500 1900 10:00:00", *lines]) + "\n")
    return tmp_path / "all.hea", (np.concatenate((one, np.full((300, 2), np.nan), two)) - 10) / 200


def test_segments_of_one_layout_are_one_record(tmp_path):
    path, expected = segments(tmp_path, "one 1000", "~ 300", "two 600")
    assert {c.name for c in sniff(path).companions} == {"one.hea", "one.dat", "two.hea", "two.dat"}
    source = open_wfdb(path)
    assert (source.n_samples, source.patient_sex, source.started_at) == (1900, "F", "10:00:00")
    np.testing.assert_allclose(source.read(0, 1900), expected, atol=1e-6)
    np.testing.assert_allclose(source.read(990, 1305), expected[990:1305], atol=1e-6)


@pytest.mark.parametrize(
    ("lines", "options", "code"),
    [
        (["one 1000", "two 600"], {"rate": "250"}, "E_FORMAT_002"),
        (["one 0", "two 600"], {}, "E_FORMAT_002"),  # a layout segment
        (["one 1000", "two 601"], {}, "E_CORRUPT_001"),
        (["one 1000", "three 600"], {}, "E_CORRUPT_001"),
        (["all 1000", "two 600"], {}, "E_FORMAT_002"),  # itself
        (["one 1000", "~ 900000000"], {}, "E_VALID_002"),
        (["~ 1000"], {}, "E_FORMAT_002"),
        (["../one 1000"], {}, "E_CORRUPT_001"),
    ],
)
def test_segments_that_do_not_fit_are_refused(tmp_path, lines, options, code):
    path, _ = segments(tmp_path, *lines, **options)
    with pytest.raises(StudyError) as caught:
        open_wfdb(path)
    assert caught.value.problem.code == code


@pytest.mark.reference
@pytest.mark.parametrize("name", ["A00001", "A00002", "A00003"])
def test_published_cinc_headers_give_the_same_samples_as_the_mended_ones(reference_data, tmp_path, name):
    source = reference_data / "cinc2017"
    (tmp_path / f"{name}.hea").write_bytes((source / "original_headers" / f"{name}.hea").read_bytes())
    (tmp_path / f"{name}.mat").write_bytes((source / f"{name}.mat").read_bytes())
    published, mended = (validate(p / f"{name}.hea", OPTIONS).data for p in (tmp_path, source))
    np.testing.assert_array_equal(published.signal_mv, mended.signal_mv)
    assert published.started_at == mended.started_at


@pytest.mark.reference
@pytest.mark.parametrize("name", ["ludb/data/1", "mitdb/106", "cinc2017/A00001"])
def test_public_records_as_wfdb_reads_them(reference_data, name):
    path = reference_data / f"{name}.hea"
    np.testing.assert_array_equal(read_wfdb(path).signal_mv, by_wfdb(path))
