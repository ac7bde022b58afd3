"""Stimuli of a pacemaker: what is one, and what is not."""

import csv

import numpy as np
import pytest

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.beats.pacing import follow_stimulus, paced_beats, stimulus_times
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster_tests.modalities.ecg.synthetic import beat_times, signal


def paced(rate_hz, *, height_mv=1.0, leads=slice(None), offset_s=-0.06, width_s=0.001):
    times = beat_times(10.0, 70)
    x = signal(times, duration_s=10.0, rate_hz=rate_hz)
    for t in times:
        first = round((t + offset_s) * rate_hz)
        x[first : first + max(1, round(width_s * rate_hz)), leads] += height_mv
    return times, x


@pytest.mark.parametrize("rate_hz", [400.0, 500.0, 1000.0, 4000.0])
@pytest.mark.parametrize("height_mv", [0.3, -2.0])
def test_spikes_are_seen_where_they_are(rate_hz, height_mv):
    times, x = paced(rate_hz, height_mv=height_mv)
    np.testing.assert_allclose(stimulus_times(x, sampling_rate_hz=rate_hz), times - 0.06, atol=0.003)
    assert paced_beats(x, sampling_rate_hz=rate_hz, beat_time_s=times).all()


def test_below_400_hz_nothing_is_seen():
    times, x = paced(360.0, height_mv=2.0)
    assert len(stimulus_times(x, sampling_rate_hz=360.0)) == 0
    assert not paced_beats(x, sampling_rate_hz=360.0, beat_time_s=times).any()


def test_a_marker_of_the_device_counts_at_any_rate():
    times = beat_times(10.0, 70)
    x = signal(times, duration_s=10.0, rate_hz=250.0)
    got = paced_beats(x, sampling_rate_hz=250.0, beat_time_s=times, marker_s=times[3:5] - 0.05)
    assert np.flatnonzero(got).tolist() == [3, 4]


@pytest.mark.parametrize("gain", [1.0, 3.0, -3.0])
def test_beats_alone_are_no_stimuli(gain):
    x = gain * signal(beat_times(10.0, 70), duration_s=10.0, rate_hz=500.0)
    assert len(stimulus_times(x, sampling_rate_hz=500.0)) == 0


def test_a_spike_in_one_lead_of_twelve_is_an_artefact():
    _, x = paced(500.0, leads=slice(3, 4))
    assert len(stimulus_times(x, sampling_rate_hz=500.0)) == 0


def test_a_step_is_no_spike():
    _, x = paced(500.0, width_s=0.2)
    assert len(stimulus_times(x, sampling_rate_hz=500.0)) == 0


def test_missing_samples_and_short_signals_do_no_harm():
    times, x = paced(500.0)
    x[1000:1500] = np.nan
    assert 5 <= paced_beats(x, sampling_rate_hz=500.0, beat_time_s=times).sum() < len(times)
    assert len(stimulus_times(x[:3], sampling_rate_hz=500.0)) == 0
    assert len(paced_beats(x, sampling_rate_hz=500.0, beat_time_s=np.empty(0))) == 0


def test_adding_an_offset_or_turning_upside_down_changes_nothing():
    _, x = paced(500.0)
    expected = stimulus_times(x, sampling_rate_hz=500.0)
    np.testing.assert_array_equal(stimulus_times(x + 3.0, sampling_rate_hz=500.0), expected)
    np.testing.assert_array_equal(stimulus_times(-x, sampling_rate_hz=500.0), expected)


def test_the_window_before_a_beat():
    beats = np.array([1.0])
    for stimulus_s, expected in ((0.85, False), (0.87, True), (0.99, True), (1.005, True), (1.02, False)):
        assert follow_stimulus(beats, np.array([stimulus_s]))[0] == expected, stimulus_s


@pytest.mark.reference
def test_floor_on_ludb(reference_data):
    with (reference_data / "ludb" / "ludb.csv").open(encoding="utf-8") as file:
        labels = {row["ID"].strip(): bool(row["Cardiac pacing"].strip()) for row in csv.DictReader(file)}
    with_pacer = [k for k, is_paced in labels.items() if is_paced]
    without = [k for k, is_paced in labels.items() if not is_paced][::4]
    found = {}
    for k in (*with_pacer, *without):
        record = validate(reference_data / "ludb" / "data" / f"{k}.hea", Options()).data
        found[k] = len(stimulus_times(record.signal_mv, sampling_rate_hz=record.sampling_rate_hz))
    assert sum(found[k] >= 5 for k in with_pacer) >= 5
    assert sum(found[k] > 2 for k in without) == 0
