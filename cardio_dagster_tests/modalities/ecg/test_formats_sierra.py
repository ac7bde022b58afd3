"""Philips Sierra XML: exact samples in every encoding, limb leads, refused damage, golden samples of an independent decoder."""

import base64
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.sierra import read_sierra
from cardio_dagster.modalities.ecg.formats.sierra_xli import decode_xli, unpack_lzw

from .xml_writers import NAMES_8, NAMES_12, base64_of, limb_remainders, sierra, sierra_waveform, some_steps, xli

STEPS = some_steps(1000, 12)
COMPRESSED = xli(limb_remainders(STEPS))
SAID = (
    "<samplingrate>500</samplingrate><signalresolution>5</signalresolution><numberchannelsallocated>12</numberchannelsallocated>"
    "<acquisitiontype>STD-12</acquisitiontype><bitspersample>16</bitspersample><signaloffset>0</signaloffset><signalsigned>True</signalsigned>"
)
FACTS = """<patient><generalpatientdata><name><lastname>Body</lastname></name><age defaultage="50"><dateofbirth>1976-03-01</dateofbirth>
</age><sex>Female</sex></generalpatientdata></patient><interpretations><interpretation><globalmeasurements><heartrate>41</heartrate>
<print>144</print><qtcb>466</qtcb><qtcf>497</qtcf><pfrontaxis>Failed</pfrontaxis><pdur>508</pdur></globalmeasurements>
<mdsignatureline>Confirmed by: Some Body</mdsignatureline><severity>- ABNORMAL ECG -</severity>
<statement><leftstatement>SINUS BRADYCARDIA</leftstatement><rightstatement>V-rate&lt;60</rightstatement></statement>
<statement><leftstatement>ASK SOME BODY</leftstatement><rightstatement/></statement></interpretation></interpretations>"""
OLD = dict.fromkeys(
    (
        "numberofleads",
        "leadlabels",
        "samplespersecond",
        "resolution",
        "signaloffset",
        "signalsigned",
        "bitspersample",
    )
)


@pytest.fixture
def read(tmp_path):
    def _read(waveform, **parts):
        path = tmp_path / "a.xml"
        path.write_bytes(sierra(waveform, **parts).encode("utf-16"))
        return read_sierra(path)

    return _read


def same(record, steps):
    return np.array_equal(record.signal_mv, (steps * 0.005).astype(np.float32))


def test_compressed_1_04_is_exact(read):
    record = read(sierra_waveform(COMPRESSED))
    assert (record.format, record.leads, record.sampling_rate_hz) == ("sierra", NAMES_12, 500.0)
    assert same(record, STEPS)
    assert (record.started_at, record.notes) == ("2024-02-29T13:14:15", ())


def test_compressed_1_03_has_its_facts_elsewhere(read):
    old = OLD | {"compression": None, "compressflag": "True", "compressmethod": "XLI"}
    record = read(sierra_waveform(COMPRESSED, **old), said=SAID)
    assert record.leads == NAMES_12
    assert same(record, STEPS)


@pytest.mark.parametrize("encoding", ["Base64", "Plain"])
def test_uncompressed_leads_stand_one_after_the_other_as_they_are(read, encoding):
    text = base64_of(STEPS.T) if encoding == "Base64" else " ".join(map(str, STEPS.T.ravel()))
    for off in (
        {"compression": None},
        {"compression": "Uncompressed"},
        {"compressflag": "False", "compressmethod": "XLI"},
    ):
        assert same(read(sierra_waveform(text, dataencoding=encoding, **off)), STEPS)


def test_eight_channels_get_their_limb_leads(read):
    eight = STEPS[:, [NAMES_12.index(n) for n in NAMES_8]]
    record = read(sierra_waveform(xli(eight), numberofleads=8, leadlabels=" ".join(NAMES_8)))
    assert record.leads == NAMES_12
    assert np.array_equal(record.signal_mv[:, 3], (-(eight[:, 0] + eight[:, 1]) * 0.0025).astype(np.float32))
    assert record.notes == ("calculated from I and II: III, aVR, aVL, aVF",)


def test_channels_beyond_the_leads_are_not_read(read):
    more = np.column_stack((limb_remainders(STEPS), np.zeros((1000, 4), dtype=int)))
    assert same(read(sierra_waveform(xli(more))), STEPS)


def test_the_calibration_pulse_is_cut_off(read):
    pulse = np.repeat([0, 200, 0], (20, 100, 20))[:, None] * np.ones(12, dtype=int)
    record = read(sierra_waveform(xli(limb_remainders(np.vstack((STEPS, pulse)))), durationperchannel=2280))
    assert same(record, STEPS)
    assert record.notes == ("the calibration pulse at the end was left out",)


def test_representative_beats_are_never_read(read):
    beats = sierra_waveform(COMPRESSED).replace("parsedwaveforms", "repbeats")
    with pytest.raises(StudyError, match="E_FORMAT_002"):
        read(beats)


def test_facts_without_names(read):
    record = read(sierra_waveform(COMPRESSED), rest=FACTS)
    assert (record.patient_sex, record.age_years) == ("F", 47.0)
    assert {v.name: v.value for v in record.device_values} == {
        "heart_rate_bpm": 41,
        "pr_ms": 144,
        "qtc_bazett_ms": 466,
        "qtc_fridericia_ms": 497,
    }
    assert (record.device_statements, record.n_device_texts_left_out) == (
        ("SINUS BRADYCARDIA (V-rate<60)", "ABNORMAL ECG"),
        1,
    )
    assert record.notes == ("1 printed number without unit or not possible left out",)
    assert "BODY" not in repr(record).upper()
    assert "1976" not in repr(record)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"samplespersecond": None}, "E_VALID_001"),
        ({"samplespersecond": 0}, "E_VALID_002"),
        ({"samplespersecond": "nan"}, "E_VALID_001"),
        ({"resolution": None}, "E_VALID_001"),
        ({"resolution": 0}, "E_VALID_002"),
        ({"durationperchannel": None}, "E_VALID_001"),
        ({"durationperchannel": -1}, "E_VALID_002"),
        ({"durationperchannel": 10**9}, "E_HARD_004"),
        ({"durationperchannel": 1990}, "E_CORRUPT_001"),
        ({"durationperchannel": 2002}, "E_CORRUPT_001"),
        ({"numberofleads": 13}, "E_VALID_002"),
        ({"numberofleads": 0}, "E_VALID_002"),
        ({"numberofleads": 16, "leadlabels": None}, "E_CORRUPT_001"),
        ({"bitspersample": 32}, "E_FORMAT_002"),
        ({"signaloffset": 5}, "E_FORMAT_002"),
        ({"signalsigned": "False"}, "E_FORMAT_002"),
        ({"dataencoding": "Hex"}, "E_FORMAT_002"),
        ({"compression": "ZIP"}, "E_FORMAT_002"),
        ({"compression": None, "durationperchannel": 9000}, "E_CORRUPT_001"),
    ],
)
def test_what_cannot_be_right_is_refused(read, changes, code):
    with pytest.raises(StudyError, match=code):
        read(sierra_waveform(COMPRESSED, **changes))


def test_two_sampling_rates_are_refused(read):
    with pytest.raises(StudyError, match="500 and 250"):
        read(sierra_waveform(COMPRESSED), said="<samplingrate>250</samplingrate>")


def test_damaged_compression_is_refused():
    data = base64.b64decode(COMPRESSED)
    for broken in (data[:100], data[: len(data) // 2], b"", b"\xff" * 40, data[:4] + data[5:]):
        with pytest.raises(StudyError, match="E_CORRUPT_001"):
            decode_xli(broken, n_leads=12, n_samples=1000)


def test_a_text_that_swells_is_stopped():
    bomb = bytes.fromhex("00" * 2) + bytes(200_000)  # the code 0 for ever: cheap, so its length must be what stops it
    assert unpack_lzw(bomb, max_bytes=1000) is None


@settings(max_examples=25)
@given(st.lists(st.integers(-2000, 2000), min_size=4, max_size=300))
def test_channels_round_trip(values):
    column = np.array(values)[:, None]
    data = base64.b64decode(xli(column))
    assert np.array_equal(decode_xli(data, n_leads=1, n_samples=len(values)), column)


@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_no_bytes_end_in_another_error(data):
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        decode_xli(data, n_leads=2, n_samples=400)


# sha256 of the little-endian 16-bit samples by sierraecg 0.4.0 (PyPI), up to the calibration pulse
@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "n_samples", "digest", "row_4000"),
    [
        (
            "129DYPRG.XML",
            5264,
            "e4646f7a35e0abedd0af1d16bd7581418471d6710df642ed7cb24f1d942cb828",
            [-11, -19, -7, 14, -1, -13, 1, -1, -4, -4, -7, -7],
        ),
        (
            "repbeats_example.xml",
            5264,
            "e4646f7a35e0abedd0af1d16bd7581418471d6710df642ed7cb24f1d942cb828",
            [-11, -19, -7, 14, -1, -13, 1, -1, -4, -4, -7, -7],
        ),
        (
            "ad4d3d80-d165_1-04_orig.xml",
            5300,
            "1295684dab264dbd2e6a9ff27e7a346b05c3354195d8bc94f05c9a61c4b41812",
            [4, 0, -4, -2, 4, -1, -43, 265, -1200, 133, -14, 6],
        ),
    ],
)
def test_samples_are_those_of_an_independent_decoder(reference_data, name, n_samples, digest, row_4000):
    record = read_sierra(reference_data / "formats/philips_sierra_xml" / name)
    steps = np.round(record.signal_mv / 0.005).astype("<i2")
    assert (record.leads, steps.shape, record.sampling_rate_hz) == (NAMES_12, (n_samples, 12), 500.0)
    assert steps[4000].tolist() == row_4000
    assert hashlib.sha256(steps.tobytes()).hexdigest() == digest


@pytest.mark.reference
def test_printed_numbers_of_the_samples(reference_data):
    folder = reference_data / "formats/philips_sierra_xml"
    old, new = read_sierra(folder / "129DYPRG.XML"), read_sierra(folder / "ad4d3d80-d165_1-04_orig.xml")
    printed = {"heart_rate_bpm": 41, "pr_ms": 151, "qrs_ms": 135, "qt_ms": 476, "qtc_ms": 393, "qrs_axis_deg": -21}
    assert {v.name: v.value for v in old.device_values if v.name in printed} == printed
    assert (old.age_years, old.patient_sex, old.device_statements[0]) == (50.0, "M", "Sinus bradycardia (rate< 50)")
    printed = {
        "pr_ms": 144,
        "qrs_ms": 102,
        "qt_ms": 564,
        "qtc_bazett_ms": 466,
        "qtc_fridericia_ms": 497,
        "qrs_axis_deg": 85,
    }
    assert {v.name: v.value for v in new.device_values if v.name in printed} == printed
    assert (new.age_years, new.patient_sex) == (32.0, "F")
    assert "Masoudi" not in repr(new)
