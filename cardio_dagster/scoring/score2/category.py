"""What a SCORE2 or SCORE2-OP risk means: the category by age.

Belongs here: the limits. Not here: the risk itself (equation.py).
Source: ESC 2021 prevention guideline, table 5, doi:10.1093/eurheartj/ehab484. Later guidelines
may set other limits; the version stands in the score's source.
"""

from dataclasses import dataclass

VERSION = "categories ESC 2021, doi:10.1093/eurheartj/ehab484"


@dataclass(frozen=True, slots=True)
class Limits:
    """The risks in percent from which a person below an age is at high and at very high risk."""

    below_years: float
    high_pct: float
    very_high_pct: float
    ages: str


_LIMITS = (
    Limits(50, 2.5, 7.5, "below 50 years"),
    Limits(70, 5, 10, "at 50 to 69 years"),
    Limits(float("inf"), 7.5, 15, "at 70 years or more"),
)


def category(risk_pct: float, *, age_years: float) -> str:
    """Return the category with its limits in words.

    >>> category(5.9, age_years=50)
    'high (5 to below 10 % at 50 to 69 years)'
    """
    limits = next(row for row in _LIMITS if age_years < row.below_years)
    high, very_high = limits.high_pct, limits.very_high_pct
    if risk_pct < high:
        return f"low-to-moderate (below {high:g} % {limits.ages})"
    if risk_pct < very_high:
        return f"high ({high:g} to below {very_high:g} % {limits.ages})"
    return f"very high ({very_high:g} % or more {limits.ages})"
