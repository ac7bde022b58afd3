"""Heart rate variability against NeuroKit2, by hand, and where it must be refused."""

import time

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.ecg.hrv import HRV_NAMES, hrv_measurements, measure_hrv
from cardio_dagster.modalities.ecg.hrv.measure import Hrv
from cardio_dagster.modalities.ecg.hrv.nonlinear import sample_entropy
from cardio_dagster.modalities.ecg.hrv.normal import normal_intervals
from cardio_dagster.modalities.ecg.hrv.time import geometric

# NeuroKit2 0.2.13 on `wavy()` with beats at 1 kHz: hrv_time, hrv_frequency, hrv_nonlinear; DFA with fractal_dfa(overlap=False) over
# every window from 4 to 16 and from 16 to 64 (hrv_nonlinear itself takes fewer, overlapping windows)
NEUROKIT = {
    "mean_nn_ms": 799.6116666666667,
    "sdnn_ms": 33.302428445072465,
    "rmssd_ms": 31.253516899683984,
    "sdsd_ms": 31.266538578851673,
    "sd1_ms": 22.108781453336817,
    "sd2_ms": 41.59292220184594,
    "sd1_sd2": 0.5315515304754328,
    "dfa_alpha1": 0.87681408212837,
    "dfa_alpha2": 0.6840692837078964,
    "sample_entropy": 1.9509211210189124,
}
NEUROKIT_LF_HF, NEUROKIT_HTI, NEUROKIT_TINN_MS = 0.7346262298429438, 10.434782608695652, 156.25


def wavy(n=1200):
    """Return NN intervals in ms, whole numbers, made of waves and of disorder without a random generator."""
    k = np.arange(n)
    waves = (
        30 * np.sin(2 * np.pi * k / 5.3) + 25 * np.sin(2 * np.pi * k / 13.1 + 1) + 18 * np.sin(2 * np.pi * k / 97 + 2)
    )
    return np.round(800 + waves + 15 * np.sin(k * k * 0.37) + 10 * np.sin(k**1.5 * 1.7))


def beats(nn_ms):
    return np.concatenate(([0.0], np.cumsum(nn_ms))) / 1000.0


def measured(nn_ms, *, types=None, rhythm="sinus", **options):
    times = beats(nn_ms)
    return measure_hrv(times, types or ("N",) * len(times), rhythm=rhythm, **options)


def modulated(frequency_hz, *, depth_s=0.04, duration_s=600.0, mean_s=0.8):
    """Return NN in ms whose length is a sine of time."""
    t, nn_s = 0.0, []
    while t < duration_s:
        nn_s.append(mean_s + depth_s * np.sin(2 * np.pi * frequency_hz * t))
        t += nn_s[-1]
    return 1000.0 * np.array(nn_s)


def test_golden_numbers_of_neurokit():
    got = measured(wavy()).values
    assert {name: got[name] for name in NEUROKIT} == pytest.approx(NEUROKIT, rel=1e-6)
    assert got["lf_hf"] == pytest.approx(NEUROKIT_LF_HF, rel=0.03)  # another interpolation


def test_golden_histogram_of_neurokit():
    got = geometric(normal_intervals(beats(wavy()), ("N",) * 1201))
    assert got["triangular_index"] == pytest.approx(NEUROKIT_HTI, rel=0.02)  # bins begin elsewhere
    assert got["tinn_ms"] == pytest.approx(NEUROKIT_TINN_MS, abs=2.1 * 1000 / 128)


def test_a_triangle_has_its_own_base():
    bins = np.concatenate([np.full(max(0, 20 - 2 * abs(k)), 100 + k) for k in range(-10, 11)])
    got = geometric(normal_intervals(beats((bins + 0.5) * 1000 / 128), ("N",) * (len(bins) + 1)))
    assert got["tinn_ms"] == pytest.approx(20 * 1000 / 128)
    assert got["triangular_index"] == pytest.approx(len(bins) / 20)


def test_by_hand():
    nn_ms = np.array([800, 860, 800, 790, 850, 800])
    got = measured(nn_ms, duration_s=30.0)
    assert got.values["sdnn_ms"] == pytest.approx(np.std(nn_ms, ddof=1))
    assert got.values["rmssd_ms"] == pytest.approx(np.sqrt((60**2 + 60**2 + 10**2 + 60**2 + 50**2) / 5))
    assert got.values["nn50"] == 3  # the one of exactly 50 is not over 50
    assert got.values["pnn50_pct"] == pytest.approx(60.0)
    assert "30 s recorded, at least 120 s" in got.reasons["lf_ms2"]


def test_alternating_intervals():
    got = measured(np.tile([780.0, 820.0], 200)).values
    assert got["rmssd_ms"] == pytest.approx(np.sqrt(2.0) * got["sd1_ms"], rel=2e-3)
    assert got["rmssd_ms"] == pytest.approx(40.0)
    assert got["sd2_ms"] == pytest.approx(0.0, abs=1e-6)
    assert got["pnn50_pct"] == 0.0


def test_a_constant_rate_varies_in_nothing():
    got = measured(np.full(800, 800.0))
    for name in ("sdnn_ms", "rmssd_ms", "sd1_ms", "sd2_ms", "lf_ms2", "hf_ms2", "total_power_ms2"):
        assert got.values[name] == pytest.approx(0.0, abs=1e-6), name
    assert got.reasons["dfa_alpha1"] == "not defined for these intervals"
    assert all(np.isfinite(v) for v in got.values.values())


@pytest.mark.parametrize(("frequency_hz", "band"), [(0.1, "lf_ms2"), (0.25, "hf_ms2")])
def test_a_sine_has_its_power_in_its_band(frequency_hz, band):
    got = measured(modulated(frequency_hz)).values
    other = "hf_ms2" if band == "lf_ms2" else "lf_ms2"
    assert got[band] == pytest.approx(40**2 / 2, rel=0.06)
    assert got[other] < 0.05 * got[band]
    assert got["lf_nu"] + got["hf_nu"] == pytest.approx(100.0)
    assert got["total_power_ms2"] == pytest.approx(40**2 / 2, rel=0.06)


def test_all_power_is_the_variance():
    rng = np.random.default_rng(4)
    nn_ms = 800 + np.convolve(rng.normal(0, 60, 3000), np.ones(6) / 6, "valid")  # little above 0.4 Hz
    got = measured(nn_ms).values
    assert got["total_power_ms2"] == pytest.approx(nn_ms.var(), rel=0.1)


def test_a_day_has_slow_measures_and_takes_under_two_seconds():
    k = np.arange(110_000)
    rng = np.random.default_rng(5)
    day_s = 86_400.0
    nn_ms = 800 + 80 * np.sin(2 * np.pi * k * 0.8 / day_s) + rng.normal(0, 20, len(k))
    start = time.process_time()
    got = measured(nn_ms)
    assert time.process_time() - start < 2.0
    assert got.reasons == {}
    assert got.values["sdann_ms"] == pytest.approx(80 / np.sqrt(2), rel=0.05)
    assert got.values["sdnn_index_ms"] == pytest.approx(20.0, rel=0.05)
    assert got.values["ulf_ms2"] == pytest.approx(80**2 / 2, rel=0.15)
    assert {"sdann_ms", "ulf_ms2"} <= {m.name for m in hrv_measurements(got, recording_id="r")}


def test_white_noise_does_not_scale():
    got = measured(800 + np.random.default_rng(6).normal(0, 20, 4000)).values
    assert got["dfa_alpha1"] == pytest.approx(0.55, abs=0.1)
    assert got["dfa_alpha2"] == pytest.approx(0.5, abs=0.07)


def test_entropy_of_the_middle_only():
    rng = np.random.default_rng(7)
    inner = rng.normal(0.8, 0.02, 3000)
    outer = np.full(500, 0.8)
    assert sample_entropy(np.concatenate((outer, inner, outer))) == pytest.approx(sample_entropy(inner))


# what takes part


def test_intervals_next_to_an_ectopic_beat_take_no_part():
    times = np.array([0.0, 0.8, 1.6, 2.0, 3.2, 4.0, 4.8, 5.6, 6.4])
    got = measure_hrv(times, ("N", "N", "N", "V", "N", "N", "N", "N", "N"), rhythm="sinus", duration_s=30.0)
    assert got.n_nn == 6
    assert got.values["sdnn_ms"] == pytest.approx(0, abs=1e-6)
    assert got.values["rmssd_ms"] == pytest.approx(0, abs=1e-6)
    assert got.values["nn_share_pct"] == pytest.approx(75.0)
    assert got.values["ectopy_pct"] == pytest.approx(100 / 9)


def test_a_missed_and_an_invented_beat_take_no_part():
    times = beats(np.full(60, 800.0))
    missed = np.delete(times, 20)
    invented = np.sort(np.append(missed, times[40] + 0.35))
    got = measure_hrv(invented, ("N",) * len(invented), rhythm="sinus", duration_s=50.0)
    assert got.values["sdnn_ms"] == pytest.approx(0.0, abs=1e-6)


def test_a_gap_of_noise_adds_no_power():
    nn_ms = modulated(0.25, duration_s=900.0)
    types = ["N"] * (len(nn_ms) + 1)
    types[300:360] = ["U"] * 60
    whole, gap = measured(nn_ms).values, measured(nn_ms, types=tuple(types)).values
    assert gap["hf_ms2"] == pytest.approx(whole["hf_ms2"], rel=0.15)
    assert gap["lf_ms2"] < 0.05 * whole["hf_ms2"]


@settings(max_examples=25, deadline=None)
@given(shift_s=st.floats(0, 1e5), factor=st.floats(0.7, 1.4))
def test_shift_does_nothing_and_scale_scales(shift_s, factor):
    nn_ms = wavy(200)
    times = beats(nn_ms)
    kinds = ("N",) * len(times)
    one = measure_hrv(times, kinds, rhythm="sinus").values
    moved = measure_hrv(times + shift_s, kinds, rhythm="sinus").values
    assert moved["sdnn_ms"] == pytest.approx(one["sdnn_ms"], rel=1e-6)
    assert moved["dfa_alpha1"] == pytest.approx(one["dfa_alpha1"], rel=1e-4)
    scaled = measure_hrv(factor * times, kinds, rhythm="sinus").values
    for name in ("mean_nn_ms", "sdnn_ms", "rmssd_ms", "sd1_ms", "sd2_ms"):
        assert scaled[name] == pytest.approx(factor * one[name], rel=1e-6)
    assert scaled["sample_entropy"] == pytest.approx(one["sample_entropy"], rel=0.05)


# what is refused


@pytest.mark.parametrize("rhythm", ["afib", "aflutter", "paced"])
def test_refused_where_it_means_nothing(rhythm):
    got = measured(wavy(), rhythm=rhythm)
    assert set(got.values) == {"nn_count", "nn_share_pct", "ectopy_pct"}
    assert rhythm in got.reasons["sdnn_ms"]


def test_refused_with_much_ectopy():
    types = ("N", "N", "N", "V") * 100
    got = measured(np.full(399, 800.0), types=types)
    assert got.reasons["sdnn_ms"] == "25 % of the beats are ectopic, at most 20 % are allowed"
    assert "sdnn_ms" not in got.values


def test_spectrum_and_scaling_refused_with_many_gaps():
    got = measured(wavy(), types=("N",) * 6 + ("U",) + ("N",) * 2 + ("U",) + ("N", "N", "N", "N", "U") * 238 + ("N",))
    assert "rmssd_ms" in got.values
    for name in ("lf_ms2", "dfa_alpha1", "sample_entropy"):
        assert "of the intervals are normal" in got.reasons[name]


@pytest.mark.parametrize(
    ("duration_s", "there", "absent"),
    [
        (10, {"mean_nn_ms", "rmssd_ms"}, {"sdnn_ms", "hf_ms2", "sd2_ms"}),
        (31, {"sdnn_ms"}, {"hf_ms2", "lf_ms2"}),
        (121, {"lf_ms2", "hf_ms2", "lf_hf"}, {"total_power_ms2", "triangular_index", "sample_entropy"}),
        (310, {"total_power_ms2", "sample_entropy", "dfa_alpha1"}, {"vlf_ms2", "tinn_ms", "dfa_alpha2"}),
        (1250, {"triangular_index", "tinn_ms", "dfa_alpha2"}, {"vlf_ms2", "ulf_ms2", "sdann_ms"}),
        (3700, {"vlf_ms2"}, {"ulf_ms2", "sdann_ms", "sdnn_index_ms"}),
    ],
)
def test_each_measure_needs_its_length(duration_s, there, absent):
    got = measured(wavy(int(duration_s / 0.8)), duration_s=float(duration_s))
    assert there <= set(got.values)
    assert absent <= set(got.reasons)


def test_a_day_without_enough_normal_beats_has_no_slow_measures():
    got = measured(np.full(20_000, 800.0), duration_s=86_400.0)
    assert "h of normal intervals, at least 18 h" in got.reasons["sdann_ms"]


@given(st.lists(st.sampled_from("NVSPU"), max_size=40), st.integers(0, 2**31))
def test_every_name_has_a_value_or_a_reason(types, seed):
    times = np.cumsum(np.random.default_rng(seed).uniform(0.2, 2.5, len(types)))
    got = measure_hrv(times, tuple(types), rhythm="sinus")
    assert set(got.values) | set(got.reasons) == set(HRV_NAMES)
    assert not set(got.values) & set(got.reasons)
    assert all(np.isfinite(v) and type(v) is float for v in got.values.values())


# the report


def test_the_report_is_short_and_the_document_complete():
    got = measured(wavy(12), duration_s=10.0)
    core = hrv_measurements(got, recording_id="r")
    assert [m.name for m in core] == [
        "mean_nn_ms", "sdnn_ms", "rmssd_ms", "pnn50_pct", "lf_ms2", "hf_ms2", "lf_hf",
    ]  # fmt: skip
    whole = hrv_measurements(got, recording_id="r", is_complete=True)
    assert tuple(m.name for m in whole) == HRV_NAMES
    assert all((m.value is None) != (m.reason is None) for m in whole)


def test_a_round_trip_keeps_it():
    got = measured(wavy(400))
    assert msgspec.json.decode(msgspec.json.encode(got), type=Hrv) == got
