"""Suggestions: scores and measurements that would apply to this study and are not there.

Belongs here: choosing them. Not here: the table of what applies when (suggestion_rules.py) or
computing a score (scoring/). A suggestion is an aid to completeness, no advice on treatment.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from cardio_dagster.evidence.suggestion_rules import FAMILIES, ONLY_IF, RULES, SITE_SETTINGS, Condition, Rule
from cardio_dagster.evidence.trend import KnownFeature
from cardio_dagster.finding import Finding, Score
from cardio_dagster.statement import Suggestion

# how scoring/ words a score that is indicated and lacks an input; a test holds the two together
LACKS_INPUT = "missing"
_MIXED = (
    "fusion.conflict.sex",
    "fusion.conflict.age_years",
)  # scores are then refused, and nothing applies to "the" patient


def suggest(
    findings: Iterable[Finding], scores: Sequence[Score], features: Sequence[KnownFeature]
) -> tuple[Suggestion, ...]:
    """Return what further would apply: by the rules, in their order, then the scores that lack nothing but inputs.

    Nothing is suggested that has a value, that is refused for a reason other than missing inputs, or that rests on
    an indication which is not known to hold. Scores of one family (PREVENT's six) are suggested once. A setting of
    the site is no input that anyone could measure and is not asked for. Empty where the files may belong to
    different patients.
    """
    codes = {f.code for f in findings}
    if not codes.isdisjoint(_MIXED):
        return ()
    known = {f.name: f.value for f in features if f.value is not None}
    by_rule = [s for rule in RULES if _fires(rule, codes, known) for s in _by_rule(rule, scores, known)]
    lacking = [s for score in scores for s in _by_lack(score, known)]
    first: dict[str, Suggestion] = {}
    for suggestion in (*by_rule, *lacking):
        held = first.setdefault(suggestion.name, suggestion)
        if suggestion.why == held.why:
            needs = tuple(dict.fromkeys((*held.needs, *suggestion.needs)))
            first[suggestion.name] = Suggestion(held.name, held.label, held.why, needs)
    return tuple(first.values())


def _fires(rule: Rule, codes: set[str], known: dict[str, float]) -> bool:
    coded = not rule.codes or any(fnmatchcase(code, pattern) for code in codes for pattern in rule.codes)
    return coded and all(_holds(condition, known) for condition in rule.conditions)


def _holds(condition: Condition, known: dict[str, float]) -> bool:
    value = known.get(condition.name)
    return value is not None and condition.low <= value <= condition.high


def _by_rule(rule: Rule, scores: Sequence[Score], known: dict[str, float]) -> list[Suggestion]:
    why = f"{rule.why} ({rule.source})"
    if not rule.score:
        is_there = rule.unless and any(name in known for name in rule.unless)
        return [] if is_there else [Suggestion(rule.name, rule.label, why, rule.needs)]
    mine = [score for score in scores if fnmatchcase(score.name, rule.score)]
    if any(score.value is not None or not score.missing for score in mine):
        return []  # it is there, or refused for a reason that no input would change
    needs = tuple(dict.fromkeys(name for score in mine for name in score.missing)) or rule.needs
    return [Suggestion(rule.name, rule.label, why, needs)]


def _by_lack(score: Score, known: dict[str, float]) -> list[Suggestion]:
    if score.value is not None or not (score.reason or "").startswith(LACKS_INPUT):
        return []
    needs = tuple(name for name in score.missing if name not in SITE_SETTINGS)
    if not needs or not all(_holds(condition, known) for condition in ONLY_IF.get(score.name, ())):
        return []
    name, label = next(
        ((name, label) for pattern, name, label in FAMILIES if fnmatchcase(score.name, pattern)),
        (score.name, score.label),
    )
    return [Suggestion(name, label, f"it is indicated ({score.indications}) and lacks only inputs", needs)]
