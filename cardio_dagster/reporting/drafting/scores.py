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
_PROVISO = "Holds only"
_SAYS_NOTHING_NEW = "people like this"  # the risk once more, in other words
_OTHER_DIGITS = 1
_MACHINE_NAME = re.compile(r"\b[a-z]+[a-z0-9]*(?:_[a-z0-9]+)+\b")
_CODE = re.compile(r" \(fusion\.[a-z_.]+\)")  # a finding's code behind a reason
_UNIT_SUFFIX = re.compile(r"(?:_(?:years|bpm|pct|cm|kg|mmhg|ms|mmol_l|umol_l|ml|kg_m2|ml_min_1_73m2))$")
_WHOLE_NAMES = {"e_over_e_prime": "E/e'", "score2_region": "European risk region",
    "hf_duration_months": "duration of heart failure"}  # fmt: skip
_ABBREVIATIONS = {
    "egfr": "eGFR", "bmi": "BMI", "sbp": "systolic blood pressure", "dbp": "diastolic blood pressure", "lvef": "LVEF",
    "hdl": "HDL", "ascvd": "ASCVD", "tia": "TIA", "pasp": "pulmonary artery systolic pressure",
    "nyha": "NYHA", "copd": "COPD", "inr": "INR", "ace": "ACE", "arb": "ARB",
}  # fmt: skip


def score_lines(scores: tuple[Score, ...]) -> Iterator[Line]:
    """Give a sentence for each score with a value, then one for those without; the summary tier as a word.

    A proviso that several scores share is stated once; points and the mortality that belongs to them share a sentence.
    """
    stated: list[str] = []
    for score in scores:
        if score.value is None or _head_of(score, scores) is not score:
            continue
        yield _tier(score) if score.name == SUMMARY else _valued(score, _family(score, scores), stated)
    refused = [s for s in scores if s.value is None]
    if refused:
        groups = _by_reason(refused)
        pieces = listed((_refusal(group) for group in groups), by="; ")
        topics = tuple(s.name for s in refused)
        yield Line(SECTION, Grade.NORMAL, (Piece("not given: "), *pieces), topics=topics, scores=topics)


def _family(score: Score, scores: tuple[Score, ...]) -> tuple[Score, ...]:
    """Return the scores with a value whose label only adds to this one's: MAGGIC and its two mortalities."""
    return tuple(s for s in scores if s.value is not None and s.label.startswith(f"{score.label} "))


def _head_of(score: Score, scores: tuple[Score, ...]) -> Score:
    return next((s for s in scores if score in _family(s, scores) and s.value is not None), score)


def _valued(score: Score, family: tuple[Score, ...], stated: list[str]) -> Line:
    parts = [(*bind_rule(s.label.removeprefix(f"{score.label} "), s.name), Piece(" "), *_value(s)) for s in family]
    meaning, _, proviso = (score.interpretation or "").partition(_PROVISO)
    if family or _SAYS_NOTHING_NEW in meaning:
        meaning = ""
    told = listed(parts) or _worded(_small(meaning.strip().rstrip(".")), score)
    pieces = (*bind_rule(score.label, score.name), Piece(" "), *_value(score), *((Piece(": "), *told) if told else ()))
    names = (score.name, *(s.name for s in family))
    return Line(SECTION, Grade.NORMAL, (*pieces, *_cautioned(proviso, score, stated)), topics=names, scores=names)


def _value(score: Score) -> tuple[Piece, ...]:
    value, digits = score.value or 0.0, DIGITS[score.unit] if score.unit == "{score}" else _OTHER_DIGITS
    return Piece(f"{value:.{digits}f}", QuoteKind.SCORE, score.name), Piece(_points(value, score.unit))


def _cautioned(proviso: str, score: Score, stated: list[str]) -> tuple[Piece, ...]:
    """Return the proviso in full, or that it is the one which was stated last."""
    if not proviso:
        return ()
    if stated[-1:] == [proviso]:
        return (Piece(". The same proviso holds"),)
    stated.append(proviso)
    return (Piece(f". {_PROVISO}"), *_worded(proviso.rstrip("."), score))


def _small(text: str) -> str:
    """Return the text with a small first letter, an abbreviation left as it is."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


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
    named = _MACHINE_NAME.sub(lambda m: in_words(m[0]), _CODE.sub("", text)).replace("copd", "COPD")
    return bind_rule(named, score.name) if text else ()


def in_words(name: str) -> str:
    """Return a machine name as it is spoken.

    >>> in_words("hdl_cholesterol_mmol_l"), in_words("egfr_ml_min_1_73m2")
    ('HDL cholesterol', 'eGFR')
    """
    if name in _WHOLE_NAMES:
        return _WHOLE_NAMES[name]
    words = _UNIT_SUFFIX.sub("", name).split("_")
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)
