"""The verifier's own reading of numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.reporting.verification.numbers import names, number_words, read_numbers, strange


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("LVEF 62.9 %, within 54 to 74 %.", [("62.9", "%"), ("54", ""), ("74", "%")]),
        ("Heart rate 61/min.", [("61", "/min")]),
        ("QRS axis -41°, below -30°.", [("-41", "deg"), ("-30", "deg")]),
        ("eGFR 77 mL/min/1.73 m², above 60.", [("77", "mL/min/{1.73_m2}"), ("60", "")]),
        ("10-year risk, men 62-150", [("10", ""), ("62", ""), ("150", "")]),
        ("1,024 beats and +0.24 mV", [("1,024", ""), ("+0.24", "mV")]),
        ("CHA2DS2-VASc 3 points, in V1 and V2 (r02)", [("3", "{score}")]),
        ("CHA3DS2-VASc", [("3", ""), ("2", "")]),
        ("HbA1c 7.3 %, HbA2c", [("7.3", "%"), ("2", "")]),
        ("5e3", [("5", ""), ("3", "")]),
        ("a value of 5.", [("5", "")]),
    ],
)
def test_reading(text, numbers):
    assert [(n.text, n.unit) for n in read_numbers(text)] == numbers


@given(st.decimals(-9999, 9999, places=2, allow_nan=False).map(str), st.sampled_from(("ms", "%", "mL/m²", "points")))
def test_any_decimal_is_read_whole(text, unit):
    (number,) = read_numbers(f"It is {text} {unit}, as seen.")
    assert (number.text, number.value) == (text, float(text))
    assert number.end - number.start == len(text)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=30))
def test_every_ascii_digit_is_in_a_number_a_name_or_a_unit(text):
    covered = {i for n in read_numbers(text) for i in range(n.start, n.end)}
    held = "".join(names(text)) + "1.73" * text.count(" mL/min/1.73 m²")
    left = [c for i, c in enumerate(text) if c in "0123456789" and i not in covered]
    assert sorted(left) == sorted(c for c in held if c.isdigit() and c.isascii())


def test_words_and_strange_digits():
    assert number_words("Twice as large, in one plane, two couplets") == ("twice as", "two couplets")
    assert list(strange("½ of 3 m² or Ⅳ")) == ["½", "Ⅳ"]
    assert names("SCORE2-OP, SCORE2, V5 and V10") == ("SCORE2-OP", "SCORE2", "V5")
