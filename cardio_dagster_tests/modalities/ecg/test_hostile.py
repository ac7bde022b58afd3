"""Recordings that are no ECG, stop being one, or carry what must not be passed on."""

import numpy as np
import pydicom
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Grade
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import BRANCH
from cardio_dagster.modalities.ecg.formats.device_words import is_device_statement
from cardio_dagster.modalities.ecg.formats.leads import lead_names, millivolts_per
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster_tests.modalities.ecg.synthetic import beat_times, record

FS = 500.0
T_S = np.arange(5000) / FS
GAINS = np.random.default_rng(0).uniform(0.3, 1.0, (1, 12))
VF = np.sin(2 * np.pi * 5 * T_S + 2 * np.sin(2 * np.pi * 0.3 * T_S)) * (1 + 0.3 * np.sin(np.pi * T_S))
RNG = np.random.default_rng(1)
NO_ECG = {
    "white noise": RNG.normal(0, 0.1, (5000, 12)),
    "quiet noise": RNG.normal(0, 0.006, (5000, 12)),
    "hum": 0.2 * np.sin(2 * np.pi * 16.67 * T_S)[:, None] * GAINS,
    "fibrillation": 0.5 * VF[:, None] * GAINS,
    "asystole": 0.03 * np.sin(2 * np.pi * 0.3 * T_S)[:, None] * GAINS + RNG.normal(0, 0.004, (5000, 12)),
}


def with_signal(signal_mv):
    plain = record()
    return type(plain)("test", plain.leads, signal_mv.astype(np.float32), FS)


@pytest.mark.parametrize("gap", [0.0, np.nan])
def test_a_gap_of_two_seconds_loses_only_the_beats_in_it(gap, run):
    x = record(noise_mv=0.0)
    x.signal_mv[2000:3000] = gap
    _, found, _ = run(x)
    assert len(found.beat_time_s) >= 8


@pytest.mark.parametrize("kind", NO_ECG)
def test_what_is_no_ecg_gets_no_rate_and_is_held(kind, run, values):
    prepared, _, analysis = run(with_signal(NO_ECG[kind]))
    got = values(analysis)
    assert {name for name, value in got.items() if value is not None} == set()
    assert analysis.findings[0].code in {"ECG_NO_BEATS", "ECG_CHAOTIC"}
    assert analysis.findings[0].grade is Grade.CRITICAL
    assert not {"ECG_PVC", "ECG_PAC", "ECG_AFIB", "ECG_SINUS"} & {f.code for f in analysis.findings}
    assert not all(v.passed for v in BRANCH.detect(prepared, Options()).verdicts)


def test_a_low_voltage_ecg_keeps_its_beats(run):
    x = record(noise_mv=0.002)
    x.signal_mv[:] *= 0.15
    assert len(run(x)[1].beat_time_s) == len(beat_times(10.0, 72))


@pytest.mark.parametrize(
    ("times", "grade"),
    [
        (np.arange(0.5, 4.0, 0.8), Grade.CRITICAL),
        (np.arange(6.0, 9.8, 0.8), Grade.CRITICAL),
        (np.concatenate((np.arange(0.5, 4.0, 0.8), np.arange(6.3, 9.8, 0.8))), Grade.ABNORMAL),
    ],
)
def test_a_silence_is_stated_wherever_it_lies(times, grade, run):
    _, _, analysis = run(record(times_s=times))
    assert {f.code: f.grade for f in analysis.findings}["ECG_PAUSE"] is grade


def test_a_steady_rhythm_has_no_pause(run):
    assert "ECG_PAUSE" not in {f.code for f in run(record(bpm=45))[2].findings}


@pytest.mark.parametrize("times", [[4.0], [0.8, 1.4]])
def test_one_or_two_beats_make_no_rate(times, run, values):
    _, found, analysis = run(record(times_s=np.array(times)))
    assert 1 <= len(found.beat_time_s) <= 2
    got = values(analysis)
    assert (got["heart_rate_bpm"], got["qtc_fridericia_ms"]) == (None, None)
    assert {f.code: f.grade for f in analysis.findings}["ECG_PAUSE"] is Grade.CRITICAL


def test_one_impossible_sample_changes_nothing(run, values):
    x = record()
    plain = values(run(record())[2])
    x.signal_mv[2500] = 90.0
    step = BRANCH.preprocess(x, Options())
    assert [p.seen for p in step.problems] == ["12 samples"]
    got = values(run(x)[2])
    for name in ("heart_rate_bpm", "qt_ms", "qtc_fridericia_ms"):
        assert got[name] == pytest.approx(plain[name], abs=4)


def wfdb_files(folder, signal_name, storage=16):
    samples = (record(leads=("II",)).signal_mv[:, 0] * 200).astype("<i2").tobytes()
    (folder / signal_name).write_bytes(samples)
    (folder / "rec.hea").write_text(f"rec 1 500 5000\n{signal_name} {storage} 200/mV 16 0 0 0 0 II\n")
    return samples


def test_a_signal_file_named_like_a_header_is_refused_and_left_alone(tmp_path):
    samples = wfdb_files(tmp_path, "record.hea")
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        validate(tmp_path / "rec.hea", Options())
    assert (tmp_path / "record.hea").read_bytes() == samples


def test_a_staged_header_never_writes_through_a_link(tmp_path, monkeypatch):
    samples = wfdb_files(tmp_path, "headerfixed.hea", storage=516)  # FLAC, which is left to wfdb
    monkeypatch.setattr("cardio_dagster.modalities.ecg.formats.wfdb_library.secrets.token_hex", lambda _: "fixed")
    monkeypatch.setattr("cardio_dagster.modalities.ecg.formats.wfdb_header._is_signal_name", lambda _: True)
    with pytest.raises(FileExistsError):
        validate(tmp_path / "rec.hea", Options())
    assert (tmp_path / "headerfixed.hea").read_bytes() == samples


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("NORMAL SINUS RHYTHM", True), ("RITMO SINUSALE", True), ("Left bundle branch block, QRS 142 ms", True),
        ("Confirmed by: Somebody", False), ("Patient: Some, Body DOB 19500102", False), ("19500102", False), ("", False),
        ("normal\x07 ecg", False), ("<script>", False),
    ],
)  # fmt: skip
def test_only_ecg_words_of_a_device_are_passed_on(text, kept):
    assert is_device_statement(text) is kept


def test_what_a_device_wrote_freely_is_counted_not_shown(dicom_path, tmp_path):
    dataset = pydicom.dcmread(dicom_path)
    texts = [item for item in dataset.WaveformAnnotationSequence if item.get("UnformattedTextValue")]
    texts[0].UnformattedTextValue = "Confirmed by: Somebody"
    dataset.WaveformSequence[0].ChannelDefinitionSequence[0].ChannelSourceSequence[0].CodeMeaning = "Somebody"
    dataset.save_as(tmp_path / "x.dcm")
    got = validate(tmp_path / "x.dcm", Options()).data
    assert got.device_statements == ("ECG NORMALE",)
    assert got.n_device_texts_left_out == 1
    assert got.leads[:2] == ("lead 1", "II")


def test_unknown_leads_and_units_are_not_echoed(tmp_path):
    assert lead_names(["Some Body", "v1", "V1", "\x07"]) == ("lead 1", "V1", "V1#2", "lead 4")
    with pytest.raises(StudyError) as caught:
        millivolts_per("Somebody", where="signal 1")
    assert "Somebody" not in str(caught.value)
    path = tmp_path / "x.csv"
    path.write_text("# sampling_rate_hz: 100\nII_mV,ECG Some Body\n" + "0.1,0.2\n" * 300)
    assert BRANCH.sniff(path) is None


def test_control_characters_never_reach_the_figure(run):
    _, _, analysis = run(record(leads=("V\x07\x0b",)))
    assert all(c.isprintable() for c in analysis.figures[0].svg)
