"""Numbers as people read them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.outcome import Gate
from cardio_dagster.reporting.wording import plain, unit, verdict_value


@pytest.mark.parametrize(
    ("value", "text"),
    [(486.3, "486"), (44.62, "44.6"), (44.0, "44"), (1.87, "1.87"), (0.035, "0.035"), (0.0, "0"), (-0.001, "-0.001"), (-0.00001, "0"), (100.0, "100"), (12000.4, "12000")],
)  # fmt: skip
def test_about_three_digits_are_shown(value, text):
    assert plain(value) == text


@settings(max_examples=200)
@given(st.floats(-1e5, 1e5, allow_nan=False), st.integers(-500, 500).map(float))
def test_rounding_never_moves_a_value_across_a_limit(value, limit):
    shown = float(plain(value, limits=(limit,)))
    assert (shown > limit) == (value > limit)
    assert (shown < limit) == (value < limit)


@settings(max_examples=200)
@given(st.floats(-1e5, 1e5, allow_nan=False))
def test_what_is_shown_is_within_one_percent(value):
    assert float(plain(value)) == pytest.approx(value, rel=0.01, abs=1e-4)


@pytest.mark.parametrize(
    ("ucum", "text"), [("1", ""), ("mm[Hg]", "mmHg"), ("{beats}/min", "/min"), ("%", "%"), ("m2", "m²")]
)
def test_ucum_is_printed_as_people_write_it(ucum, text):
    assert unit(ucum) == text


def test_a_gate_without_a_value_says_so():
    assert verdict_value(Gate("x", "1", "x", "dB", minimum=1.0).judge(None)) == "not measurable"
