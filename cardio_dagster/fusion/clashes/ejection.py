"""Ejection fraction against wall motion score: two views of the same contraction must roughly agree.

Belongs here: the published line between them and how far from it a clip may lie. Not here: measuring either.

Line: EF = 92.8 - 25.8 WMSI (Lebeau 2003, 150 patients against radionuclide angiography); the segmental EF of 65, 40 and 15 %
for scores 1, 2 and 3 (Lebeau 2018) is the same within 3 points. Limits are uneven because one plane reads a lower EF than the line:
by 5.1 +- 7.6 points in experts' outlines of 387 CAMUS patients; of these 1 lies beyond the lower and none beyond the upper limit.
"""

from cardio_dagster.finding import Analysis, Finding, Grade, Measurement
from cardio_dagster.fusion.clashes.readings import ECHO, measured, of
from cardio_dagster.fusion.clashes.rule import Rule

BELOW_PCT, ABOVE_PCT = 27.0, 12.0
NO_ABNORMALITY = 1.0  # the score says nothing of how far above normal a ventricle ejects
SEGMENTS_MIN = 4
RULE = Rule(
    "fusion.ef_wall_motion",
    Grade.ABNORMAL,
    f"ejection fraction more than {BELOW_PCT:g} points below, or with a score above {NO_ABNORMALITY:g} more than {ABOVE_PCT:g} points above "
    "92.8 - 25.8 x wall motion score index",
    "Lebeau 2003, PMID 12704486; Lebeau 2018, doi:10.1530/ERP-18-0006",
)
RULES = (RULE,)


def expected_ef_pct(wall_motion_score_index: float) -> float:
    """Return the ejection fraction in percent that goes with a wall motion score index (1 normal to 4 dyskinetic).

    Lebeau 2003, PMID 12704486.

    >>> round(expected_ef_pct(1.0), 1), round(expected_ef_pct(2.0), 1)
    (67.0, 41.2)
    """
    return 92.8 - 25.8 * wall_motion_score_index


def contradicts_wall_motion(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State the clip whose ejection fraction and wall motion fit least; None where every clip fits or lacks one of them."""
    apart = []
    for echo in of(analyses, ECHO):
        ef, index = measured(echo, "lvef_pct"), measured(echo, "wall_motion_score_index")
        if ef and index and _segments(echo) >= SEGMENTS_MIN and _is_beyond(ef, index):
            apart.append((echo, ef, index))
    if not apart:
        return None
    return _told(*max(apart, key=lambda clip: abs(_difference_pct(clip[1], clip[2]))))


def _segments(echo: Analysis) -> int:
    """Return how many segments have an excursion: an index of a few stands for those few only."""
    return sum(m.name.startswith("excursion_") and m.value is not None for m in echo.measurements)


def _difference_pct(ef: Measurement, index: Measurement) -> float:
    return (ef.value or 0.0) - expected_ef_pct(index.value or 0.0)


def _is_beyond(ef: Measurement, index: Measurement) -> bool:
    difference = _difference_pct(ef, index)
    return difference < -BELOW_PCT or (difference > ABOVE_PCT and (index.value or 0.0) > NO_ABNORMALITY)


def _told(echo: Analysis, ef: Measurement, index: Measurement) -> Finding:
    side = "too low" if _difference_pct(ef, index) < 0 else "too high"
    text = (
        f"Ejection fraction {ef.value:.1f} % is {side} for a wall motion score index of {index.value:.2f} (echo {echo.recording_id}): "
        "contours, beat or plane may be wrong."
    )
    evidence = "; ".join(m.evidence for m in (ef, index) if m.evidence) or None
    return RULE.finding(text, (ef.name, index.name), evidence)
