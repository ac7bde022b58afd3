"""SCP-ECG: round trips through a writer of our own, public samples, and refused files."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats import scp_beats, scp_huffman
from cardio_dagster.modalities.ecg.formats.edf import read_edf
from cardio_dagster.modalities.ecg.formats.scp import read_scp
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster_tests.modalities.ecg.binary_writers import (
    huffman_bits,
    pack_bits,
    scp_file,
    scp_leads,
    scp_samples,
    scp_zones,
    tag,
)

NAMES = ("I", "II", "V1")
N = 1500
DIGITAL = np.cumsum(np.random.default_rng(1).integers(-6, 7, (N, 3)), axis=0)
DEFAULT = struct.pack("<H", scp_huffman.DEFAULT_TABLE)


def write(tmp_path, contents, edit=None):
    data = scp_file(contents)
    path = tmp_path / "x.scp"
    path.write_bytes(edit(data) if edit else data)
    return path


def simple(*, order=0, code=None, digital=DIGITAL, **more):
    tables = {2: DEFAULT} if code else {}
    rhythm = scp_samples(digital.T, step_nv=2500, interval_us=2000, order=order, code=code)
    return {**tables, 3: scp_leads(NAMES, len(digital)), 6: rhythm, **more}


def stored(record, names=NAMES):
    return record.signal_mv[:, [record.leads.index(name) for name in names]]


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("code", [None, huffman_bits])
def test_samples_come_back_from_every_coding(tmp_path, order, code):
    path = write(tmp_path, simple(order=order, code=code))
    assert sniff(path).format == "scp"
    record = read_scp(path)
    assert record.sampling_rate_hz == 500.0
    np.testing.assert_allclose(stored(record), DIGITAL * 0.0025, atol=1e-6)


def test_limb_leads_that_are_left_out_follow_from_two(tmp_path):
    record = read_scp(write(tmp_path, simple()))
    assert record.leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1")
    assert record.notes == ("calculated from I and II: III, aVR, aVL, aVF",)
    np.testing.assert_allclose(stored(record, ["III"])[:, 0], (DIGITAL[:, 1] - DIGITAL[:, 0]) * 0.0025, atol=1e-6)


@settings(max_examples=40)
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=60))
def test_default_codes_hold_any_number(values):
    data = pack_bits("".join(map(huffman_bits, values)))
    assert scp_huffman.decode(data, len(values), (scp_huffman.default_codes(),)).tolist() == values


def own_tables():
    """Return section 2 with two tables: 0 and 1 and a switch in the first; any number of 4 bits, and the way back, in the second."""
    first = [(1, 1, 1, 7, 0b0), (2, 2, 1, -3, 0b01), (2, 2, 0, 2, 0b11)]  # prefixes 0, 10, 11, first bit lowest
    second = [(1, 5, 1, 100, 0b0), (1, 1, 0, 1, 0b1)]
    rows = [struct.pack("<H", len(t)) + b"".join(struct.pack("<BBBhI", *c) for c in t) for t in (first, second)]
    return struct.pack("<H", 2) + b"".join(rows)


def test_tables_of_the_file_and_a_switch_between_them():
    tables = scp_huffman.read_tables(own_tables())
    #        7    -3     to 2   100+5    100-1   to 1   7
    bits = "0" + "10" + "11" + "00101" + "01111" + "1" + "0"
    assert scp_huffman.decode(pack_bits(bits), 5, tables).tolist() == [7, -3, 105, 99, 7]


def thin(samples, protected, factor):
    """Return what bimodal compression keeps: all samples of protected zones, means of `factor` between them, the rest as it is."""
    out, at = [], 0
    for first, last in [*((a - 1, b) for a, b in protected), (len(samples), len(samples))]:
        gap = samples[at:first]
        whole = len(gap) // factor * factor
        out += [round(x) for x in gap[:whole].reshape(-1, factor).mean(axis=1)] + gap[whole:].tolist()
        out += samples[first:last].tolist()
        at = last
    return np.array(out)


@pytest.mark.parametrize("order", [0, 2])
def test_bimodal_compression_and_the_reference_beat_are_undone(tmp_path, order):
    t = np.arange(N)
    beat = np.round(400 * np.exp(-0.5 * ((np.arange(200) - 99) / 6) ** 2)).astype(int)  # 400 ms at 500 Hz, R at 100
    fiducials = [300, 700, 1200]
    slow = np.round(600 * np.sin(2 * np.pi * t / 700)).astype(int)
    whole = slow.copy()
    for at in fiducials:
        whole[at - 100 : at + 100] += beat
    protected = [(at - 30, at + 31) for at in fiducials]
    contents = {
        2: DEFAULT,
        3: scp_leads(("V1",), N, subtracted=True),
        4: scp_zones(400, 100, [(0, at - 99, at, at + 100) for at in fiducials], protected),
        5: scp_samples([beat], step_nv=1000, interval_us=2000, order=order, code=huffman_bits),
        6: scp_samples(
            [thin(slow, protected, 4)], step_nv=1000, interval_us=8000, order=order, bimodal=1, code=huffman_bits
        ),
    }
    record = read_scp(write(tmp_path, contents))
    assert (record.sampling_rate_hz, record.signal_mv.shape) == (500.0, (N, 1))
    np.testing.assert_allclose(
        record.signal_mv[:, 0], whole * 0.001, atol=0.0095
    )  # 1.5 samples of the steepest slope, at the edge of a zone
    zone = slice(protected[1][0] - 1, protected[1][1])
    np.testing.assert_allclose(record.signal_mv[zone, 0], whole[zone] * 0.001, atol=1e-6)


def test_thinned_samples_are_drawn_out_as_the_standard_says():
    """Two samples as the first, lines to the next by quarters, two as the last; what the division leaves is kept as it is."""
    zones = scp_beats.QrsZones(400, 100, (), ((15, 16),))
    got = scp_beats.expand(np.array([10.0, 20, 30, 99, 98, 1, 2, 3, 4, 5]), 1, 19, zones, 4)
    line = [10, 10, 10, 12.5, 15, 17.5, 20, 22.5, 25, 27.5, 30, 30]
    assert got.tolist() == [*line, 99, 98, 1, 2, 3, 4, 5]
    assert scp_beats.n_stored(1, 19, zones, 4) == 10


def test_leads_recorded_one_after_the_other_stay_so(tmp_path):
    contents = simple(digital=DIGITAL[:500])
    contents[3] = scp_leads(NAMES, 500, first=[1, 501, 1001])
    signal_mv = read_scp(write(tmp_path, contents)).signal_mv
    assert np.isfinite(signal_mv).sum() == N
    assert len(signal_mv) == N


@pytest.mark.parametrize(("given", "years"), [((18, 2), 1.5), ((0, 0), 51.0)])
def test_age_as_given_or_from_the_day_of_birth(tmp_path, given, years):
    one = tag(5, struct.pack("<HBB", 1950, 11, 23)) + tag(4, struct.pack("<HB", *given))
    one += tag(25, struct.pack("<HBB", 2002, 11, 22)) + tag(26, bytes([9, 10, 11]))
    record = read_scp(write(tmp_path, simple() | {1: one}))
    assert record.age_years == years
    assert "1950" not in repr(record)


def test_facts_of_patient_and_device_without_names(tmp_path):
    one = tag(0, b"Some\0") + tag(2, b"123456\0") + tag(5, struct.pack("<HBB", 1950, 5, 9))
    one += tag(4, struct.pack("<HB", 52, 1)) + tag(8, b"\1") + tag(25, struct.pack("<HBB", 2002, 11, 22))
    one += tag(26, bytes([9, 10, 11])) + tag(255, b"")
    seven = struct.pack("<BBHH5H3h", 1, 0, 800, 800, 100, 210, 260, 350, 640, 44, -61, 999)
    seven += struct.pack("<H3H", 0, 75, 75, 421)
    texts = [b"Sinus rhythm\0", b"Confirmed by Somebody\0"]
    eight = bytes(8) + bytes([2]) + b"".join(struct.pack("<BH", i, len(x)) + x for i, x in enumerate(texts))
    record = read_scp(write(tmp_path, simple(**{}) | {1: one, 7: seven, 8: eight}))
    assert (record.patient_sex, record.age_years, record.started_at) == ("M", 52.0, "2002-11-22T09:10:11")
    assert record.device_statements == ("Sinus rhythm",)
    assert record.n_device_texts_left_out == 1
    values = {v.name: v.value for v in record.device_values}
    expected = {"p_duration_ms": 110, "pr_ms": 160, "qrs_ms": 90, "qt_ms": 380, "p_axis_deg": 44, "qrs_axis_deg": -61}
    assert values == {**expected, "heart_rate_bpm": 75, "qtc_ms": 421}
    assert "Some" not in repr(record)


def test_values_not_computed_are_left_out(tmp_path):
    seven = struct.pack("<BBHH5H3h", 1, 0, 29999, 29999, 29999, 29999, 260, 350, 29999, 999, 999, 999)
    record = read_scp(write(tmp_path, simple() | {7: seven}))
    assert [v.name for v in record.device_values] == ["qrs_ms"]


def flip(at):
    return lambda data: data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


@pytest.mark.parametrize(
    ("change", "edit", "code"),
    [
        ({}, lambda data: data[:-100], "E_CORRUPT_001"),  # ends early
        ({}, flip(-7), "E_CORRUPT_001"),  # checksum
        ({}, flip(1), "E_CORRUPT_001"),
        ({6: None}, None, "E_FORMAT_002"),
        ({3: bytes([0, 0])}, None, "E_CORRUPT_001"),
        ({3: scp_leads(NAMES, 10**9)}, None, "E_HARD_002"),
        ({3: scp_leads(NAMES, N + 1)}, None, "E_CORRUPT_001"),  # one sample more than there are
        ({3: scp_leads(NAMES, N, first=[1, 1, 10**9])}, None, "E_CORRUPT_001"),
        ({3: scp_leads(NAMES, N, subtracted=True)}, None, "E_CORRUPT_001"),  # without section 4
        ({6: scp_samples(DIGITAL.T, step_nv=0, interval_us=2000)}, None, "E_VALID_002"),
        ({6: scp_samples(DIGITAL.T, step_nv=2500, interval_us=0)}, None, "E_VALID_001"),
        ({6: scp_samples(DIGITAL.T, step_nv=2500, interval_us=60000)}, None, "E_VALID_002"),
        ({6: scp_samples(DIGITAL.T, step_nv=2500, interval_us=2000)[:900]}, None, "E_CORRUPT_001"),
        ({2: DEFAULT, 3: scp_leads(NAMES, 20 * N)}, None, "E_CORRUPT_001"),
        ({2: struct.pack("<HH", 1, 0)}, None, "E_CORRUPT_001"),  # an empty table
        ({2: struct.pack("<HHBBBhI", 1, 1, 1, 1, 0, 9, 0)}, None, "E_CORRUPT_001"),  # a switch to nowhere
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused(tmp_path, change, edit, code):
    contents = {k: v for k, v in {**simple(), **change}.items() if v is not None}
    with pytest.raises(StudyError) as caught:
        read_scp(write(tmp_path, contents, edit))
    assert caught.value.problem.code == code


def test_a_file_that_ends_early_says_how_much_is_there(tmp_path):
    path = write(tmp_path, simple(), lambda data: data[:-100])
    with pytest.raises(StudyError) as caught:
        read_scp(path)
    assert caught.value.problem.seen == f"{path.stat().st_size} bytes"


@pytest.mark.reference
def test_the_same_record_as_scp_and_as_edf(reference_data):
    """The SCP holds 32767 samples, which is what its 16-bit lengths can say; the EDF has 37855, and the digits are the same.

    The millivolts are not: the converter that wrote the EDF said +-1000 mV for +-32768 digits, whatever the device's step was.
    """
    scp = read_scp(reference_data / "formats" / "scp" / "0000050.ECG.scp")
    edf = read_edf(reference_data / "formats" / "edf" / "0000050.ECG.edf")
    assert (scp.leads, scp.sampling_rate_hz, scp.started_at) == (edf.leads, edf.sampling_rate_hz, edf.started_at)
    assert len(scp.signal_mv) == 32767
    digits = np.round((edf.signal_mv[:32767].astype(float) + 1000) / (2000 / 65535)) - 32768
    np.testing.assert_array_equal(np.round(scp.signal_mv / 0.005), digits)


@pytest.mark.reference
def test_a_compressed_sample_obeys_einthoven(reference_data):
    record = read_scp(reference_data / "formats" / "scp" / "Example.scp")
    assert (record.signal_mv.shape, record.sampling_rate_hz, record.patient_sex) == ((5000, 12), 500.0, "M")
    one, two, three = stored(record, ["I", "II", "III"]).T
    np.testing.assert_allclose(one + three, two, atol=1e-6)
    values = {v.name: v.value for v in record.device_values}
    assert (values["pr_ms"], values["qrs_ms"], values["qt_ms"], values["qrs_axis_deg"]) == (148, 120, 420, -61)
