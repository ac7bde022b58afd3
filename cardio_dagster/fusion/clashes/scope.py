"""Scope: a patient for whom the limits and scores of this software were not made.

Belongs here: children and pregnancy. Both are no contradiction, but hold the report in the same way: whatever it
grades by adult limits needs a reader. Not here: leaving out the limits (modalities/) or refusing a score (scoring/).
"""

from cardio_dagster.finding import Analysis, Finding, Grade
from cardio_dagster.fusion.clashes.readings import answer, value, where
from cardio_dagster.fusion.clashes.rule import Rule

ADULT_YEARS = 18.0
CHILD = Rule(
    "fusion.child",
    Grade.NOTE,
    f"an age of less than {ADULT_YEARS:g} years in any recording",
    "Lang 2015 (adults), doi:10.1016/j.echo.2014.10.003; Khan 2024 (PREVENT, from 30 years), doi:10.1161/CIRCULATIONAHA.123.067626",
)
PREGNANCY = Rule(
    "fusion.pregnancy",
    Grade.NOTE,
    "the metadata states a pregnancy",
    "Regitz-Zagrosek 2018, doi:10.1093/eurheartj/ehy340",
)
RULES = (CHILD, PREGNANCY)


def child(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State that the patient is no adult; None where no recording gives an age of less than 18 years."""
    for analysis in analyses:
        age_years = _age_years(analysis)
        if age_years is not None and age_years < ADULT_YEARS:
            text = f"Age {age_years:.4g} years ({where(analysis)}): adult limits do not apply, and scores are not made for children."
            return CHILD.finding(text, ("age_years",))
    return None


def pregnancy(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State that the patient is pregnant; None where it is denied or not stated."""
    for analysis in analyses:
        if answer(analysis, "pregnant"):
            text = f"Pregnant ({where(analysis)}): limits and scores are not made for pregnancy."
            return PREGNANCY.finding(text, ("pregnant",))
    return None


def _age_years(analysis: Analysis) -> float | None:
    """Return the age as a measurement of the metadata or a fact of a device's header."""
    stated = (f.value for f in analysis.facts if f.name == "age_years" and isinstance(f.value, int | float))
    measured = value(analysis, "age_years")
    return measured if measured is not None else next(stated, None)
