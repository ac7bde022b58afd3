"""Whether a free text looks as if it named a patient.

Belongs here: patterns that warn the person who writes. Not here: removing anything. A text that passes may still hold a
name: these patterns find slips of the pen, and prove nothing.
"""

import re

_PATTERNS = (
    (re.compile(r"[\w.+-]+@[\w-]+\.\w{2,}"), "an e-mail address"),
    (re.compile(r"\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?(?:19|20)?\d\d\b|\b(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}\b"), "a date"),
    (re.compile(r"(?<![\d.])\d{6,}|\b\d{2,}(?:[ /-]\d{2,}){3,}\b"), "a long number"),
    (re.compile(r"\b(?:born|date of birth|DOB|MRN|patient(?:'s)? (?:id|name|number))\b", re.IGNORECASE), "a word that goes with an identity"),
    (re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Herr|Frau|Mme|Monsieur)\.? [A-Z]\w"), "a form of address with a name"),
)  # fmt: skip


def signs_of_identity(text: str) -> tuple[str, ...]:
    """Return what in a text looks like an identity, in words and without repeating it; empty if nothing does.

    >>> signs_of_identity("LVEF 44.6 %, QTc 486 ms"), signs_of_identity("born 3.5.1961")
    ((), ('a date', 'a word that goes with an identity'))
    """
    return tuple(what for pattern, what in _PATTERNS if pattern.search(text))
