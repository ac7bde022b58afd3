"""A summary tier of the study by explicit rules: low, intermediate or high.

Belongs here: the rules. It is an ordering aid for the reader of the report, not a validated
risk, and it says so; the reasons that led to it stand beside it.

Where a guideline words what follows from a score, "should be considered" is intermediate and "is recommended" is
high: CHA2DS2-VA (ESC 2024, doi:10.1093/eurheartj/ehae176), SCORE2 and SCORE2-OP by age (ESC 2021,
doi:10.1093/eurheartj/ehab484: high, very high). Diagnosed heart failure is never low; MAGGIC is high from the
points at which mortality within a year exceeds 20 %, the survival at which ISHLT 2016 (doi:10.1016/j.healun.2015.10.023)
looks at listing. A bleeding risk asks for review and is never high.
"""

from math import inf

from cardio_dagster.finding import Finding, Grade, Score
from cardio_dagster.fusion import MIXED_PATIENTS
from cardio_dagster.scoring.inputs import used_number
from cardio_dagster.scoring.score2.category import category

TIERS = ("low", "intermediate", "high")
# score -> (points or percent from which it is intermediate, and from which it is high)
RULES: dict[str, tuple[float, float]] = {
    "prevent_cvd_10y_pct": (7.5, 20.0),
    "cha2ds2_va": (1, 2),
    "has_bled": (3, inf),
    "h2fpef": (2, 6),
    "maggic": (0, 28),
}
SCORE2_NAMES = ("score2_10y_pct", "score2_op_10y_pct")
_SCORE2_LEVELS = ("low-to-moderate", "high", "very high")
_GRADES = {Grade.NORMAL: 0, Grade.ABNORMAL: 1, Grade.CRITICAL: 2}  # a note has no vote
_RHYTHM_KNOWN = "ECG_SINUS"  # fibrillation and flutter are abnormal and never low
_RHYTHM_UNCLEAR = ("ECG_RHYTHM_UNKNOWN", "ECG_RHYTHM_OTHER", "ECG_PACED", "ECG_NO_BEATS")
_NOT_INDICATED = "not indicated"


def summarise(findings: tuple[Finding, ...], scores: tuple[Score, ...]) -> Score:
    """Return the highest tier that any rule gives, 0 low, 1 intermediate, 2 high, and what gave it.

    Rules: a critical finding is high, an abnormal one intermediate, a normal one low; scores by
    RULES, SCORE2 by age; a note has no vote. Refused where the files may belong to different patients, where
    there is nothing to judge, and instead of low where no ECG shows sinus rhythm or one is unclear.
    `missing` names the scores that are indicated but lack an input.
    """
    mixed = next((f for f in findings if f.code in MIXED_PATIENTS), None)
    if mixed:
        return _score(None, (), reason=f"the files may belong to different patients ({mixed.code})")
    judged = [*_by_findings(findings), *_by_scores(scores)]
    if not judged:
        return _score(None, (), reason="neither a finding nor a score to judge")
    tier = max(level for level, _ in judged)
    if tier == 0 and not _has_clear_rhythm(findings):
        return _score(None, (), reason="nothing is abnormal, but the rhythm is not known to be sinus rhythm")
    return _score(tier, tuple(text for level, text in judged if level == tier), refused=_lacking(scores))


def _by_findings(findings: tuple[Finding, ...]) -> list[tuple[int, str]]:
    return [(_GRADES[f.grade], f"{f.grade.value} finding: {f.text}") for f in findings if f.grade in _GRADES]


def _has_clear_rhythm(findings: tuple[Finding, ...]) -> bool:
    codes = {f.code for f in findings}
    return _RHYTHM_KNOWN in codes and codes.isdisjoint(_RHYTHM_UNCLEAR)


def _by_scores(scores: tuple[Score, ...]) -> list[tuple[int, str]]:
    rows = (_by_score2(s) if s.name in SCORE2_NAMES else _by_rule(s) for s in scores)
    return [row for row in rows if row]


def _by_rule(score: Score) -> tuple[int, str] | None:
    if score.value is None or score.name not in RULES:
        return None
    limits = RULES[score.name]
    level = sum(score.value >= limit for limit in limits)
    unit = "%" if score.unit == "%" else "points"
    steps = ", ".join(f"{tier} from {limit:g}" for tier, limit in zip(TIERS[1:], limits, strict=True) if limit < inf)
    return level, f"{score.label} {score.value:.3g} {unit} ({steps})"


def _by_score2(score: Score) -> tuple[int, str] | None:
    """Return the tier of a SCORE2 risk by the limits for the age that it used; None without value or age."""
    age_years = used_number(score, "age_years")
    if score.value is None or age_years is None:
        return None
    words = category(score.value, age_years=age_years)
    level = _SCORE2_LEVELS.index(words.split(" (")[0])
    return level, f"{score.label} {score.value:.3g} %, by ESC 2021 {words}"


def _lacking(scores: tuple[Score, ...]) -> tuple[str, ...]:
    """Return the scores that would be judged, are indicated and have no value."""
    judged = [s for s in scores if s.value is None and (s.name in RULES or s.name in SCORE2_NAMES)]
    return tuple(s.label for s in judged if not (s.reason or "").startswith(_NOT_INDICATED))


def _score(
    tier: int | None, reasons: tuple[str, ...], *, reason: str | None = None, refused: tuple[str, ...] = ()
) -> Score:
    unjudged = f" Not judged: {', '.join(refused)}." if refused else ""
    return Score(
        name="summary_tier",
        label="Summary tier (not a validated risk)",
        value=None if tier is None else float(tier),
        unit="{tier}",
        inputs=reasons,
        indications="an ordering aid for any study; no statement about a person's risk",
        source="rules of this software, cardio_dagster/scoring/summary.py, version 3",
        reason=reason,
        missing=refused,
        interpretation=None if tier is None else f"{TIERS[tier]}: {'; '.join(reasons)}.{unjudged}",
    )
