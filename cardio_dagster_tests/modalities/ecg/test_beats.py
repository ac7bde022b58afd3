import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.beats.candidates import apart, first_guess, neighbours
from cardio_dagster.modalities.ecg.beats.find import Decided, find_beats, is_ventricular
from cardio_dagster.modalities.ecg.beats.signal import work
from cardio_dagster.modalities.ecg.beats.types import type_beats
from cardio_dagster.modalities.ecg.display_band import display_band
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster_tests.modalities.ecg.synthetic import beat_times, signal

FS = 500.0
# The recorder (Mortara ELI 250) annotated its own fiducial points in the public file: sample numbers at 1 kHz.
MORTARA_FIDUCIAL_MS = np.array([527, 1526, 2507, 3489, 4485, 5468, 6442, 7444, 8417, 9371])


def compare(reference_s, found_s, tolerance_s):
    """Return hits, misses and false alarms; one to one, nearest first."""
    taken = np.zeros(len(found_s), dtype=bool)
    hits = 0
    for time in reference_s:
        distance = np.where(taken, 9.0, np.abs(found_s - time))
        if len(distance) and distance.min() <= tolerance_s:
            taken[np.argmin(distance)] = True
            hits += 1
    return hits, len(reference_s) - hits, int((~taken).sum())


def ecg(times_s, *, duration_s=10.0, rate_hz=FS, **options):
    return signal(times_s, duration_s=duration_s, rate_hz=rate_hz, **options).astype(float)


def add_ventricular(x, early_s, *, rate_hz=FS):
    t = np.arange(len(x)) / rate_hz
    for time in early_s:
        wide = -1.5 * np.exp(-0.5 * ((t - time) / 0.045) ** 2) + 0.8 * np.exp(-0.5 * ((t - time - 0.2) / 0.06) ** 2)
        x += wide[:, None]
    return x


@pytest.fixture(scope="module")
def real(dicom_path):
    record = validate(dicom_path, Options()).data
    rate_hz = record.sampling_rate_hz
    return display_band(record.signal_mv, sampling_rate_hz=rate_hz).astype(float), rate_hz


@pytest.fixture(scope="module")
def plain(real):
    return find_beats(real[0], sampling_rate_hz=real[1])


def test_golden_beats_of_a_recorder(plain):
    assert compare(MORTARA_FIDUCIAL_MS / 1000, plain.time_s, 0.02) == (10, 0, 0)
    assert set(plain.types) == {"N"}
    assert (plain.probability > 0.9).all()
    assert plain.likeness.min() > 0.85
    assert plain.background < 0.2


def test_peer_finds_the_same_beats(real, plain):
    sleepecg = pytest.importorskip("sleepecg", reason="a peer of the bench extra")
    peer_s = sleepecg.detect_heartbeats(real[0][:, 1], real[1]) / real[1]
    assert compare(peer_s, plain.time_s, 0.05) == (len(peer_s), 0, 0)


@settings(max_examples=12, deadline=None)
@given(factor=st.floats(0.3, 1e4), sign=st.sampled_from([-1.0, 1.0]), offset=st.floats(-5.0, 5.0))
def test_scale_polarity_and_offset_change_nothing(real, plain, factor, sign, offset):
    found = find_beats(sign * factor * real[0] + offset, sampling_rate_hz=real[1])
    np.testing.assert_allclose(found.time_s, plain.time_s, atol=0.002)
    assert found.types == plain.types
    np.testing.assert_allclose(found.likeness, plain.likeness, atol=0.01)


def test_microvolts_are_no_beats(real):
    found = find_beats(1e-4 * real[0], sampling_rate_hz=real[1])
    assert (len(found.time_s), found.types, found.background) == (0, (), None)


@settings(max_examples=8, deadline=None)
@given(order=st.permutations(range(12)), upside_down=st.lists(st.booleans(), min_size=12, max_size=12))
def test_order_and_polarity_of_single_leads_change_nothing(real, plain, order, upside_down):
    found = find_beats((real[0] * np.where(upside_down, -1.0, 1.0))[:, order], sampling_rate_hz=real[1])
    np.testing.assert_allclose(found.time_s, plain.time_s, atol=1e-6)
    assert found.types == plain.types


@pytest.mark.parametrize("rate_hz", [100.0, 125.0, 128.0, 250.0, 257.0, 360.0, 500.0, 1000.0, 4000.0])
def test_sampling_rate_does_not_matter(real, plain, rate_hz):
    t = np.arange(round(10 * rate_hz)) / rate_hz
    again = np.stack([np.interp(t, np.arange(len(real[0])) / real[1], lead) for lead in real[0].T], axis=1)
    found = find_beats(again, sampling_rate_hz=rate_hz)
    np.testing.assert_allclose(found.time_s, plain.time_s, atol=0.01)
    assert found.types == plain.types


@pytest.mark.parametrize("shift", [37, 200, 431])
def test_a_shift_moves_beats_by_as_much(real, plain, shift):
    found = find_beats(real[0][shift:], sampling_rate_hz=real[1])
    np.testing.assert_allclose(
        found.time_s + shift / real[1], plain.time_s[plain.time_s > shift / real[1] + 0.05], atol=0.01
    )


@pytest.mark.parametrize("padding_s", [1.0, 5.0, 30.0])
def test_flat_padding_adds_and_loses_nothing(real, plain, padding_s):
    n = round(padding_s * real[1])
    found = find_beats(np.pad(real[0], ((n, n), (0, 0)), mode="edge"), sampling_rate_hz=real[1])
    np.testing.assert_allclose(found.time_s - padding_s, plain.time_s, atol=0.01)


@pytest.mark.parametrize("n_leads", [1, 2, 3, 15])
def test_any_number_of_leads(n_leads):
    times = beat_times(10.0, 72)
    found = find_beats(ecg(times, leads=("I",) * n_leads), sampling_rate_hz=FS)
    assert compare(times, found.time_s, 0.02) == (len(times), 0, 0)


@pytest.mark.parametrize("bpm", [30, 40, 72, 110, 170, 200])
def test_any_rate(bpm):
    times = beat_times(20.0, bpm)
    found = find_beats(ecg(times, duration_s=20.0, skip=("P",) if bpm > 150 else ()), sampling_rate_hz=FS)
    assert compare(times, found.time_s, 0.03) == (len(times), 0, 0)


def test_a_lead_that_goes_bad_for_a_time_costs_no_beat():
    times = beat_times(30.0, 72)
    x = ecg(times, duration_s=30.0, leads=("I", "II"))
    x[5000:10000, 1] += np.random.default_rng(3).normal(0, 1.0, 5000)
    found = find_beats(x, sampling_rate_hz=FS)
    assert compare(times, found.time_s, 0.05) == (len(times), 0, 0)
    assert "V" not in found.types


def test_a_dead_lead_does_not_matter():
    times = beat_times(10.0, 72)
    x = np.column_stack((ecg(times, leads=("II",)), np.zeros(5000)))
    found = find_beats(x, sampling_rate_hz=FS)
    assert compare(times, found.time_s, 0.02) == (len(times), 0, 0)


def test_a_pause_keeps_its_silence():
    times = beat_times(30.0, 75)
    times = times[(times < 10) | (times > 17)]
    found = find_beats(ecg(times, duration_s=30.0), sampling_rate_hz=FS)
    assert compare(times, found.time_s, 0.03) == (len(times), 0, 0)


def test_premature_wide_beats_are_ventricular():
    times = beat_times(40.0, 70)
    gone = [10, 21, 33]
    early = times[gone] - 0.3
    x = add_ventricular(ecg(np.delete(times, gone), duration_s=40.0), early)
    found = find_beats(x, sampling_rate_hz=FS)
    v_s = found.time_s[np.array(found.types) == "V"]
    assert compare(early, v_s, 0.06) == (3, 0, 0)
    assert len(found.time_s) == len(times)


def test_bigeminy_finds_both_kinds():
    normal = np.arange(0.6, 39.0, 1.6)
    x = add_ventricular(ecg(normal, duration_s=40.0), normal + 0.5)
    found = find_beats(x, sampling_rate_hz=FS)
    assert compare(np.sort(np.concatenate((normal, normal + 0.5))), found.time_s, 0.06) == (2 * len(normal), 0, 0)
    assert compare(normal + 0.5, found.time_s[np.array(found.types) == "V"], 0.06) == (len(normal), 0, 0)


def test_wide_fast_beats_are_all_found():
    times = np.arange(0.6, 19.5, 60 / 170)
    found = find_beats(add_ventricular(ecg([], duration_s=20.0), times), sampling_rate_hz=FS)
    _, misses, false_alarms = compare(times, found.time_s, 0.08)
    assert misses <= 1
    assert false_alarms <= 1


def test_an_irregular_rhythm_has_no_extrasystoles():
    rr_s = np.random.default_rng(8).uniform(0.45, 1.1, 36)
    times = 0.6 + np.cumsum(rr_s)
    found = find_beats(ecg(times, duration_s=32.0, skip=("P",)), sampling_rate_hz=FS)
    times = times[times < 31.5]
    assert compare(times, found.time_s[found.time_s < 31.7], 0.03) == (len(times), 0, 0)
    assert set(found.types) == {"N"}


def test_an_early_beat_of_the_usual_shape_is_supraventricular():
    times = beat_times(20.0, 70)
    times[10:] -= 0.32
    found = find_beats(ecg(times, duration_s=20.0), sampling_rate_hz=FS)
    assert found.types.count("S") == 1
    assert found.types[10] == "S"


@pytest.mark.parametrize("times", [[4.0], [0.8, 1.4]])
def test_one_or_two_beats_are_found_but_not_typed(times):
    found = find_beats(ecg(times), sampling_rate_hz=FS)
    assert compare(np.array(times), found.time_s, 0.03) == (len(times), 0, 0)
    assert set(found.types) == {"U"}
    assert ((found.probability > 0.4) & (found.probability < 1.0)).all()


def test_a_beat_that_an_end_cuts_is_not_judged_ventricular():
    working = work(ecg(beat_times(10.0, 72)), sampling_rate_hz=FS)
    at = np.array([0.1, 5.0, 9.9]) * working.rate_hz
    found = Decided(working, at, np.ones(3), np.tile([0.0, 0.1, 0.9], (3, 1)))
    assert is_ventricular(found, limit=0.6).tolist() == [False, True, False]
    assert not is_ventricular(found, limit=0.95).any()


def test_the_usual_interval_of_a_bigeminy_is_between_its_two():
    time_s = np.cumsum(np.tile([0.6, 1.4], 12))
    usual_s = neighbours(time_s, np.ones(len(time_s), dtype=bool))[2]
    assert ((usual_s > 0.85) & (usual_s < 1.15)).all()


def test_ventricular_beats_in_an_irregular_rhythm_are_told_by_their_shape():
    times = 0.6 + np.cumsum(np.random.default_rng(8).uniform(0.55, 1.1, 34))
    gone = [9, 17, 26]
    x = add_ventricular(ecg(np.delete(times, gone), duration_s=32.0, skip=("P",)), times[gone])
    found = find_beats(x, sampling_rate_hz=FS)
    assert compare(times[gone], found.time_s[np.array(found.types) == "V"], 0.06) == (3, 0, 0)


def test_slow_swings_of_an_electrode_are_not_ventricular():
    times = beat_times(30.0, 72)
    x = ecg(times, duration_s=30.0, leads=("II",))
    t = np.arange(len(x)) / FS
    for at in (6.3, 14.8, 22.1):
        x[:, 0] += 2.0 * np.exp(-0.5 * ((t - at) / 0.25) ** 2)
    found = find_beats(x, sampling_rate_hz=FS)
    assert compare(times, found.time_s, 0.05) == (len(times), 0, 0)
    assert "V" not in found.types


@pytest.mark.parametrize("n_samples", [0, 1, 2, 7, 100])
def test_a_scrap_of_signal_has_no_beats_and_no_crash(n_samples):
    found = find_beats(np.zeros((n_samples, 2)), sampling_rate_hz=FS)
    assert len(found.time_s) == len(found.types) == len(found.probability) == 0


def test_beats_at_the_very_ends_count():
    times = np.array([0.08, 0.9, 1.7, 2.5, 3.3, 4.1, 4.92])
    found = find_beats(ecg(times, duration_s=5.0), sampling_rate_hz=FS)
    assert compare(times, found.time_s, 0.03) == (7, 0, 0)


def test_the_better_of_two_close_candidates_stands():
    kept = apart(np.array([0.0, 0.1, 0.18, 1.0, 1.15]), np.array([1.0, 2.0, 1.5, 1.0, 0.0]), least_s=0.2)
    assert kept.tolist() == [False, True, False, True, False]


def test_a_weak_beat_is_fetched_back_where_one_is_overdue():
    time_s = np.arange(12) * 0.8
    height = np.ones(12)
    height[5] = 0.25
    assert first_guess(time_s, height).all()


def test_types_need_a_rhythm():
    assert (
        type_beats(beat_time_s=np.arange(3.0), likeness=np.ones(3), ventricular=np.zeros(3, dtype=bool)) == ("U",) * 3
    )


@pytest.mark.reference
@pytest.mark.parametrize(("name", "misses", "false_alarms", "pvc_f1"), [("119", 2, 3, 0.95), ("108", 6, 12, 0.5)])
def test_floor_on_annotated_half_hours(reference_data, name, misses, false_alarms, pvc_f1):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb 4.3 under pandas 3
        import wfdb

        path = str(reference_data / "mitdb" / name)
        annotated, record = wfdb.rdann(path, "beat"), wfdb.rdrecord(path)
    x = display_band(record.p_signal, sampling_rate_hz=360.0).astype(float)
    found = find_beats(x, sampling_rate_hz=360.0)
    times, is_v = annotated.sample / 360.0, np.array(annotated.symbol) == "V"
    _, missed, false = compare(times, found.time_s, 0.15)
    assert missed <= misses
    assert false <= false_alarms
    hits, lost, invented = compare(times[is_v], found.time_s[np.array(found.types) == "V"], 0.15)
    assert 2 * hits / (2 * hits + lost + invented) >= pvc_f1
