"""The codes against pydicom's copy of PS3.16, and by their own check digits."""

import pytest
from pydicom.sr import _concepts_dict as standard

from cardio_dagster.reporting.dicom_sr import codes, concepts
from cardio_dagster.reporting.dicom_sr.codes import Code

STRUCTURE = [c for c in vars(codes).values() if isinstance(c, Code)]
NAMED = [*concepts.ECHO.values(), *concepts.ECG.values(), concepts.QTC, *(r[0] for r in concepts.ECG_ROWS), *(r[0] for r in concepts.CHARACTERISTICS)]  # fmt: skip
ALL = sorted({(c.scheme, c.value, c.meaning) for c in STRUCTURE + NAMED})

# Codes that stand in a template or in free text of PS3.16 and in no context group, so that pydicom's copy lacks them, or has
# another meaning for them; where else each was found.
ELSEWHERE = {
    ("LN", "28010-7"): "TID 3700 row 1; a public Elixir library of SR templates",
    ("MDC", "2:16016"): "TID 3713; two public versions of highdicom's ECG templates and two other public programs",
    ("UCUM", "{H.B.}/min"): "TID 3713, as a public program says; the BPM of an echo device's public code for dcmtk",
    ("LN", "8302-2"): "TID 3704 as highdicom's ECG templates have it",
    ("LN", "29463-7"): "TID 3704 as highdicom's ECG templates have it",
    ("RFC5646", "en"): "TID 1204; PS3.2 N.10.2 writes it under RFC3066",
}
OTHER_MEANING = {
    ("SCT", "271921002"): "TID 3717 calls the concept 'ECG Finding'",
    ("SCT", "399264008"): "PS3.17 N.2 calls the concept 'Image Mode'",
    ("LN", "8277-6"): "PS3.2 N.10.2 and TID 5201 call it 'Body Surface Area', CID 3455 'BSA'",
    ("SCT", "271649006"): "TID 5201 and 3704 call it 'Systolic Blood Pressure'; pydicom has SNOMED's own full name",
    ("SCT", "271650006"): "the same, diastolic",
}  # fmt: skip


def _meanings(scheme, value):
    return {
        meaning.lower()
        for entries in standard.concepts.get(scheme, {}).values()
        for v, (meaning, _) in entries.items()
        if v == value
    }


@pytest.mark.parametrize(("scheme", "value", "meaning"), ALL)
def test_every_code_is_the_standards(scheme, value, meaning):
    known = _meanings(scheme, value)
    if (scheme, value) in ELSEWHERE:
        assert not known, "pydicom knows it by now: take it off the list"
    elif (scheme, value) in OTHER_MEANING:
        assert known
        assert meaning.lower() not in known
    else:
        assert meaning.lower() in known


def test_no_retired_scheme_and_no_meaning_that_would_be_cut():
    assert {scheme for scheme, _, _ in ALL} == {"DCM", "SCT", "LN", "MDC", "UCUM", "RFC5646"}
    assert max(len(meaning) for _, _, meaning in ALL) <= 64
    assert max(len(value) for _, value, _ in ALL) <= 16


def mod10(digits):
    """The check digit of LOINC (Mod 10, Luhn)."""
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(digits))]
    return -sum(n // 10 + n % 10 for n in doubled) % 10


_D = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1], [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]  # fmt: skip
_P = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
for _ in range(6):
    _P.append([_P[-1][d] for d in _P[1]])


def verhoeff_holds(digits):
    """The check digit of a SNOMED CT identifier (Verhoeff)."""
    left = 0
    for place, digit in enumerate(reversed(digits)):
        left = _D[left][_P[place % 8][int(digit)]]
    return left == 0


@pytest.mark.parametrize("code", [value for scheme, value, _ in ALL if scheme == "LN"])
def test_the_check_digit_of_each_loinc_code(code):
    digits, check = code.split("-")
    assert mod10(digits) == int(check)


@pytest.mark.parametrize("code", [value for scheme, value, _ in ALL if scheme == "SCT"])
def test_the_check_digit_of_each_snomed_code(code):
    assert verhoeff_holds(code)


def test_the_check_digits_see_the_wrong_codes_that_circulate():
    assert mod10("8633") == 0  # "8633-1" is found in public code
    assert not verhoeff_holds("399264009")


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("single-plane (A4C) method of 20 discs, contours by network", "125208"),
        ("biplane method of discs", "125207"),
        ("single-plane (A4C) area-length, 8 A2 / (3 pi L)", "125205"),
        ("biplane area-length", "125204"),
        ("stroke volume by discs times the heart rate from the images", None),
        ("mid-annulus to apex, A4C", None),
    ],
)
def test_the_volume_method_that_a_text_names(method, code):
    found = concepts.volume_method(method)
    assert (found and found.value) == code


@pytest.mark.parametrize(
    ("method", "code"), [("A4C", "399214001"), ("A2C", "399232001"), ("A4C and A2C", None), ("", None)]
)
def test_the_view_that_a_text_names(method, code):
    found = concepts.view(method)
    assert (found and found.value) == code
