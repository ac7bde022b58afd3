"""Reading the numbers of a sentence: every digit belongs to a number, to a unit right after one, or to a listed name.

Belongs here: the parser. Not here: what a number must equal (quotes.py). It is written without a look
at drafting/, so that one mistake is not made twice.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cardio_dagster.reporting.verification.names import NAME, NUMBER_WORD, SET_PHRASES
from cardio_dagster.reporting.verification.units import HOLDS_DIGITS, printed_unit

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?"
_NUMBER = re.compile(_DIGITS)
_SIGNS = "+-\N{MINUS SIGN}"
_WORD = re.compile(r"[\s-]*([^\s,;:()]+)")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as printed: its place, value, digits after the point, printed unit ("" if none), and the words around it."""

    text: str
    start: int
    value: float
    decimals: int
    unit: str
    before: str
    after: str

    @property
    def end(self) -> int:
        """Return the place after its last character."""
        return self.start + len(self.text)


@lru_cache(maxsize=4096)
def read_numbers(text: str) -> tuple[Number, ...]:
    """Return the numbers of a text in their order; digits of names and of units are not among them.

    A sign belongs to a number unless it stands behind a letter or a digit ("10-year", "46-106").
    """
    taken = [False] * len(text)
    for name in NAME.finditer(text):
        taken[name.start() : name.end()] = [True] * (name.end() - name.start())
    found: list[Number] = []
    at = 0
    while (match := _NUMBER.search(text, at)) is not None:
        at = match.end()
        if taken[match.start()]:  # a name is taken as a whole
            continue
        number = _number(text, match)
        found.append(number)
        in_unit = HOLDS_DIGITS.match(text, number.end)
        at = in_unit.end() if in_unit else number.end
    return tuple(found)


def names(text: str) -> tuple[str, ...]:
    """Return the listed names that hold a digit, in their order."""
    return tuple(match[0] for match in NAME.finditer(text))


def strange(text: str) -> Iterator[str]:
    """Give the characters that say a number in a form that cannot be checked: other digits, fractions, powers."""
    yield from (c for c in text if not c.isascii() and unicodedata.numeric(c, None) is not None and c not in "²³")


@lru_cache(maxsize=4096)
def number_words(text: str) -> tuple[str, ...]:
    """Return the number words of a text, each with the word behind it; those of set phrases are left out."""
    return tuple(" ".join(match[0].lower().split()) for match in NUMBER_WORD.finditer(SET_PHRASES.sub(" ", text)))


def _number(text: str, match: re.Match[str]) -> Number:
    start = match.start()
    if start and text[start - 1] in _SIGNS and (start == 1 or not text[start - 2].isalnum()):
        start -= 1
    printed = text[start : match.end()]
    value = float(printed.replace(",", "").replace("\N{MINUS SIGN}", "-"))
    after, before = _WORD.match(text, match.end()), text[:start].replace("-", " ").split()
    return Number(
        text=printed,
        start=start,
        value=value,
        decimals=len(printed.partition(".")[2]),
        unit=printed_unit(text[match.end() :]),
        before=before[-1].strip("(,;:") if before else "",
        after=after[1].rstrip(".") if after else "",
    )
