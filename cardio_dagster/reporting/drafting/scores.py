"""Sentences on scores: one for each that has a value, one that names the refused ones with the reason.

Belongs here: wording of scores. Not here: computing or interpreting them (scoring/).
"""

import re
from collections.abc import Iterator

from cardio_dagster.finding import Grade, Score
from cardio_dagster.reporting.drafting.bind import bind_rule
from cardio_dagster.reporting.drafting.printing import DIGITS, unit
from cardio_dagster.reporting.drafting.sentence import Line, Piece, listed
from cardio_dagster.statement import QuoteKind

SECTION = "scores"
SUMMARY = "summary_tier"  # a word, not a number
_SAYS_NOTHING_NEW = "people like this"  # the risk once more, in other words
_OTHER_DIGITS = 1
_MACHINE_NAME = re.compile(r"\b[a-z]+[a-z0-9]*(?:_[a-z0-9]+)+\b")
_UNIT_SUFFIX = re.compile(r"(?:_(?:years|bpm|pct|cm|kg|mmhg|ms|mmol_l|umol_l|ml|kg_m2|ml_min_1_73m2))$")
_WHOLE_NAMES = {"e_over_e_prime": "E/e'", "score2_region": "European risk region"}
_ABBREVIATIONS = {
    "egfr": "eGFR", "bmi": "BMI", "sbp": "systolic blood pressure", "dbp": "diastolic blood pressure", "lvef": "LVEF",
    "hdl": "HDL", "ascvd": "ASCVD", "tia": "TIA", "pasp": "pulmonary artery systolic pressure",
    "nyha": "NYHA", "copd": "COPD", "inr": "INR", "acei": "ACE inhibitor", "arb": "ARB",
}  # fmt: skip


def score_lines(scores: tuple[Score, ...]) -> Iterator[Line]:
    """Give a sentence for each score with a value, then one for those without; the summary tier as a word."""
    for score in scores:
        if score.value is not None:
            yield _tier(score) if score.name == SUMMARY else _valued(score)
    refused = [s for s in scores if s.value is None]
    if refused:
        groups = _by_reason(refused)
        pieces = listed((_refusal(group) for group in groups), by="; ")
        topics = tuple(s.name for s in refused)
        yield Line(SECTION, Grade.NORMAL, (Piece("not given: "), *pieces), topics=topics, scores=topics)


def _valued(score: Score) -> Line:
    value = score.value or 0.0
    digits = DIGITS[score.unit] if score.unit == "{score}" else _OTHER_DIGITS
    pieces = (
        *bind_rule(score.label, score.name),
        Piece(" "),
        Piece(f"{value:.{digits}f}", QuoteKind.SCORE, score.name),
    )
    meaning = score.interpretation or ""
    told = () if not meaning or _SAYS_NOTHING_NEW in meaning else (Piece(": "), *_worded(meaning, score))
    return Line(
        SECTION,
        Grade.NORMAL,
        (*pieces, Piece(_points(value, score.unit)), *told),
        topics=(score.name,),
        scores=(score.name,),
    )


def _points(value: float, ucum: str) -> str:
    return " point" if ucum == "{score}" and value == 1 else unit(ucum)


def _tier(score: Score) -> Line:
    word, _, _ = (score.interpretation or "").partition(":")
    return Line(SECTION, Grade.NORMAL, (Piece(f"{score.label}: {word}"),), topics=(score.name,), scores=(score.name,))


def _by_reason(refused: list[Score]) -> list[list[Score]]:
    groups: dict[str, list[Score]] = {}
    for score in refused:
        groups.setdefault(score.reason or "", []).append(score)
    return list(groups.values())


def _refusal(group: list[Score]) -> tuple[Piece, ...]:
    """Return the labels of the scores that share a reason, and the reason in brackets."""
    names = listed(bind_rule(s.label, s.name) for s in group)
    return (*names, Piece(" ("), *_worded((group[0].reason or "").rstrip("."), group[0]), Piece(")"))


def _worded(text: str, score: Score) -> tuple[Piece, ...]:
    return bind_rule(_MACHINE_NAME.sub(lambda m: in_words(m[0]), text), score.name)


def in_words(name: str) -> str:
    """Return a machine name as it is spoken.

    >>> in_words("hdl_cholesterol_mmol_l"), in_words("egfr_ml_min_1_73m2")
    ('HDL cholesterol', 'eGFR')
    """
    if name in _WHOLE_NAMES:
        return _WHOLE_NAMES[name]
    words = _UNIT_SUFFIX.sub("", name).split("_")
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)
