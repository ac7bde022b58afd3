"""Codes and units of the whole package: LOINC check digits, and UCUM by a parser that is not ours."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import cardio_dagster
from cardio_dagster.modalities.clinical.quantities import QUANTITIES
from cardio_dagster.reporting.fhir.vocabulary import UCUM_UNITS

PACKAGE = Path(cardio_dagster.__file__).parent
LOINC_LIKE = re.compile(r"[\"'](\d{2,5}-\d)[\"']")
# Where the unit stands among the positional arguments.
UNIT_AT = {"Row": 2, "quantity": 2, "QuantitySpec": 2, "Measurement": 3, "Score": 3, "Gate": 3}
HAS_UNITS = re.compile(rf"\bunit=[\"']|\b({'|'.join(UNIT_AT)})\(")
DEVICE_UNITS = {"bpm"}  # what a device wrote, carried as text


@cache
def modules():
    """Return the text of every module."""
    return [path.read_text() for path in sorted(PACKAGE.rglob("*.py"))]


def loinc_codes():
    """Return every string of the package that looks like a LOINC code, in modules that speak of LOINC."""
    return sorted({code for text in modules() if "loinc" in text.lower() for code in LOINC_LIKE.findall(text)})


@cache
def units():
    """Return every unit that is written where a measurement, score or gate is made."""
    found = set()
    for text in filter(HAS_UNITS.search, modules()):
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            given = [k.value for k in call.keywords if k.arg == "unit"]
            given += call.args[UNIT_AT[name] : UNIT_AT[name] + 1] if name in UNIT_AT else []
            found |= {g.value for g in given if isinstance(g, ast.Constant) and isinstance(g.value, str)}
    return frozenset(found)


def check_digit(number: str) -> int:
    """Return LOINC's Mod 10 check digit (LOINC Users' Guide, appendix on check digits: the Luhn algorithm)."""
    digits = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(number))]
    return -sum(d - 9 if d > 9 else d for d in digits) % 10


def test_every_loinc_code_of_the_package_has_the_right_check_digit():
    parts = [code.partition("-") for code in loinc_codes()]
    assert [number for number, _, digit in parts if check_digit(number) != int(digit)] == []


@pytest.mark.parametrize("wrong", ["8633-1", "8480-5", "8867-3"])
def test_the_check_finds_wrong_codes(wrong):
    number, _, digit = wrong.partition("-")
    assert check_digit(number) != int(digit)


def test_the_search_for_codes_finds_those_we_know():
    assert set(loinc_codes()) >= {"8867-4", "8633-0", "8806-2", "8480-6", "85354-9", "11524-6", "42148-7"}
    assert set(loinc_codes()) >= {code for spec in QUANTITIES for code in spec.loinc}


def test_the_units_that_we_call_ucum_are_ucum():
    parser = pytest.importorskip("ucumvert").get_ucum_parser()
    assert all(parser.parse(unit) for unit in sorted(UCUM_UNITS))


def test_the_parser_refuses_what_is_not_ucum():
    lark, parser = pytest.importorskip("lark"), pytest.importorskip("ucumvert").get_ucum_parser()
    for wrong in ("bpm", "mmHg", "years"):
        with pytest.raises(lark.exceptions.UnexpectedInput):
            parser.parse(wrong)


def test_every_unit_that_the_package_reports_is_known():
    assert len(units()) > 20
    assert units() - UCUM_UNITS - DEVICE_UNITS == set()
