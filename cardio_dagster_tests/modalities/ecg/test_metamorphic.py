"""What must not matter to an ECG: its gain, its place in time, its rate, the order and number of its leads, silence around it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.signal import resample_poly

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.detect import detect
from cardio_dagster.modalities.ecg.formats.wfdb import read_wfdb
from cardio_dagster.modalities.ecg.interpret import Interpretation, interpret
from cardio_dagster.modalities.ecg.preprocess import preprocess
from cardio_dagster.modalities.ecg.signal import EcgStructures
from cardio_dagster.modalities.ecg.validate import _check_content as check_content
from cardio_dagster_tests.modalities.ecg.synthetic import record

OPTIONS = Options(threads=1)
INTERVALS = ("pr_ms", "qrs_ms", "qt_ms")
SIZES = ("peak_to_peak_mv", "st_j_mv", "st_j60_mv", "t_mv")
# sinus arrhythmia: the intervals differ, so that a beat missed, invented or moved shows
TIMES_S = 0.6 + np.concatenate(([0.0], np.cumsum(0.8 + 0.05 * np.sin(np.arange(10)))))
RECORDS = ("synthetic", *(pytest.param(n, marks=pytest.mark.reference) for n in ("ludb 1", "ludb 8", "ludb 30")))
every_record = pytest.mark.parametrize("name", RECORDS)


@dataclass(frozen=True)
class Read:
    """A record read to the end: what was found, and what it says."""

    found: EcgStructures
    got: Interpretation

    @property
    def times_s(self):
        return self.found.beat_time_s

    @property
    def codes(self):
        return {f.code for f in self.got.findings}

    def value(self, name):
        return next((m.value for m in self.got.measurements if m.name == name), None)


def data(step):
    if step.data is None:
        raise StudyError(step.problems[-1].code, step.problems[-1].message)
    return step.data


def read(ecg):
    """Read a record as the verbs do once the bytes are samples; StudyError where one of them refuses it."""
    check_content(ecg)
    prepared = data(preprocess(ecg, OPTIONS))
    found = data(detect(prepared, OPTIONS))
    return Read(found, interpret(prepared, found, recording_id="r"))


@pytest.fixture(scope="module")
def original(request):
    """Return a record by name with what it says: the synthetic one, or one of LUDB."""
    known = {}

    def _original(name):
        if name not in known:
            ecg = record(times_s=TIMES_S, noise_mv=0.01) if name == "synthetic" else _ludb(request, name.split()[1])
            known[name] = (ecg, read(ecg))
        return known[name]

    return _original


def _ludb(request, number):
    return read_wfdb(request.getfixturevalue("reference_data") / "ludb" / "data" / f"{number}.hea")


def changed(ecg, signal_mv, **more):
    return replace(ecg, signal_mv=np.ascontiguousarray(signal_mv, dtype=np.float32), **more)


def assert_same_beats(got, expected_s, *, within_s=0.01):
    assert len(got.times_s) == len(expected_s)
    np.testing.assert_allclose(got.times_s, expected_s, atol=within_s)


def assert_same_intervals(got, plain, *, within_ms):
    """Assert the three intervals, null where the original has none."""
    for name in INTERVALS:
        ours, theirs = got.value(name), plain.value(name)
        assert (ours is None) == (theirs is None), name
        assert ours is None or ours == pytest.approx(theirs, abs=within_ms), name


@every_record
@pytest.mark.parametrize("gain", [0.3, 0.5, 2.0, 3.0, 10.0])
def test_gain_changes_voltages_alone(original, name, gain):
    ecg, plain = original(name)
    got = read(changed(ecg, gain * ecg.signal_mv))
    assert_same_beats(got, plain.times_s, within_s=0.004)
    assert_same_intervals(got, plain, within_ms=3.0)
    assert got.got.rhythm.label == plain.got.rhythm.label
    assert got.value("heart_rate_bpm") == pytest.approx(plain.value("heart_rate_bpm"), abs=0.2)
    if (
        "P" in plain.found.beat_types
    ):  # a stimulus is seen from 0.14 mV on, and which beats follow one decides which are measured
        return
    assert got.found.beat_types == plain.found.beat_types
    for lead, values in plain.got.leads.items():
        for size in SIZES:
            expected = getattr(values, size)
            if expected is not None:
                assert getattr(got.got.leads[lead], size) == pytest.approx(gain * expected, rel=0.03, abs=0.02 * gain)


@every_record
@pytest.mark.parametrize("gain", [1e-4, 1e-3, 1e-2, 0.1])
def test_what_is_too_small_is_refused_or_null_and_never_invented(original, name, gain):
    ecg, plain = original(name)
    try:
        got = read(changed(ecg, gain * ecg.signal_mv))
    except StudyError as refused:
        assert refused.problem.code == "E_QUALITY_001"  # noqa: PT017 (a result is as good)
        return
    near = [np.abs(plain.times_s - t).min() < 0.05 for t in got.times_s]
    assert all(near)
    if not near:
        assert {m.value for m in got.got.measurements} == {None}
        assert all(m.reason for m in got.got.measurements)
        assert "ECG_NO_BEATS" in got.codes


@every_record
@pytest.mark.parametrize("gain", [100.0, 1e3, 1e4])
def test_voltages_of_another_unit_are_refused(original, name, gain):
    ecg, _ = original(name)
    with pytest.raises(StudyError, match=r"E_VALID_002|E_QUALITY_001"):
        read(changed(ecg, gain * ecg.signal_mv))


@pytest.mark.parametrize("gain", [30.0, 1e3])
def test_a_wrong_unit_is_called_so(gain):
    ecg = record(noise_mv=0.0)
    with pytest.raises(StudyError, match="E_VALID_002"):
        read(changed(ecg, gain * ecg.signal_mv))


@every_record
def test_upside_down_the_times_are_the_same(original, name):
    ecg, plain = original(name)
    got = read(changed(ecg, -ecg.signal_mv))
    assert_same_beats(got, plain.times_s)
    assert_same_intervals(got, plain, within_ms=12.0)
    assert got.got.rhythm.label == plain.got.rhythm.label
    turned = (got.value("qrs_axis_deg") - plain.value("qrs_axis_deg")) % 360.0
    assert turned == pytest.approx(180.0, abs=10.0)


@every_record
@pytest.mark.parametrize("dropped", [1, 333, 617, 1500])
def test_a_later_start_moves_the_times_alone(original, name, dropped):
    ecg, plain = original(name)
    got = read(changed(ecg, ecg.signal_mv[dropped:]))
    start_s = dropped / ecg.sampling_rate_hz
    inside = plain.times_s[plain.times_s > start_s + 0.3] - start_s  # the first may be cut
    assert_same_beats(replace(got, found=replace(got.found, beat_time_s=got.times_s[-len(inside) :])), inside)
    assert len(got.times_s) <= (plain.times_s > start_s).sum()
    assert_same_intervals(got, plain, within_ms=8.0)
    assert got.got.rhythm.label == plain.got.rhythm.label


@every_record
@pytest.mark.parametrize("rate_hz", [100, 250, 360, 1000])
def test_the_sampling_rate_does_not_matter(original, name, rate_hz):
    ecg, plain = original(name)
    common = np.gcd(rate_hz, round(ecg.sampling_rate_hz))
    signal_mv = resample_poly(
        ecg.signal_mv.astype(float),
        rate_hz // common,
        round(ecg.sampling_rate_hz) // common,
        axis=0,
        padtype="line",
    )
    got = read(changed(ecg, signal_mv, sampling_rate_hz=float(rate_hz)))
    assert_same_beats(got, plain.times_s, within_s=0.02 if rate_hz == 100 else 0.01)
    assert_same_intervals(got, plain, within_ms=20.0 if rate_hz == 100 else 12.0)
    assert got.got.rhythm.label == plain.got.rhythm.label
    sokolow = plain.value("sokolow_lyon_mv")
    assert got.value("sokolow_lyon_mv") == pytest.approx(sokolow, abs=0.1 + (0.15 * sokolow if rate_hz == 100 else 0))


@every_record
def test_the_order_of_the_leads_does_not_matter(original, name):
    ecg, plain = original(name)
    order = np.random.default_rng(0).permutation(len(ecg.leads))
    got = read(changed(ecg, ecg.signal_mv[:, order], leads=tuple(ecg.leads[i] for i in order)))
    np.testing.assert_allclose(got.times_s, plain.times_s, atol=1e-3)
    assert got.got.leads == plain.got.leads
    assert [(m.name, m.value) for m in got.got.measurements] == [(m.name, m.value) for m in plain.got.measurements]
    assert got.codes == plain.codes


@every_record
@pytest.mark.parametrize("mode", ["edge", "constant"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_silence_at_an_end_has_no_beat(original, name, side, mode):
    ecg, plain = original(name)
    n = round(2.0 * ecg.sampling_rate_hz)
    widths = ((n, 0) if side == "before" else (0, n), (0, 0))
    got = read(changed(ecg, np.pad(ecg.signal_mv, widths, mode=mode)))
    assert_same_beats(got, plain.times_s + (2.0 if side == "before" else 0.0))
    assert_same_intervals(got, plain, within_ms=12.0)
    assert got.value("heart_rate_bpm") == pytest.approx(plain.value("heart_rate_bpm"), abs=0.3)
    rhythm = got.got.rhythm
    stood_still = rhythm.label == "not_classified" and "no beat for" in (rhythm.reason or "")
    assert stood_still or rhythm.label == plain.got.rhythm.label
    assert "ECG_PAUSE" in got.codes


@every_record
@pytest.mark.parametrize(
    "leads",
    [("II",), ("V5",), ("II", "V5"), ("I", "II", "V2"), ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")],
    ids=len,
)
def test_fewer_leads_say_less_and_the_same(original, name, leads):
    ecg, plain = original(name)
    columns = [ecg.leads.index(lead) for lead in leads]
    got = read(changed(ecg, ecg.signal_mv[:, columns], leads=leads))
    assert_same_beats(got, plain.times_s, within_s=0.03)
    assert got.value("heart_rate_bpm") == pytest.approx(plain.value("heart_rate_bpm"), abs=0.5)
    assert got.got.rhythm.label == plain.got.rhythm.label
    assert set(got.got.leads) == set(leads)
    assert (got.value("qrs_axis_deg") is None) == (not {"I", "II"} <= set(leads))
    assert (got.value("sokolow_lyon_mv") is None) == ("V1" not in leads)
    if len(leads) == 8:
        assert_same_intervals(got, plain, within_ms=8.0)


@every_record
def test_leads_that_come_twice_are_named_and_change_nothing(original, name):
    ecg, plain = original(name)
    twice = (*ecg.leads, *(f"{lead}#2" for lead in ecg.leads))
    got = read(changed(ecg, np.tile(ecg.signal_mv, (1, 2)), leads=twice))
    assert_same_beats(got, plain.times_s)
    assert_same_intervals(got, plain, within_ms=4.0)
    assert plain.got.rhythm.label == got.got.rhythm.label
    assert "ECG_LEADS_DUPLICATE" in got.codes - plain.codes


@every_record
def test_a_record_after_itself_has_its_beats_twice(original, name):
    ecg, plain = original(name)
    got = read(changed(ecg, np.tile(ecg.signal_mv, (2, 1))))
    both_s = np.concatenate((plain.times_s, plain.times_s + ecg.duration_s))
    away_from_seam = np.abs(both_s - ecg.duration_s) > 0.3
    for time_s in both_s[away_from_seam]:
        assert np.abs(got.times_s - time_s).min() <= 0.01
    assert abs(len(got.times_s) - len(both_s)) <= 1
    assert_same_intervals(got, plain, within_ms=8.0)
    assert got.got.rhythm.label == plain.got.rhythm.label


@every_record
def test_the_same_record_reads_the_same(original, name):
    ecg, plain = original(name)
    again = read(ecg)
    np.testing.assert_array_equal(again.times_s, plain.times_s)
    assert repr(again.got) == repr(plain.got)


def test_an_interval_in_which_the_signal_was_lost_is_no_heart_rate():
    ecg = record(bpm=75, duration_s=12.0)
    lost = ecg.signal_mv.copy()
    lost[2500:4000] = np.nan
    assert read(changed(ecg, lost)).value("heart_rate_bpm") == pytest.approx(75.0, abs=0.5)


@pytest.mark.parametrize("noise_mv", [0.05, 0.1])
@pytest.mark.parametrize("leads", [("II",), ("II", "V5")])
def test_noise_is_no_pacemaker(noise_mv, leads):
    got = read(record(noise_mv=noise_mv, leads=leads))
    assert "P" not in got.found.beat_types
    assert got.got.rhythm.label == "sinus"


def test_the_spikes_of_a_pacemaker_are_seen_through_noise():
    times_s = np.arange(0.6, 9.8, 0.8)
    ecg = record(times_s=times_s, noise_mv=0.03, skip=("P",))
    for time_s in times_s:
        ecg.signal_mv[round((time_s - 0.08) * 500)] += 1.0
    assert set(read(ecg).found.beat_types) == {"P"}
