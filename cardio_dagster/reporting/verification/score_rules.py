"""Rules of scores: possible values, the summary tier, and that a refused score has no value in a sentence.

Belongs here: what a sentence says of a score. Not here: bands of interpretation and sums of points (score_bands.py)
or computing scores (scoring/).
"""

import re
from collections.abc import Iterator

from cardio_dagster.finding import Score
from cardio_dagster.reporting.verification.material import Material
from cardio_dagster.reporting.verification.score_bands import band_faults, sum_faults
from cardio_dagster.statement import QuoteKind, Statement

TIER = "summary_tier"
_TIERS = ("low", "intermediate", "high")
_POSSIBLE = {"cha2ds2_vasc": (0, 9), "cha2ds2_va": (0, 8), "h2fpef": (0, 9), "has_bled": (0, 9), "maggic": (0, 57)}


def score_faults(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each score that the sentence gives or refuses against what was computed."""
    quoted = {q.name for q in statement.quotes if q.kind is QuoteKind.SCORE}
    for name in statement.scores:
        if name not in quoted | material.labelled(statement):
            yield f"the sentence claims to give {name}, and does not name it"
    for score in material.scores_of(statement):
        if score.name in quoted:
            yield from _of_value(score, statement.text)
        elif score.value is not None and score.name != TIER:
            yield f"{score.name} has a value, the sentence does not give it"
        elif score.name == TIER:
            yield from _tier(score, statement.text)


def _of_value(score: Score, text: str) -> Iterator[str]:
    value = score.value
    if value is None:
        return  # said by the check of the number
    low, high = _POSSIBLE.get(score.name, (0, 100) if score.unit == "%" else (float("-inf"), float("inf")))
    if not low <= value <= high:
        yield f"{score.name} is {value:.6g}, possible is {low} to {high}"
    yield from band_faults(score, value, text)
    yield from sum_faults(score, value)


def _tier(score: Score, text: str) -> Iterator[str]:
    told = text.lower()[text.lower().find(score.label.lower()) + len(score.label) :]
    said = [tier for tier in _TIERS if re.search(rf"\b{tier}\b", told)]
    wanted = [] if score.value is None else [_TIERS[int(score.value)]]
    if said[:1] != wanted and (wanted or text.startswith(score.label)):
        yield f"the summary tier is {wanted or 'refused'}, the sentence says {said}"


def score_coverage(statements: tuple[Statement, ...], material: Material) -> Iterator[str]:
    """Give a message for each score of which no sentence speaks."""
    spoken = {
        s.name for statement in statements for s in material.scores_of(statement) if statement.section == "scores"
    }
    yield from (f"no sentence speaks of the score {s.name}" for s in material.scores if s.name not in spoken)
