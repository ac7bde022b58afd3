"""Which leads lie beside each other, and which wall of the heart they look at.

Belongs here: geography of the twelve leads. Not here: what is found in them.
"""

from collections.abc import Iterable

# neighbours by the fourth universal definition of myocardial infarction, table 2 (10.1161/CIR.0000000000000617)
_PAIRS = (
    ("I", "aVL"), ("II", "III"), ("II", "aVF"), ("III", "aVF"),
    ("V1", "V2"), ("V2", "V3"), ("V3", "V4"), ("V4", "V5"), ("V5", "V6"),
)  # fmt: skip
_WALLS = (
    ("inferior", ("II", "III", "aVF")),
    ("septal", ("V1", "V2")),
    ("anterior", ("V3", "V4")),
    ("lateral", ("I", "aVL", "V5", "V6")),
)
_ORDER = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_OPPOSITE = {
    "inferior": ("I", "aVL", "V1", "V2", "V3"),
    "septal": ("II", "III", "aVF"),
    "anterior": ("II", "III", "aVF"),
    "lateral": ("III", "aVF", "V1"),
}


def contiguous(leads: Iterable[str]) -> tuple[str, ...]:
    """Return those of the leads that have a neighbour among them, in the usual order.

    >>> contiguous(["V2", "aVF", "V3", "I"])
    ('V2', 'V3')
    """
    given = set(leads)
    kept = {lead for pair in _PAIRS if set(pair) <= given for lead in pair}
    return tuple(lead for lead in _ORDER if lead in kept)


def walls(leads: Iterable[str]) -> tuple[str, ...]:
    """Return the walls that the leads look at.

    >>> walls(["V2", "V3"])
    ('septal', 'anterior')
    """
    given = set(leads)
    return tuple(name for name, own in _WALLS if given & set(own))


def opposite(leads: Iterable[str]) -> frozenset[str]:
    """Return the leads that look from the other side, where reciprocal changes show."""
    given = tuple(leads)
    return frozenset(lead for wall in walls(given) for lead in _OPPOSITE[wall]) - set(given)
