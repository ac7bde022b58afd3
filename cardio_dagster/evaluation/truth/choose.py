"""Choosing a bounded part of the cases, the same every night.

Belongs here: the choice. Not here: reading cases.
"""

import hashlib
from collections.abc import Iterable

SEED = "nightly"


def chosen(names: Iterable[str], most: int | None) -> tuple[str, ...]:
    """Return at most `most` names (all for None), sorted, drawn by a hash of each.

    A set that grows changes few of the choices, and no order of files or of runs has any part in it.
    """
    by_hash = sorted(names, key=lambda name: hashlib.sha256(f"{SEED} {name}".encode()).hexdigest())
    return tuple(sorted(by_hash if most is None else by_hash[:most]))


def band(value: float | None, limits: tuple[float, ...], unit: str = "") -> str:
    """Return the band that a value lies in; `unknown` without one.

    >>> band(63, (40, 65), "years"), band(65, (40, 65), "years"), band(None, (1,))
    ('40 to 65 years', '65 years and more', 'unknown')
    """
    if value is None:
        return "unknown"
    tail = f" {unit}" if unit else ""
    above = [limit for limit in limits if value >= limit]
    below = [limit for limit in limits if value < limit]
    if not above:
        return f"under {below[0]:g}{tail}"
    return f"{above[-1]:g} to {below[0]:g}{tail}" if below else f"{above[-1]:g}{tail} and more"
