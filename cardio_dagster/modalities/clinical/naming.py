"""Keys of fields and units: how the many spellings in files are brought to one.

Belongs here: normalising the text of a field name or unit, nothing of what they mean.
Not here: the fields themselves (quantities.py, history.py).
"""

import re
import unicodedata
from functools import lru_cache

_LONGEST_UNIT = 20
_NOT_A_WORD = re.compile(r"[^a-z0-9%]+")
_PERCENT_WORDS = ("pct", "percent")
_UNIT_PARTS = frozenset(
    {
        "%", "1", "kg", "g", "mg", "ug", "mcg", "ng", "pg", "l", "dl", "ml", "ul", "fl", "mol", "mmol", "umol", "mcmol", "nmol", "pmol", "m", "cm", "mm", "in", "lb", "oz", "s", "ms", "min", "h",
        "d", "wk", "mo", "a", "hg", "mmhg", "mm[hg]", "pa", "kpa", "hpa", "bpm", "beats", "iu", "u", "mu", "eq", "meq", "mosm", "cel", "degc", "degf", "m2", "m²", "m^2", "1.73m2", "1.73m²", "{1.73_m2}",
    }
)  # fmt: skip


def _plain(text: str) -> str:
    """Return `text` without compatibility forms (², µ) and case."""
    return unicodedata.normalize("NFKC", text).replace("\u03bc", "u").casefold()


@lru_cache(maxsize=4096)
def field_key(text: str) -> str:
    """Return a field name as lower-case words joined by underscores.

    >>> field_key("Height (cm)"), field_key("systolicBP"), field_key("HbA1c")
    ('height_cm', 'systolic_bp', 'hba1c')
    """
    words = re.sub(r"(?<=[a-z]{2})(?=[A-Z])", "_", unicodedata.normalize("NFKC", text))
    return _NOT_A_WORD.sub("_", _plain(words)).strip("_")


def unit_key(text: str) -> str:
    """Return a unit as letters and digits only, so that UCUM and everyday spellings meet.

    It is compared only with the units of one quantity, where no two of them share a key.

    >>> unit_key("mL/min/{1.73_m2}") == unit_key("ml/min/1.73 m²")
    True
    >>> unit_key("mm[Hg]"), unit_key("µmol/L"), unit_key("percent")
    ('mmhg', 'umoll', '%')
    """
    key = _NOT_A_WORD.sub("", _plain(text))
    return "%" if key in _PERCENT_WORDS else key


def harmless(text: str, *, kind: str) -> str:
    """Return `text` if it is made of known parts of units, else only its kind and length.

    A misplaced column puts names where units or values belong; a Problem must not repeat them.

    >>> harmless("mg/L", kind="unit"), harmless("Kohl", kind="unit")
    ('mg/L', 'a unit of 4 characters, not repeated here')
    """
    if len(text) <= _LONGEST_UNIT and all(part in _UNIT_PARTS for part in _plain(text).split("/")):
        return text
    return f"a {kind} of {len(text)} characters, not repeated here"
