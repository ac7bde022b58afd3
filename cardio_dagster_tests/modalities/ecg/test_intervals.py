import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.modalities.ecg.measuring.edges import choose_beats, edges_of, quantile
from cardio_dagster.modalities.ecg.measuring.intervals import lead_intervals, measure_intervals
from cardio_dagster.modalities.ecg.measuring.qt_measurements import qt_measurements
from cardio_dagster.modalities.ecg.measuring.qtc import MIN_AF_BEATS, correct_each_beat, correct_qt, without_wide_qrs
from cardio_dagster_tests.modalities.ecg.marked import structures

TIMES = np.arange(0.8, 9.5, 0.8)


def intervals_of(found):
    return measure_intervals(found, edges_of(found))


def qt_of(found, *, rhythm="sinus", sex="M"):
    return {m.name: m for m in qt_measurements(intervals_of(found), rhythm=rhythm, sex=sex, recording_id="r")}


def test_intervals_are_the_distances_of_the_edges():
    got = intervals_of(structures(TIMES, 12))
    assert (got.p_ms, got.pr_ms, got.qrs_ms, got.qt_ms) == pytest.approx((100.0, 160.0, 100.0, 450.0))
    assert (got.rr_ms, got.heart_rate_bpm) == pytest.approx((800.0, 75.0))
    assert (got.n_beats, got.n_chosen, got.letter, got.first_s) == (11, 11, "N", 0.8)


def test_intervals_of_one_lead_come_from_its_own_edges():
    found = structures(TIMES, 3)
    found.qrs.onset_s[:, 1] -= 0.01
    found.p.onset_s[:, 2] = np.nan
    got = lead_intervals(edges_of(found))
    assert got.qrs_ms == pytest.approx([100.0, 110.0, 100.0])
    assert got.pr_ms[:2] == pytest.approx([160.0, 150.0])
    assert np.isnan(got.pr_ms[2])
    assert np.isnan(got.p_ms[2])


def test_one_noisy_lead_of_twelve_does_not_stretch_the_qrs():
    found = structures(TIMES, 12)
    found.qrs.offset_s[:, 4] += 0.08
    assert intervals_of(found).qrs_ms == pytest.approx(100.0)


def test_ectopic_beats_take_no_part_but_count_for_the_rate():
    found = structures(TIMES, 2, types="NNVNNNSNNNN")
    found.qrs.offset_s[2] += 0.06
    got = intervals_of(found)
    assert (got.qrs_ms, got.n_chosen) == (pytest.approx(100.0), 9)
    assert got.heart_rate_bpm == pytest.approx(75.0)


def test_ectopic_beats_are_not_measured_even_where_they_are_the_most():
    found = structures(TIMES, 2, types="VNVVNVVNVVN")
    found.qrs.offset_s[[0, 2, 3, 5, 6, 8, 9]] += 0.06
    assert (intervals_of(found).letter, intervals_of(found).qrs_ms) == ("N", pytest.approx(100.0))


def test_where_all_beats_are_ventricular_they_are_measured():
    got = intervals_of(structures(TIMES, 2, types="V" * 11))
    assert (got.letter, got.qrs_ms) == ("V", pytest.approx(100.0))


def test_the_spread_of_pr_leaves_out_one_beat_on_each_side():
    found = structures(TIMES[:6], 2)
    found.p.onset_s[2] -= 0.15
    assert intervals_of(found).pr_spread_ms == pytest.approx(0.0, abs=1e-6)
    found.p.onset_s[4] -= 0.12
    assert intervals_of(found).pr_spread_ms == pytest.approx(120.0)
    assert intervals_of(structures(TIMES[:4], 2)).pr_spread_ms is None


@pytest.mark.parametrize(("n_with_p", "has_pr"), [(5, False), (6, True)])
def test_pr_needs_a_p_wave_before_half_of_the_beats(n_with_p, has_pr):
    found = structures(TIMES, 2)
    found.p.onset_s[n_with_p:] = np.nan
    assert (intervals_of(found).pr_ms is not None) is has_pr


def test_a_long_recording_is_thinned_to_two_hundred_beats_with_waves():
    found = structures(np.arange(20_000) * 0.8, 2)
    found.qrs.onset_s[500:] = np.nan
    chosen = choose_beats(found)
    assert len(chosen.index) == 200
    assert (chosen.index[0], chosen.index[-1]) == (0, 499)


@given(st.lists(st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan"))), min_size=4, max_size=4), min_size=1, max_size=6), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))  # fmt: skip
def test_quantile_is_numpys_without_nan(rows, share):
    values = np.array(rows)
    got = quantile(values, share, axis=1)
    for row, value in zip(values, got, strict=True):
        there = row[np.isfinite(row)]
        assert value == pytest.approx(np.quantile(there, share)) if len(there) else np.isnan(value)


# the corrected QT


def test_qtc_by_hand():
    got = correct_qt(qt_ms=360.0, rr_ms=640.0)
    assert got.bazett_ms == pytest.approx(450.0)  # 360 / 0.8
    assert got.fridericia_ms == pytest.approx(417.7, abs=0.1)  # 360 / 0.8618
    assert got.framingham_ms == pytest.approx(415.44)  # 360 + 154 * 0.36
    assert got.hodges_ms == pytest.approx(419.06, abs=0.01)  # 360 + 1.75 * 33.75


@given(st.floats(200, 700), st.floats(300, 2000))
def test_all_formulas_leave_a_rate_of_sixty_alone_and_move_the_same_way(qt_ms, rr_ms):
    got = correct_qt(qt_ms=qt_ms, rr_ms=rr_ms)
    sides = [np.sign(round(v - qt_ms, 6)) for v in (got.bazett_ms, got.fridericia_ms, got.framingham_ms, got.hodges_ms)]
    assert len(set(sides)) == 1
    assert sides[0] == np.sign(round(1000.0 - rr_ms, 6)) or abs(rr_ms - 1000.0) < 1e-3


def test_in_fibrillation_each_beat_is_corrected_with_the_interval_before_it():
    qt_ms, rr_ms = np.full(8, 400.0), np.array([500.0, 1500.0] * 4)
    got = correct_each_beat(qt_ms=qt_ms, rr_ms=rr_ms)
    assert got.bazett_ms == pytest.approx(0.5 * (400 / 0.5**0.5 + 400 / 1.5**0.5))
    assert got.framingham_ms == pytest.approx(400.0)  # linear: the mean of both is that of 1000 ms
    assert correct_each_beat(qt_ms=qt_ms[1:], rr_ms=rr_ms[1:]) is None


def test_fibrillation_says_how_it_was_corrected_or_why_not():
    irregular = np.cumsum([1.0, 0.6, 1.1, 0.7, 0.5, 1.2, 0.6, 0.9, 0.8, 0.7, 1.0])
    got = qt_of(structures(irregular, 2), rhythm="afib")
    each = [450.0 / rr ** (1 / 3) for rr in np.diff(irregular)]
    assert got["qtc_fridericia_ms"].value == pytest.approx(np.mean(each), abs=0.1)
    assert "each beat" in got["qtc_fridericia_ms"].method
    few = qt_of(structures(irregular[:6], 2), rhythm="afib")["qtc_fridericia_ms"]
    assert few.value is None
    assert str(MIN_AF_BEATS) in few.reason


def test_a_wide_qrs_adds_jt_and_the_adjusted_qtc():
    wide = qt_of(structures(TIMES, 2, edges={"qrs": (-0.05, 0.0, 0.11)}))
    assert wide["jt_ms"].value == pytest.approx(290.0)
    shorter = without_wide_qrs(qt_ms=450.0, qrs_ms=160.0)
    assert shorter == pytest.approx(372.4)
    assert wide["qtc_adjusted_ms"].value == pytest.approx(shorter / 0.8 ** (1 / 3), abs=0.1)
    assert "qtc_adjusted_ms" not in qt_of(structures(TIMES, 2))


def test_without_a_t_wave_qt_is_null_with_a_reason():
    got = qt_of(structures(TIMES, 2, t=False))
    assert all(m.value is None and m.reason for m in got.values())


@pytest.mark.parametrize(("sex", "high", "words"), [("M", 449.0, ""), ("F", 459.0, ""), (None, 449.0, "women's")])
def test_the_range_of_qtc_by_sex(sex, high, words):
    got = qt_of(structures(TIMES, 2), sex=sex)["qtc_fridericia_ms"]
    assert got.reference_high == high
    assert words in got.reference_source
