"""Observed: what one patient contributes to each metric, as sums that add up over patients.

Belongs here: the form in which truth/ hands its answers to everything that counts them. Not here: what a metric makes of
the sums (forms.py) or which metrics exist (metrics.py).
"""

from dataclasses import dataclass

Sums = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """One patient of one case set.

    `sums` are by the name of the metric, in the order that its form needs; a metric that the patient says nothing of is
    absent. `groups` are what subgroups are made of ("sex": "F"). `confidence` is the system's own, 0 to 1, None where it
    gave no answer.
    """

    case_set: str
    patient: str
    sums: dict[str, Sums]
    groups: dict[str, str]
    confidence: float | None = None


def hit(is_right: bool) -> Sums:
    """Return the sums of one yes or no, as a share in percent."""
    return (100.0 * is_right, 1.0)


def error(value: float | None, truth: float) -> float | None:
    """Return value less truth; None without a value."""
    return None if value is None else value - truth
