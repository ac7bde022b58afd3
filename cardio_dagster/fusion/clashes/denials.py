"""Denials: a condition that the metadata denies, and a value or treatment that it states and that presumes it.

Belongs here: a yes/no of a document against other fields of the study's documents. Not here: two answers to one
question (consistency.py), or what the signals find: a low ejection fraction that nobody knew of is news, not a contradiction.
"""

from collections.abc import Callable, Iterator
from itertools import product

from cardio_dagster.finding import Analysis, Finding, Grade
from cardio_dagster.fusion.clashes.readings import CLINICAL, answer, of, value, where
from cardio_dagster.fusion.clashes.rule import Rule

SEVERE_EF_PCT = 30.0
SYMPTOMS_NYHA = 3.0
HYPERTENSION = Rule(
    "fusion.hypertension_denied",
    Grade.ABNORMAL,
    "hypertension is denied, but antihypertensive treatment or at least 1 antihypertensive medicine is stated",
    "ESC 2024, doi:10.1093/eurheartj/ehae178",
)
HEART_FAILURE = Rule(
    "fusion.heart_failure_denied",
    Grade.ABNORMAL,
    f"heart failure is denied, but an ejection fraction of less than {SEVERE_EF_PCT:g} % or NYHA class {SYMPTOMS_NYHA:g} or more is stated",
    "Lang 2015, doi:10.1016/j.echo.2014.10.003; McDonagh 2021, doi:10.1093/eurheartj/ehab368",
)
RULES = (HYPERTENSION, HEART_FAILURE)
_Contrary = tuple[str, str]  # name of the measurement or fact, and how it is told


def hypertension(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State that hypertension is denied beside its treatment; None where it is not denied or nothing is taken for it."""
    return _found(HYPERTENSION, "Hypertension", "hypertension", _treated, analyses)


def heart_failure(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State that heart failure is denied beside values that presume it; None where it is not denied or there are none."""
    return _found(HEART_FAILURE, "Heart failure", "heart_failure", _failing, analyses)


def _treated(document: Analysis) -> Iterator[_Contrary]:
    if answer(document, "antihypertensive_treatment"):
        yield "antihypertensive_treatment", "antihypertensive treatment"
    count = value(document, "antihypertensive_count")
    if count is not None and count >= 1:
        yield "antihypertensive_count", f"{count:.4g} antihypertensive medicines"


def _failing(document: Analysis) -> Iterator[_Contrary]:
    ef_pct, nyha = value(document, "lvef_pct"), value(document, "nyha_class")
    if ef_pct is not None and ef_pct < SEVERE_EF_PCT:
        yield "lvef_pct", f"an ejection fraction of {ef_pct:.4g} %"
    if nyha is not None and nyha >= SYMPTOMS_NYHA:
        yield "nyha_class", f"NYHA class {nyha:.4g}"


def _found(
    rule: Rule,
    label: str,
    name: str,
    contraries: Callable[[Analysis], Iterator[_Contrary]],
    analyses: tuple[Analysis, ...],
) -> Finding | None:
    documents = of(analyses, CLINICAL)
    for denying, stating in product(documents, repeat=2):
        contrary = list(contraries(stating)) if answer(denying, name) is False else []
        if contrary:
            said = " and ".join(words for _, words in contrary)
            text = f"{label} is denied ({where(denying)}), but the metadata ({where(stating)}) states {said}."
            return rule.finding(text, (name, *(n for n, _ in contrary)))
    return None
