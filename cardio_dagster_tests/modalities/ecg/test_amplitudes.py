import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.modalities.ecg.measuring import deflections
from cardio_dagster.modalities.ecg.measuring.amplitudes import measure_amplitudes
from cardio_dagster.modalities.ecg.measuring.axis import INDETERMINATE, NO_LEADS, Axes, Axis, measure_axes
from cardio_dagster.modalities.ecg.measuring.edges import edges_of
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.measuring.median_beat import make_median_beat
from cardio_dagster.modalities.ecg.measuring.voltage import measure_voltages
from cardio_dagster_tests.modalities.ecg.marked import prepared_from, structures

RATE_HZ = 500.0
TIMES = np.arange(0.8, 9.5, 0.8)
AFTER_QRS_S = 0.05  # the QRS offset in `marked.EDGES`


def bump(t, centre_s, sigma_s, mv):
    return mv * np.exp(-0.5 * ((t - centre_s) / sigma_s) ** 2)


def one_lead(*, p=0.15, q=-0.1, r=1.2, s=-0.3, tw=0.3, st_mv=0.0, times=TIMES, noise_mv=0.0, seed=0):
    """Return one lead over 10 s: narrow waves well apart, so that each has the height given; ST is a plateau from J on."""
    t = np.arange(round(10 * RATE_HZ)) / RATE_HZ
    signal = np.zeros(len(t))
    for beat in times:
        at = t - beat
        signal += bump(at, -0.16, 0.012, p) + bump(at, -0.03, 0.004, q) + bump(at, 0.0, 0.006, r) + bump(at, 0.028, 0.004, s)  # fmt: skip
        signal += bump(at, 0.28, 0.03, tw) + np.where((at > 0.045) & (at < 0.2), st_mv, 0.0)
    return signal + np.random.default_rng(seed).normal(0, noise_mv, len(t))


def beat_of(*leads, names=("I", "II"), found=None):
    prepared = prepared_from(np.column_stack(leads), names[: len(leads)], RATE_HZ)
    return make_median_beat(prepared, edges_of(found or structures(TIMES, len(leads))))


def test_heights_are_those_of_the_waves():
    got = measure_amplitudes(beat_of(one_lead(st_mv=0.12)))[0]
    assert (got.p_mv, got.t_mv) == pytest.approx((0.15, 0.3), abs=0.01)
    assert got.qrs.pattern == "qRs"
    assert (got.qrs.q.size_mv, got.qrs.r.size_mv, got.qrs.s.size_mv) == pytest.approx((-0.1, 1.2, -0.3), abs=0.01)
    assert got.st_mv == pytest.approx((0.12,) * 4, abs=0.01)
    assert got.qrs.r.peak_ms == pytest.approx(50.0, abs=2.0)


def test_the_level_is_that_at_qrs_onset():
    plain = measure_amplitudes(beat_of(one_lead()))[0]
    shifted = measure_amplitudes(beat_of(one_lead() + 0.7))[0]
    assert shifted.qrs.r.size_mv == pytest.approx(plain.qrs.r.size_mv, abs=1e-4)
    assert shifted.st_mv == pytest.approx(plain.st_mv, abs=1e-4)


@pytest.mark.parametrize("factor", [-2.0, 0.5, 3.0])
def test_heights_scale_and_turn_over_with_the_signal(factor):
    plain, moved = (measure_amplitudes(beat_of(k * one_lead(st_mv=0.1)))[0] for k in (1.0, factor))
    assert moved.t_mv == pytest.approx(factor * plain.t_mv, rel=1e-3)
    assert np.array(moved.st_mv) == pytest.approx(factor * np.array(plain.st_mv), rel=1e-2)
    assert moved.peak_to_peak_mv == pytest.approx(abs(factor) * plain.peak_to_peak_mv, rel=1e-3)


def test_noise_averages_out():
    got = measure_amplitudes(beat_of(one_lead(noise_mv=0.03, st_mv=0.1)))[0]
    assert got.st_mv[0] == pytest.approx(0.1, abs=0.03)
    assert got.qrs.r.size_mv == pytest.approx(1.2, abs=0.06)


def test_beats_found_some_milliseconds_off_do_not_blunt_the_peak():
    off = np.random.default_rng(3).uniform(-0.012, 0.012, len(TIMES))
    blunt = beat_of(one_lead(), found=structures(TIMES + off, 1))
    assert measure_amplitudes(blunt)[0].qrs.r.size_mv == pytest.approx(1.2, abs=0.06)


def test_one_deviant_beat_does_not_show():
    signal = one_lead()
    signal[round(3.17 * RATE_HZ) : round(3.3 * RATE_HZ)] += 4.0  # after its onset, so that the level stays
    assert measure_amplitudes(beat_of(signal))[0].qrs.r.size_mv == pytest.approx(1.2, abs=0.03)


def test_a_lead_without_edges_has_no_amplitudes():
    found = structures(TIMES, 2)
    found.qrs.onset_s[:, 1] = np.nan
    got = measure_amplitudes(beat_of(one_lead(), one_lead(), found=found))
    assert got[0] is not None
    assert got[1] is None


def test_no_whole_beat_gives_no_median_beat():
    assert beat_of(one_lead(), found=structures([0.05], 1)) is None
    assert beat_of(one_lead(), found=structures([], 1)) is None


# the waves of a QRS


def pieces(*parts, rate_hz=1000.0):
    """Return half sines one after the other, each (height in mV, length in ms)."""
    return np.concatenate([mv * np.sin(np.pi * (np.arange(ms) + 0.5) / ms) for mv, ms in parts])


def take_apart(qrs_mv, *, sampling_rate_hz):
    return deflections.take_apart(qrs_mv[None], sampling_rate_hz=sampling_rate_hz)[0]


@pytest.mark.parametrize(
    ("parts", "pattern"),
    [
        ([(-0.1, 20), (1.0, 50), (-0.3, 30)], "qRs"), ([(0.2, 30), (-1.2, 40), (0.6, 50)], "rSR'"), ([(-1.0, 90)], "QS"),
        ([(1.0, 90)], "R"), ([(0.3, 30), (-0.2, 60)], "rs"), ([(-0.6, 40), (0.3, 40)], "Qr"),
        ([(0.2, 20), (-0.3, 20), (0.2, 20), (-0.3, 20)], "rsr's'"), ([(0.01, 90)], ""),
    ],
)  # fmt: skip
def test_patterns(parts, pattern):
    assert take_apart(pieces(*parts), sampling_rate_hz=1000.0).pattern == pattern


def test_sizes_and_lengths_of_the_waves():
    got = take_apart(pieces((-0.2, 35), (1.0, 50), (-0.4, 30)), sampling_rate_hz=1000.0)
    assert (got.q.size_mv, got.q.length_ms) == pytest.approx((-0.2, 35), abs=2)
    assert (got.r.length_ms, got.s.length_ms) == pytest.approx((50, 30), abs=2)
    assert got.highest_r is got.r
    assert got.r.peak_ms == pytest.approx(60, abs=1)


def test_a_rise_into_the_st_segment_is_no_r_prime():
    qrs = np.concatenate((pieces((0.2, 25), (-1.0, 50)), np.linspace(0.0, 0.2, 25)))
    assert take_apart(qrs, sampling_rate_hz=1000.0).pattern == "rS"


def test_ripple_below_the_limit_joins_the_wave():
    assert take_apart(pieces((0.6, 40), (-0.02, 6), (0.6, 40)), sampling_rate_hz=1000.0).pattern == "R"


@given(st.lists(st.tuples(st.floats(-2, 2), st.integers(5, 40)), min_size=1, max_size=6))
def test_any_qrs_has_a_name_and_no_wave_is_higher_than_it(parts):
    qrs = pieces(*parts)
    got = take_apart(qrs, sampling_rate_hz=500.0)
    assert got.pattern.lower().strip("qrs'") == ""
    sizes = [abs(w.size_mv) for w in (got.q, got.r, got.s, got.r2) if w is not None]
    assert max(sizes, default=0.0) <= np.abs(qrs).max() + 1e-12


def test_leads_taken_apart_together_are_as_taken_apart_alone():
    rows = np.random.default_rng(5).normal(0, 0.3, (8, 60)).cumsum(axis=1) * np.hanning(60)
    together = deflections.take_apart(rows, sampling_rate_hz=500.0)
    assert together == tuple(take_apart(row, sampling_rate_hz=500.0) for row in rows)


@pytest.mark.parametrize(("parts", "is_notched"), [([(1.0, 50)], False), ([(1.0, 120)], True)])
def test_a_broad_top_counts_as_slurred(parts, is_notched):
    assert take_apart(pieces(*parts), sampling_rate_hz=1000.0).is_notched is is_notched


def test_two_humps_are_a_notch():
    top = pieces((1.0, 50)) + 0.0
    top[24] -= 0.2
    assert take_apart(top, sampling_rate_hz=1000.0).is_notched


# axes


@pytest.mark.parametrize("deg", [-150, -60, 0, 30, 90, 120, 179])
@pytest.mark.parametrize("second", ["II", "aVF"])
def test_axis_of_a_turned_heart(deg, second):
    wave = one_lead(q=0.0, s=0.0, p=0.1)
    angle = np.radians(deg)
    other = np.cos(angle - np.pi / 3) if second == "II" else np.sin(angle) * np.sqrt(3) / 2  # Goldberger's gain
    got = measure_axes(beat_of(np.cos(angle) * wave, other * wave, names=("I", second)), ("I", second))
    for axis in (got.p, got.qrs, got.t):
        assert axis.deg == pytest.approx(deg, abs=2.0)
    assert got.qrs_t_deg == pytest.approx(0.0, abs=3.0)


def test_the_angle_between_axes_is_the_short_one():
    assert Axes(Axis(0.0), Axis(170.0), Axis(-160.0)).qrs_t_deg == pytest.approx(30.0)


def test_axis_needs_its_leads():
    got = measure_axes(beat_of(one_lead(), names=("V1",)), ("V1",))
    assert (got.qrs.deg, got.qrs.reason) == (None, NO_LEADS)
    assert got.qrs_t_deg is None


def test_equal_areas_have_no_direction():
    t = np.arange(5000) / RATE_HZ
    signal = np.zeros(5000)
    for beat in TIMES:
        signal += bump(t - beat, -0.02, 0.006, 1.0) - bump(t - beat, 0.02, 0.006, 1.0)
    got = measure_axes(beat_of(signal, signal), ("I", "II"))
    assert (got.qrs.deg, got.qrs.reason) == (None, INDETERMINATE)


# voltages


def test_voltages_by_hand():
    leads = {
        "aVL": LeadValues(r_mv=0.8, qrs_pattern="R"), "V1": LeadValues(r_mv=0.2, s_mv=-1.4, qrs_pattern="rS"),
        "V3": LeadValues(q_mv=-1.5, qrs_pattern="QS"), "V5": LeadValues(r_mv=1.9), "V6": LeadValues(r_mv=2.2, q_mv=-0.3, qrs_pattern="qR"),
    }  # fmt: skip
    got = measure_voltages(leads, qrs_ms=100.0, sex="M")
    assert (got.sokolow_lyon_mv, got.r_avl_mv, got.cornell_mv) == pytest.approx((3.6, 0.8, 2.3))
    assert got.cornell_product_mv_ms == pytest.approx(230.0)
    assert measure_voltages(leads, qrs_ms=100.0, sex="F").cornell_product_mv_ms == pytest.approx(290.0)
    assert measure_voltages(leads, qrs_ms=None, sex="F").cornell_product_mv_ms is None


def test_voltages_without_their_leads_are_none():
    got = measure_voltages({"V1": LeadValues(s_mv=-1.0)}, qrs_ms=90.0, sex=None)
    assert (got.sokolow_lyon_mv, got.r_avl_mv, got.cornell_mv, got.cornell_product_mv_ms) == (None, None, None, None)
