"""Scoring: risk from what fusion holds, each score with its inputs, indications and source.

Belongs here: the registry of scores and `score`. Not here: measuring or choosing sources
(fusion/). Nothing is imputed; a score outside its indications is refused with the reason.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from cardio_dagster.finding import Score
from cardio_dagster.fusion import MIXED_PATIENTS, Fusion
from cardio_dagster.scoring.cha2ds2 import cha2ds2_va, cha2ds2_vasc
from cardio_dagster.scoring.h2fpef import h2fpef
from cardio_dagster.scoring.has_bled import has_bled
from cardio_dagster.scoring.maggic import maggic, maggic_mortality
from cardio_dagster.scoring.prevent import prevent_score
from cardio_dagster.scoring.prevent_coefficients import OUTCOMES
from cardio_dagster.scoring.score2 import score2, score2_op
from cardio_dagster.scoring.summary import summarise

__all__ = ["CODE_VERSION", "SCORES", "score", "summarise"]

CODE_VERSION = "3"
_WHOSE = "refused: the files may belong to different patients"
SCORES: dict[str, Callable[[Fusion], Score]] = {
    **{
        f"prevent_{outcome}_{years}y_pct": partial(prevent_score, outcome=outcome, years=years)
        for years in (10, 30)
        for outcome in OUTCOMES
    },
    "score2_10y_pct": score2,
    "score2_op_10y_pct": score2_op,
    "cha2ds2_vasc": cha2ds2_vasc,
    "cha2ds2_va": cha2ds2_va,
    "has_bled": has_bled,
    "h2fpef": h2fpef,
    "maggic": maggic,
    **{f"maggic_{years}y_pct": partial(maggic_mortality, years=years) for years in (1, 3)},
}


def score(fusion: Fusion) -> tuple[Score, ...]:
    """Return every registered score, with a value or with the reason why it has none.

    Where the files may belong to different patients, none has a value.
    """
    scores = tuple(function(fusion) for function in SCORES.values())
    if not any(finding.code in MIXED_PATIENTS for finding in fusion.consistency):
        return scores
    return tuple(replace(s, value=None, reason=_WHOSE, interpretation=None) for s in scores)
