"""Forms, intervals, figures, subgroups and comparisons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cardio_dagster.evaluation.bootstrap import interval, worsening
from cardio_dagster.evaluation.compare import Verdict, compare
from cardio_dagster.evaluation.figures import figure_of, figures, rows_of, subgroups
from cardio_dagster.evaluation.forms import Form, value_of
from cardio_dagster.evaluation.metrics import BY_NAME, BY_SET, METRICS
from cardio_dagster.evaluation.observed import Observed
from cardio_dagster_tests.evaluation.made import errors, patients

MAE, BIAS, DICE = (BY_NAME[f"camus_{name}"] for name in ("lvef_mae_pct", "lvef_bias_pct", "lv_dice_ed"))


def test_every_metric_is_of_a_known_set_and_has_a_margin():
    assert {m.case_set for m in METRICS} == set(BY_SET)
    assert all(m.margin > 0 for m in METRICS)
    for name in BY_SET:  # whoever refuses the hard cases is better at the rest
        if name != "mitdb":
            assert BY_NAME[f"{name}_refused_pct"].is_primary


def test_forms_are_what_their_names_say():
    assert value_of(Form.F1, np.array([8.0, 2.0, 4.0])) == pytest.approx(100 * 2 * 0.8 * (8 / 12) / (0.8 + 8 / 12))
    x = np.array([1.0, 4.0, 4.0, 7.0])
    assert value_of(Form.SPREAD, np.array([x.sum(), (x**2).sum(), 4])) == pytest.approx(x.std())
    assert np.isnan(value_of(Form.MEAN, np.zeros(2)))
    assert np.isnan(value_of(Form.F1, np.zeros(3)))


def test_interval_of_a_mean_is_that_of_students_t():
    values = np.random.default_rng(3).normal(5, 2, 80)
    rows = np.column_stack([values, np.ones(80)])
    expected = stats.t.interval(0.95, 79, values.mean(), stats.sem(values))
    assert interval(MAE, rows) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("skewed", [False, True])
def test_interval_is_that_of_scipy(skewed):
    rng = np.random.default_rng(6)
    values = rng.lognormal(0, 1, 40) if skewed else rng.normal(0, 1, 40)
    expected = stats.bootstrap((values,), np.mean, n_resamples=4000, method="BCa", random_state=7).confidence_interval
    assert interval(BIAS, np.column_stack([values, np.ones(40)])) == pytest.approx(tuple(expected), abs=0.06)


def test_interval_resamples_patients_and_not_their_parts():
    """Ten patients whose twenty parts are all alike know as little as ten parts."""
    values = np.random.default_rng(4).normal(0, 1, 10)
    one = interval(BIAS, np.column_stack([values, np.ones(10)]))
    twenty = interval(BIAS, np.column_stack([20 * values, np.full(10, 20.0)]))
    assert twenty == pytest.approx(one)


def test_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(60):
        low, high = interval(BIAS, np.column_stack([rng.normal(1.0, 3.0, 30), np.ones(30)]))
        covered += low <= 1.0 <= high
    assert covered >= 52  # 57 expected; P(less than 52) is below 0.02


def test_interval_where_all_are_alike_or_few():
    assert interval(DICE, np.tile([0.9, 1.0], (30, 1))) == pytest.approx((0.9, 0.9))
    assert interval(DICE, np.tile([0.9, 1.0], (4, 1))) is None
    assert interval(BY_NAME["mitdb_pvc_f1_pct"], np.zeros((30, 3))) is None


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-20, 20), min_size=5, max_size=12))
def test_a_run_is_not_worse_than_itself(values):
    rows = np.column_stack([values, np.ones(len(values))])
    assert worsening(BIAS, rows, rows) == (0.0, (0.0, 0.0))


def test_pairing_takes_out_how_hard_the_patients_are():
    hard = errors(60)
    before, after = (np.column_stack([np.abs(hard) + d, np.ones(60)]) for d in (0.0, 0.2))
    change, (low, high) = worsening(MAE, before, after)
    assert change == pytest.approx(0.2)
    assert (low, high) == pytest.approx((0.2, 0.2))
    assert interval(MAE, after)[1] - interval(MAE, after)[0] > 1.0


def test_figures_add_up_by_patient_and_say_how_many():
    twice = [Observed("ludb", "7", {"ludb_p_f1_pct": (9.0, 1.0, 0.0)}, {}) for _ in range(2)]
    assert rows_of(BY_NAME["ludb_p_f1_pct"], twice)["7"].tolist() == [18.0, 2.0, 0.0]
    assert figure_of(BY_NAME["ludb_p_f1_pct"], twice).patients == 1
    found = {f.metric: f for f in figures(patients(errors()))}
    assert found["camus_lv_dice_es"].value is None
    assert found["camus_lvef_mae_pct"].patients == 60
    assert not {f for f in found if f.startswith("ludb")}


def test_subgroups_have_their_own_numbers_and_small_ones_none():
    odd_are_bad = [8.0 if n % 2 else 2.0 for n in range(30)]
    found = {g.group: g.figure for g in subgroups(patients(odd_are_bad)) if g.figure.metric == "camus_lvef_mae_pct"}
    assert (found["F"].value, found["M"].value, found["F"].patients) == (8.0, 2.0, 15)
    small = {g.group: g.figure for g in subgroups(patients(odd_are_bad[:12]))}
    assert small["F"].value is None
    assert small["F"].patients == 6


def _verdict(before, after, name="camus_lvef_mae_pct"):
    return next(c for c in compare(before, after) if c.metric == name)


def test_worse_beyond_the_margin_is_worse_and_the_reverse_is_not():
    good, bad = patients(errors()), patients(errors() * 1.5)
    worse, better = _verdict(good, bad), _verdict(bad, good)
    assert worse.verdict is Verdict.WORSE
    assert worse.is_alarm
    assert better.verdict is Verdict.NOT_WORSE
    assert not better.is_alarm
    assert better.worsening == pytest.approx(-worse.worsening)


def test_too_few_cases_are_unclear():
    rng = np.random.default_rng(8)
    before, after = np.abs(errors(12)), np.abs(errors(12)) + rng.normal(0.1, 2.0, 12).clip(-1.5, 1.5)
    assert _verdict(patients(before), patients(np.maximum(after, 0))).verdict is Verdict.UNCLEAR


def test_a_bias_is_judged_by_its_size_and_not_by_its_sign():
    plus, minus, large = (patients(np.full(20, b) + errors(20) * 0.01) for b in (1.0, -1.0, -4.0))
    assert _verdict(plus, minus, "camus_lvef_bias_pct").verdict is Verdict.NOT_WORSE
    assert _verdict(plus, large, "camus_lvef_bias_pct").verdict is Verdict.WORSE


def test_only_the_same_patients_are_paired():
    before, after = patients(errors(60)), patients(errors(60))[30:]
    assert _verdict(before, after).worsening == 0.0
    others = tuple(Observed("camus", f"q{n}", o.sums, {}) for n, o in enumerate(after))
    assert _verdict(before, others).verdict is Verdict.NOT_COMPARED


def test_an_answer_that_is_gone_is_worse_and_a_set_that_is_gone_is_not_compared():
    before = patients(errors(20))
    without = tuple(Observed("camus", o.patient, {"camus_refused_pct": (100.0, 1.0)}, {}) for o in before)
    assert _verdict(before, without).verdict is Verdict.WORSE
    assert _verdict(before, without, "camus_refused_pct").verdict is Verdict.WORSE
    gone = _verdict(before, (Observed("sim_ecg", "e1", {"sim_ecg_refused_pct": (0.0, 1.0)}, {}),))
    assert (gone.verdict, gone.is_alarm) == (Verdict.NOT_COMPARED, False)
