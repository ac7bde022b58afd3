"""Checks of one statement against another: what contradicts holds the report, what explains is only told.

Belongs here: the two lists of checks and running them. Not here: a check itself (one module for each question),
comparing values of one name (consistency.py), or whether the report is held (pipeline/stages.py).
Limits, sources and how often each is wrong: docs/fusion.md.
"""

from collections.abc import Callable

from cardio_dagster.finding import Analysis, Finding
from cardio_dagster.fusion.clashes import arithmetic, denials, ejection, heart_rate, rhythm, scope, septum, walls
from cardio_dagster.fusion.clashes.rule import Rule

__all__ = ["CONTRADICTIONS", "RELATIONS", "RULES", "Rule", "find_contradictions", "find_relations"]

Check = Callable[[tuple[Analysis, ...]], Finding | None]

CONTRADICTIONS: tuple[Check, ...] = (
    heart_rate.contradicts,
    rhythm.fibrillation_in_regular_clip,
    rhythm.sinus_in_chaotic_clip,
    ejection.contradicts_wall_motion,
    arithmetic.body_mass_index,
    arithmetic.filtration_rate,
    denials.hypertension,
    denials.heart_failure,
    scope.child,
    scope.pregnancy,
)
RELATIONS: tuple[Check, ...] = (
    heart_rate.has_changed,
    rhythm.fibrillation_in_short_regular_clip,
    rhythm.sinus_in_irregular_clip,
    septum.explained_by_conduction,
    septum.moves_in_left_bundle_block,
    walls.thick_with_low_voltage,
    walls.thin_with_high_voltage,
)
RULES: tuple[Rule, ...] = (
    *heart_rate.RULES, *rhythm.RULES, *ejection.RULES, *septum.RULES, *walls.RULES, *arithmetic.RULES, *denials.RULES, *scope.RULES,
)  # fmt: skip


def find_contradictions(analyses: tuple[Analysis, ...]) -> tuple[Finding, ...]:
    """Return what cannot be true of one heart at one time, or puts the patient out of scope; each holds the report."""
    return tuple(found for check in CONTRADICTIONS if (found := check(analyses)))


def find_relations(analyses: tuple[Analysis, ...]) -> tuple[Finding, ...]:
    """Return where one modality explains or qualifies another; none of these holds the report."""
    return tuple(found for check in RELATIONS if (found := check(analyses)))
