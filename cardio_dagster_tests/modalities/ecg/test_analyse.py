import dataclasses
import subprocess
import sys
import xml.etree.ElementTree as ET

import msgspec
import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Grade, Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import BRANCH
from cardio_dagster.modalities.ecg.document import describe
from cardio_dagster.modalities.ecg.hrv import measure_hrv
from cardio_dagster.modalities.ecg.intervals import correct_qt
from cardio_dagster.modalities.ecg.rhythm import Rhythm
from cardio_dagster.modalities.ecg.statements import state
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster_tests.modalities.ecg.synthetic import beat_times, record

SINUS = Rhythm("sinus", 0.9, 0.02, 1.0)


def measured(name, value, low=None, high=None):
    return Measurement(name, name, value, "ms", "test", low, high)


def codes(*measurements, rhythm=SINUS, sex=None, types=("N",) * 10):
    return {f.code: f.grade for f in state(measurements, rhythm, types, sex=sex, recording_id="r1")}


def test_qtc_by_hand():
    got = correct_qt(qt_ms=360.0, rr_ms=640.0)
    assert got.bazett_ms == pytest.approx(450.0)  # 360 / 0.8
    assert got.fridericia_ms == pytest.approx(417.7, abs=0.1)  # 360 / 0.8618
    assert got.framingham_ms == pytest.approx(415.44)  # 360 + 154 * 0.36
    assert got.hodges_ms == pytest.approx(419.06, abs=0.01)  # 360 + 1.75 * 33.75


@pytest.mark.parametrize(
    ("qtc_ms", "sex", "code"),
    [
        (449, "M", None), (450, "M", "ECG_QTC_LONG"), (459, "F", None), (460, "F", "ECG_QTC_LONG"), (450, None, "ECG_QTC_LONG"),
        (499, "F", "ECG_QTC_LONG"), (500, "F", "ECG_QTC_CRITICAL"), (391, "M", None), (390, "M", "ECG_QTC_SHORT"),
    ],
)  # fmt: skip
def test_qtc_limits_by_sex(qtc_ms, sex, code):
    got = {c for c in codes(measured("qtc_fridericia_ms", float(qtc_ms)), sex=sex) if "QTC" in c}
    assert got == ({code} if code else set())


def test_a_wide_qrs_never_silences_a_long_qtc():
    found = state(
        (measured("qtc_fridericia_ms", 520.0), measured("qrs_ms", 150.0)), SINUS, ("N",) * 10, sex="M", recording_id="r"
    )
    critical = next(f for f in found if f.code == "ECG_QTC_CRITICAL")
    assert critical.grade is Grade.CRITICAL
    assert "QRS wide" in critical.text


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("heart_rate_bpm", 59.9, "ECG_BRADYCARDIA"), ("heart_rate_bpm", 100.1, "ECG_TACHYCARDIA"), ("pr_ms", 201.0, "ECG_PR_LONG"),
        ("pr_ms", 119.0, "ECG_PR_SHORT"), ("qrs_ms", 120.0, "ECG_QRS_WIDE"), ("qrs_ms", 111.0, "ECG_QRS_BORDERLINE"),
        ("qrs_axis_deg", -31.0, "ECG_AXIS_LEFT"), ("qrs_axis_deg", 91.0, "ECG_AXIS_RIGHT"), ("qrs_axis_deg", -120.0, "ECG_AXIS_EXTREME"),
    ],
)  # fmt: skip
def test_limits_make_statements(name, value, code):
    assert code in codes(measured(name, value))


def test_no_value_outside_its_range_stays_unspoken():
    assert "ECG_OUT_OF_RANGE" in codes(measured("something_ms", 11.0, 0.0, 10.0))
    assert "ECG_OUT_OF_RANGE" not in codes(measured("something_ms", 10.0, 0.0, 10.0))


@pytest.mark.parametrize("bpm", [45, 75, 130])
def test_every_value_outside_its_range_has_a_finding(bpm, run):
    _, _, analysis = run(record(bpm=bpm))
    spoken = {name for f in analysis.findings for name in f.measurements}
    assert {m.name for m in analysis.measurements if m.within_reference is False} <= spoken


def test_loinc_codes(dicom_path, run):
    _, _, analysis = run(validate(dicom_path, Options()).data)
    got = {m.name: m.loinc for m in analysis.measurements if m.loinc}
    assert got == {
        "heart_rate_bpm": "8867-4",
        "pr_ms": "8625-6",
        "qrs_ms": "8633-0",
        "qt_ms": "8634-8",
        "qtc_fridericia_ms": "8636-3",
    }


# heart rate variability


def test_hrv_by_hand():
    nn_ms = np.array([800, 860, 800, 790, 850, 800])
    times = np.concatenate(([0.0], np.cumsum(nn_ms))) / 1000
    got = measure_hrv(times, ("N",) * 7, rhythm="sinus")
    assert got.sdnn_ms == pytest.approx(np.std(nn_ms, ddof=1))
    assert got.rmssd_ms == pytest.approx(np.sqrt((60**2 + 60**2 + 10**2 + 60**2 + 50**2) / 5))
    assert got.pnn50_pct == pytest.approx(60.0)  # three of five are over 50; the one of exactly 50 is not
    assert got.lf_ms2 is None
    assert "120 s" in got.spectrum_reason


def test_hrv_leaves_out_intervals_next_to_an_ectopic_beat():
    times = np.array([0.0, 0.8, 1.6, 2.0, 3.2, 4.0, 4.8, 5.6, 6.4])
    got = measure_hrv(times, ("N", "N", "N", "V", "N", "N", "N", "N", "N"), rhythm="sinus")
    assert (got.n_nn, got.sdnn_ms, got.rmssd_ms) == (6, pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-6))


def test_hrv_spectrum_finds_a_respiratory_wave():
    t, times = 0.0, [0.0]
    while t < 300:
        t += 0.8 + 0.04 * np.sin(2 * np.pi * 0.25 * t)
        times.append(t)
    got = measure_hrv(np.array(times), ("N",) * len(times), rhythm="sinus")
    assert got.hf_ms2 == pytest.approx(40**2 / 2, rel=0.2)  # the power of a sine of 40 ms
    assert got.lf_hf < 0.05


@pytest.mark.parametrize("rhythm", ["afib", "paced"])
def test_hrv_is_refused_where_it_means_nothing(rhythm):
    got = measure_hrv(np.arange(20) * 0.8, ("N",) * 20, rhythm=rhythm)
    assert got.sdnn_ms is None
    assert rhythm in got.time_reason


# rhythm


def test_regular_with_p_is_sinus_and_irregular_without_p_is_fibrillation(run):
    label = {f.name: f.value for f in run(record(bpm=70))[2].facts}["rhythm"]
    assert label == "sinus"
    times = beat_times(20.0, 90, jitter_s=0.17, seed=4)
    _, found, analysis = run(record(duration_s=20.0, times_s=times, skip=("P",), noise_mv=0.01))
    assert len(found.beat_time_s) == len(times)
    assert {f.name: f.value for f in analysis.facts}["rhythm"] == "afib"


def test_stimuli_before_the_beats_are_a_paced_rhythm(run):
    times = beat_times(10.0, 70)
    x = record(times_s=times, rate_hz=1000.0)
    x.signal_mv[np.round((times - 0.06) * 1000).astype(int)] += 1.0
    _, found, analysis = run(x)
    assert set(found.beat_types) == {"P"}
    assert analysis.findings[0].code == "ECG_PACED"


# figure, document, contract


def test_figure_is_one_svg_without_ids_scripts_or_links(dicom_path, run):
    _, _, analysis = run(validate(dicom_path, Options()).data)
    root = ET.fromstring(analysis.figures[0].svg)
    tags = [e.tag.split("}")[1] for e in root.iter()]
    assert tags[1:3] == ["title", "desc"]
    assert not {"script", "image", "use", "a", "style"} & set(tags)
    assert not any("id" in e.attrib or any("href" in k for k in e.attrib) for e in root.iter())
    texts = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert sorted(t for t in texts if t and len(t) <= 3) == sorted(
        ["I", "II", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    )
    assert len(analysis.figures[0].svg) < 150_000
    width = float(root.get("viewBox").split()[2])
    assert width == pytest.approx(10 * 25 + 12)  # 25 mm a second and two margins


def test_figure_of_one_lead_escapes_its_name(run):
    _, _, analysis = run(record(leads=("<b>&",)))
    ET.fromstring(analysis.figures[0].svg)
    assert "<b>" not in analysis.figures[0].svg


def test_document_has_the_promised_fields(dicom_path):
    got = msgspec.json.decode(msgspec.json.encode(describe(dicom_path, Options())))
    assert got["heart_rate_bpm"] == pytest.approx(61.1, abs=0.5)
    assert (got["format"], got["sampling_rate_hz"], got["duration_s"]) == ("dicom", 1000.0, 10.0)
    assert len(got["beats"]) == 10
    assert set(got["beats"][0]) == {"time_s", "type"}
    assert set(got["waves"]) == set(got["leads"]) == set(got["quality"]["leads"])
    assert set(got["waves"]["II"][0]) == {"wave", "onset_s", "peak_s", "offset_s"}
    assert got["rhythm"]["label"] == "sinus"
    nulls = {k for part in ("intervals", "hrv") for k, v in got[part].items() if v is None}
    assert nulls == {"lf_ms2", "hf_ms2", "lf_hf"}
    assert nulls <= set(got["reasons"])


def test_document_of_a_flat_line_is_a_coded_problem(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("# sampling_rate_hz: 100\nII_mV\n" + "0.0\n" * 1000)
    with pytest.raises(StudyError, match="E_QUALITY_001"):
        describe(path, Options())


def test_one_beat_gives_reasons_instead_of_numbers(run):
    _, found, analysis = run(record(duration_s=3.0, times_s=np.array([1.5])))
    assert len(found.beat_time_s) == 1
    assert {m.name for m in analysis.measurements if m.value is not None} <= {"qrs_axis_deg"}


def assert_plain(value):
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_plain(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            assert_plain(item)
    elif isinstance(value, np.ndarray):
        assert value.dtype.kind in "fib"
    else:
        assert value is None or type(value) in {str, int, float, bool, Grade}, type(value)
        assert value == value, "no NaN in a scalar"  # noqa: PLR0124


def test_payloads_are_made_of_what_a_checkpoint_can_hold(dicom_path, run):
    for value in run(validate(dicom_path, Options()).data):
        assert_plain(value)


def test_the_import_stays_light():
    code = (
        "import sys, types; import cardio_dagster;"
        "m = types.ModuleType('cardio_dagster.modalities'); m.__path__ = [cardio_dagster.__path__[0] + '/modalities'];"
        "sys.modules[m.__name__] = m; import cardio_dagster.modalities.ecg;"
        "print([n for n in ('wfdb', 'pydicom', 'scipy', 'pandas', 'dagster') if n in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_gates_are_named_once():
    assert len({g.name for g in BRANCH.gates}) == len(BRANCH.gates)
