"""Rules of scores: possible values, the words for their bands, and that a refused score has no value in a sentence.

Belongs here: bands of interpretation. Not here: computing scores (scoring/). Sources: PREVENT bands AHA 2023 calculator
(doi:10.1161/CIRCULATIONAHA.123.067626); CHA2DS2-VA ESC 2024 (doi:10.1093/eurheartj/ehae176); H2FPEF Reddy 2018
(doi:10.1161/CIRCULATIONAHA.118.034646).
"""

import re
from collections.abc import Iterator

from cardio_dagster.finding import Score
from cardio_dagster.reporting.verification.material import Material
from cardio_dagster.statement import QuoteKind, Statement

TIER = "summary_tier"
_TIERS = ("low", "intermediate", "high")
_POSSIBLE = {"cha2ds2_vasc": (0, 9), "cha2ds2_va": (0, 8), "h2fpef": (0, 9), "has_bled": (0, 9), "maggic": (0, 50)}
# score -> pattern of the words, and the values from (included) to (not included) of which they may be said
_BANDS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "prevent_cvd_10y_pct": (
        (r"\blow \(", 0, 5),
        (r"\bborderline \(", 5, 7.5),
        (r"\bintermediate \(", 7.5, 20),
        (r"\bhigh \(", 20, 101),
    ),
    "cha2ds2_va": (
        (r"anticoagulation is recommended", 2, 9),
        (r"anticoagulation should be considered", 1, 2),
        (r"\blow risk\b", 0, 1),
    ),
    "h2fpef": ((r"\bis likely\b", 6, 10), (r"\bfurther tests\b", 2, 6), (r"\bunlikely\b", 0, 2)),
}


def score_faults(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each score that the sentence gives or refuses against what was computed."""
    quoted = {q.name for q in statement.quotes if q.kind is QuoteKind.SCORE}
    for score in material.scores_of(statement):
        if score.name in quoted:
            yield from _banded(score, statement.text)
        elif score.value is not None and score.name != TIER:
            yield f"{score.name} has a value, the sentence does not give it"
        elif score.name == TIER:
            yield from _tier(score, statement.text)


def _banded(score: Score, text: str) -> Iterator[str]:
    value = score.value
    if value is None:
        return  # said by the check of the number
    low, high = _POSSIBLE.get(score.name, (0, 100) if score.unit == "%" else (float("-inf"), float("inf")))
    if not low <= value <= high:
        yield f"{score.name} is {value:.6g}, possible is {low} to {high}"
    for pattern, least, end in _BANDS.get(score.name, ()):
        if re.search(pattern, text, re.IGNORECASE) and not least <= value < end:
            yield f"{score.name} is {value:.6g}, of which {pattern!r} must not be said"


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
