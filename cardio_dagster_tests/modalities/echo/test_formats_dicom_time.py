"""Frame rate with its source, and R waves from the header or from an ECG trace made here."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from cardio_dagster.modalities.echo.formats.dicom.ecg_trace import ecg_trace, find_r_waves, r_waves
from cardio_dagster.modalities.echo.formats.limits import FRAMES_MAX, kept_frames
from cardio_dagster.modalities.echo.formats.timing import timing
from cardio_dagster_tests.modalities.echo.dicom_files import read, textured, write_us

RATE_HZ = 250.0


def header(**elements: object) -> Dataset:
    found = Dataset()
    for name, value in elements.items():
        setattr(found, name, value)
    found.set_original_encoding(False, True)
    return found


def ecg(times_s: list[float], duration_s: float = 4.0, rate_hz: float = RATE_HZ, sign: float = 1.0) -> np.ndarray:
    """QRS complexes of 1 mV with P and T waves, drift and noise, in mV."""
    time = np.arange(round(duration_s * rate_hz)) / rate_hz
    wave = 0.1 * np.sin(2 * np.pi * 0.3 * time) + 0.01 * np.random.default_rng(5).standard_normal(len(time))
    for at in times_s:
        for shift, width, height in ((0, 0.012, 1.0), (0.03, 0.012, -0.25), (-0.16, 0.03, 0.12), (0.25, 0.05, 0.3)):
            wave += sign * height * np.exp(-(((time - at - shift) / width) ** 2) / 2)
    return wave


def with_waveform(values: np.ndarray, rate_hz: float = RATE_HZ) -> Dataset:
    source, channel, group = Dataset(), Dataset(), Dataset()
    source.CodeMeaning = "Lead II"
    channel.ChannelSourceSequence = [source]
    group.ChannelDefinitionSequence = [channel]
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = 1, len(values)
    group.SamplingFrequency, group.WaveformBitsAllocated = str(rate_hz), 16
    group.WaveformSampleInterpretation = "SS"
    group.WaveformData = (values * 1000).astype("<i2").tobytes()
    return header(WaveformSequence=[group])


def with_curve(values: np.ndarray, *, pairs: bool, rate_hz: float = RATE_HZ) -> Dataset:
    found = header()
    count = len(values)
    data = np.column_stack([np.arange(count) * 1000 / rate_hz, values]) if pairs else values
    found.add_new(0x50020010, "US", count)
    found.add_new(0x50020020, "CS", "ECG")
    found.add_new(0x50020030, "SH", ["MSEC", "MVLT"])
    found.add_new(0x50020103, "US", 2)
    if not pairs:
        found.add_new(0x50020114, "US", 4)
    found.add_new(0x50023000, "OW", data.astype("<f4").tobytes())
    return found


@pytest.mark.parametrize(
    ("elements", "rate", "source"),
    [
        ({"FrameTime": "20", "CineRate": "60"}, 50.0, "FrameTime ("),
        ({"FrameTimeVector": [0, 40, 40, 41]}, 25.0, "FrameTimeVector"),
        ({"CineRate": "60"}, 60.0, "CineRate"),
        ({"FrameTime": "0", "CineRate": "60"}, 60.0, "CineRate"),
        ({"ActualFrameDuration": "25"}, 40.0, "ActualFrameDuration"),
        ({"EffectiveDuration": 0.1}, 40.0, "EffectiveDuration"),
        ({"FrameTime": "0.1", "CineRate": "0"}, None, None),
        ({"RecommendedDisplayFrameRate": "30"}, None, None),
        ({}, None, None),
    ],
)
def test_frame_rate_and_its_source(elements, rate, source):
    found, problems = timing(header(**elements), frames=4)
    assert found.frame_rate_hz == (None if rate is None else pytest.approx(rate))
    assert (found.source or "").startswith(source or "")
    assert (found.reason is None) == (rate is not None)
    missing = "E_VALID_005" if "FrameTime" in elements else "E_VALID_004"
    assert [p.code for p in problems] == ([missing] if rate is None else [])


@pytest.mark.parametrize(("last", "codes"), [(43, []), (60, ["E_QUALITY_002"])])
def test_irregular_intervals_are_said(last, codes):
    found, problems = timing(header(FrameTimeVector=[0, 40, 40, 40, 40, last, last]), frames=7)
    assert found.frame_rate_hz == pytest.approx(25)
    assert [p.code for p in problems] == codes


def test_length_of_the_trace_gives_a_rate_that_is_said():
    found, problems = timing(header(), frames=120, trace_s=4.0)
    assert (found.frame_rate_hz, found.source) == (30, "length of the ECG trace over the frames")
    assert [p.code for p in problems] == ["E_QUALITY_002"]


def test_still_has_no_rate():
    assert timing(header(FrameTime="20"), frames=1)[0].reason == "a single frame has no frame rate"


@settings(deadline=None)
@given(rate=st.one_of(st.none(), st.floats(1, 1000)), frames=st.integers(1, 5000))
def test_kept_frames_come_at_thirty_hertz_or_as_fast_as_the_file(rate, frames):
    kept = kept_frames(frames, rate)
    assert 1 <= len(kept) <= FRAMES_MAX
    assert (kept[0], kept[-1] < frames) == (0, True)
    assert rate is None or rate / kept.step >= min(rate, 30)
    assert kept_frames(frames, rate, every_frame=True) == range(frames)


def test_r_wave_times_of_the_header():
    found = r_waves(header(RWaveTimeVector=[120.0, 980.0, 1850.0]), None, duration_s=2.0)
    assert found.times_s == pytest.approx([0.12, 0.98, 1.85])
    assert (found.source, found.reason) == ("RWaveTimeVector (0018,6060)", None)


@pytest.mark.parametrize("times", [[120.0, 90.0], [-5.0, 900.0], [120.0, 9000.0]])
def test_implausible_r_wave_times_are_passed_over(times):
    found = r_waves(header(RWaveTimeVector=times), None, duration_s=2.0)
    assert (len(found.times_s), found.source) == (0, None)
    assert "implausible" in found.reason


def test_without_a_trace_there_are_none():
    found = r_waves(header(), None, duration_s=2.0)
    assert (len(found.times_s), found.times_s.dtype) == (0, np.float64)
    assert found.reason


@pytest.mark.parametrize(
    "make", [with_waveform, lambda v: with_curve(v, pairs=True), lambda v: with_curve(v, pairs=False)]
)
def test_r_waves_of_a_stored_trace(make):
    times = [0.4, 1.25, 2.1, 2.95, 3.8]
    trace = ecg_trace(make(ecg(times)))
    assert trace.rate_hz == pytest.approx(RATE_HZ)
    assert trace.duration_s == pytest.approx(4.0)
    found = r_waves(header(), trace, duration_s=3.0)
    assert found.times_s == pytest.approx(times[:4], abs=0.012)
    assert "ECG" in found.source


@settings(max_examples=20, deadline=None)
@given(
    rr=st.floats(0.4, 1.5), first=st.floats(0.2, 0.4), gain=st.floats(0.01, 1000), sign=st.sampled_from([-1, 1]),
    rate_hz=st.sampled_from([125.0, 250.0, 500.0, 1000.0]),
)  # fmt: skip
def test_r_waves_do_not_depend_on_gain_sign_or_rate(rr, first, gain, sign, rate_hz):
    times = [float(t) for t in np.arange(first, 3.8, rr)]
    found = find_r_waves(gain * ecg(times, rate_hz=rate_hz, sign=sign) + 7, rate_hz)
    assert found == pytest.approx(times, abs=0.016)


@pytest.mark.parametrize(
    "values", [np.zeros(1000), np.random.default_rng(2).standard_normal(1000), np.full(1000, np.nan)]
)
def test_no_r_waves_in_nothing_and_in_noise(values):
    assert len(find_r_waves(values, RATE_HZ)) == 0


def test_damaged_trace_is_no_trace():
    broken = with_waveform(ecg([0.4, 1.25]))
    broken.WaveformSequence[0].WaveformSampleInterpretation = "MB"
    assert ecg_trace(broken) is None
    assert ecg_trace(with_waveform(ecg([0.4]), rate_hz=1.0)) is None


def test_clip_carries_its_r_waves(tmp_path, whole_frame):
    trace = with_waveform(ecg([0.4, 1.25, 2.1, 2.95, 3.8])).WaveformSequence
    path = write_us(tmp_path / "x", textured(100), WaveformSequence=trace)
    clip, problems = read(path)
    assert clip.r_waves.times_s == pytest.approx([0.4, 1.25, 2.1, 2.95, 3.8], abs=0.012)
    assert clip.timing.frame_rate_hz == pytest.approx(25)
    assert "E_QUALITY_002" in [p.code for p in problems]
