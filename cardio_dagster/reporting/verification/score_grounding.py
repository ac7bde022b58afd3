"""Grounding of sentences on scores: label, value and meaning of the score, or label and reason of those not given.

Belongs here: the forms of these sentences, and that a proviso that is only referred to was stated before.
Not here: whether the meaning fits the value (score_rules.py).
"""

import re
from collections.abc import Iterator

from cardio_dagster.finding import Score
from cardio_dagster.reporting.verification.material import Material
from cardio_dagster.reporting.verification.shape import pattern_of, shape_of
from cardio_dagster.statement import QuoteKind, Statement

_PROVISO = "Holds only"
_SAME = "the same proviso holds"
_TIERS = ("low", "intermediate", "high")
_RESTATES = "people like this"  # the value once more
_MORTALITY = "Predicted mortality:"  # the two scores of the family that belong to the points


def score_forms(statement: Statement, material: Material) -> Iterator[str]:
    """Give the patterns of shapes that a sentence on scores may have."""
    quoted = list(dict.fromkeys(q.name for q in statement.quotes if q.kind is QuoteKind.SCORE))
    scores = [s for name in quoted if (s := material.score(name))]
    if scores:
        yield _given(scores)
    else:
        yield from (_tier(s) for s in material.scores if s.unit == "{tier}" and s.value is not None)
        yield _not_given([s for s in material.scores if s.value is None])


def _given(scores: list[Score]) -> str:
    first, *others = scores
    values = [_valued(first, first.label)]
    for score in others:  # "MAGGIC 37 points: 1-year mortality 42.7 %"
        values.append(_valued(score, score.label.removeprefix(f"{first.label} ")))
    return " ".join(values) + "".join(_meaning(s, alone=not others) for s in scores)


def _valued(score: Score, label: str) -> str:
    return f"{pattern_of(label)} #s:{re.escape(score.name)}"


def _meaning(score: Score, *, alone: bool) -> str:
    head, proviso = _parts(score)
    optional = _RESTATES in head or (head.startswith(_MORTALITY) and not alone)
    told = f" {pattern_of(head)}" if head else ""
    caution = f" (?:{pattern_of(proviso)}|{_SAME})" if proviso else ""
    return (f"(?:{told})?" if optional else told) + caution


def _parts(score: Score) -> tuple[str, str]:
    """Return what the score means, and under which proviso."""
    head, mark, proviso = (score.interpretation or "").partition(_PROVISO)
    return head.strip(), f"{mark}{proviso}".strip()


def _tier(score: Score) -> str:
    return f"{pattern_of(score.label)} {_TIERS[int(score.value or 0)]}"


def _not_given(refused: list[Score]) -> str:
    """Return a pattern: groups of labels, each with the reason that they share."""
    groups = []
    for reason in dict.fromkeys(s.reason or "" for s in refused):
        one = "|".join(pattern_of(s.label) for s in refused if s.reason == reason)
        groups.append(f"(?:{one})(?: (?:{one}))* {pattern_of(reason)}")
    each = "|".join(groups) or "(?!)"
    return f"not given(?: (?:{each}))+"


def proviso_faults(statements: tuple[Statement, ...], material: Material) -> Iterator[str]:
    """Give a message for each score whose proviso is only referred to, and was not stated in full before."""
    stated: list[str] = []
    for shape, statement in ((shape_of(s), s) for s in statements if s.section == "scores"):
        wanted = [pattern_of(p) for s in material.scores_of(statement) if s.value is not None and (p := _parts(s)[1])]
        if shape.endswith(_SAME):
            yield from (
                f"the proviso of {statement.statement_id} is stated nowhere before"
                for w in wanted
                if w not in stated[-1:]
            )
        else:
            stated += wanted
