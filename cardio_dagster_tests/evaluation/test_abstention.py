"""Abstention curves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.evaluation.abstention import curve, curves
from cardio_dagster.evaluation.observed import Observed
from cardio_dagster_tests.evaluation.made import errors, patients

MAE = "camus_lvef_mae_pct"


def test_a_confidence_that_knows_makes_every_refusal_pay():
    off = np.abs(errors(50))
    found = curve(MAE, patients(off, confidence=1 - off / 100))
    values = [p.value for p in found.points]
    assert values == sorted(values, reverse=True)
    assert found.points[0].refused_pct == 0.0
    assert np.isclose(found.points[0].value, off.mean())
    assert found.points[-1].refused_pct <= 60.0


def test_what_the_system_refused_is_refused_from_the_start():
    refused = tuple(Observed("camus", f"r{n}", {"camus_refused_pct": (100.0, 1.0)}, {}) for n in range(10))
    found = curve(MAE, (*patients(errors(30)), *refused))
    assert found.points[0].refused_pct == 25.0
    assert found.patients == 40


def test_equal_confidence_is_one_place():
    assert len(curve(MAE, patients(errors(30))).points) == 1


def test_no_answer_no_curve():
    assert curves(()) == ()


@settings(deadline=None, max_examples=30)
@given(st.permutations(range(20)))
def test_the_order_of_the_patients_plays_no_part(order):
    made = patients(errors(20), confidence=np.linspace(0.5, 1, 20))
    assert curve(MAE, [made[n] for n in order]) == curve(MAE, made)
