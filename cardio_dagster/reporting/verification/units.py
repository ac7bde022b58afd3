"""Units as they stand behind a number in a sentence.

Belongs here: the verifier's own table of units. Not here: digits or values (numbers.py). Longer spellings come first.
"""

import re
from functools import lru_cache

SPELLINGS: dict[str, tuple[str, ...]] = {  # UCUM -> as printed
    "mL/min/{1.73_m2}": ("mL/min/1.73 m²",),
    "mm[Hg]": ("mmHg",),
    "mmol/L": ("mmol/L",),
    "umol/L": ("µmol/L", "umol/L"),
    "kg/m2": ("kg/m²",),
    "g/m2": ("g/m²",),
    "mL/m2": ("mL/m²",),
    "L/min": ("L/min",),
    "/min": ("/min",),
    "mV.ms": ("mV·ms", "mV ms"),
    "mV": ("mV",),
    "uV": ("µV", "uV"),
    "ms2": ("ms²",),
    "ms": ("ms",),
    "cm2": ("cm²",),
    "m2": ("m²",),
    "cm": ("cm",),
    "mm": ("mm",),
    "mL": ("mL",),
    "kg": ("kg",),
    "%": ("%",),
    "a": ("years", "year"),
    "deg": ("°", "degrees"),
    "{score}": ("points", "point"),
    "Hz": ("Hz",),
    "s": ("s",),
}
UNITLESS = ("1", "{tier}", "{ratio}", "")
_PRINTED = sorted(((text, ucum) for ucum, texts in SPELLINGS.items() for text in texts), key=lambda p: -len(p[0]))
_UNIT = re.compile(rf" ?({'|'.join(re.escape(text) for text, _ in _PRINTED)})(?![\w²/·])")
_UCUM = dict(_PRINTED)
HOLDS_DIGITS = re.compile(r" mL/min/1\.73 m²")


def printed_unit(after: str) -> str:
    """Return the UCUM unit that the text behind a number begins with; "" where there is none."""
    match = _UNIT.match(after)
    return _UCUM[match[1]] if match else ""


def unit_length(after: str) -> int:
    """Return how many characters the unit takes with which the text behind a number begins; 0 without one."""
    match = _UNIT.match(after)
    return match.end() if match else 0


def same_unit(printed: str, ucum: str) -> bool:
    """Return whether the printed unit, as UCUM, is the unit of a measurement."""
    return printed == "" if ucum in UNITLESS else printed == ucum


@lru_cache(maxsize=4096)
def as_printed(text: str) -> str:
    """Return a text of the rules with its UCUM units as a sentence prints them, for comparing words.

    >>> as_printed("above 25 kg/m2")
    'above 25 kg/m²'
    """
    for ucum in ("mL/min/{1.73_m2}", "mm[Hg]", "kg/m2", "mL/m2", "umol/L", "mV.ms", "cm2", "ms2", "{score}"):
        text = text.replace(ucum, SPELLINGS[ucum][0])
    return re.sub(r"(?<=\d) deg\b", "°", text)
