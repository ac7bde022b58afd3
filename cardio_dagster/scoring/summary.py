"""A summary tier of the study by explicit rules: low, intermediate or high.

Belongs here: the rules. It is an ordering aid for the reader of the report, not a validated
risk, and it says so; the reasons that led to it stand beside it.
"""

from cardio_dagster.finding import Finding, Grade, Score
from cardio_dagster.fusion import MIXED_PATIENTS

TIERS = ("low", "intermediate", "high")
# score -> (points or percent from which it is intermediate, and from which it is high)
RULES: dict[str, tuple[float, float]] = {
    "prevent_cvd_10y_pct": (7.5, 20.0),
    "cha2ds2_va": (1, 2),
    "h2fpef": (2, 6),
}
_GRADES = {Grade.NORMAL: 0, Grade.ABNORMAL: 1, Grade.CRITICAL: 2}  # a note has no vote
_RHYTHM_KNOWN = "ECG_SINUS"  # fibrillation and flutter are abnormal and never low
_RHYTHM_UNCLEAR = ("ECG_RHYTHM_UNKNOWN", "ECG_RHYTHM_OTHER", "ECG_PACED", "ECG_NO_BEATS")


def summarise(findings: tuple[Finding, ...], scores: tuple[Score, ...]) -> Score:
    """Return the highest tier that any rule gives, 0 low, 1 intermediate, 2 high, and what gave it.

    Rules: a critical finding is high, an abnormal one intermediate, a normal one low; scores by
    RULES; a note has no vote. Refused where the files may belong to different patients, where
    there is nothing to judge, and instead of low where no ECG shows sinus rhythm or one is unclear.
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
    return _score(tier, tuple(text for level, text in judged if level == tier), refused=_refused(scores))


def _by_findings(findings: tuple[Finding, ...]) -> list[tuple[int, str]]:
    return [(_GRADES[f.grade], f"{f.grade.value} finding: {f.text}") for f in findings if f.grade in _GRADES]


def _has_clear_rhythm(findings: tuple[Finding, ...]) -> bool:
    codes = {f.code for f in findings}
    return _RHYTHM_KNOWN in codes and codes.isdisjoint(_RHYTHM_UNCLEAR)


def _by_scores(scores: tuple[Score, ...]) -> list[tuple[int, str]]:
    rows = []
    for score in scores:
        if score.value is not None and score.name in RULES:
            intermediate, high = RULES[score.name]
            level = int(score.value >= intermediate) + int(score.value >= high)
            rows.append((level, f"{score.label} {score.value:.3g} {score.unit.strip('{}')}"))
    return rows


def _refused(scores: tuple[Score, ...]) -> tuple[str, ...]:
    return tuple(s.label for s in scores if s.value is None and s.name in RULES)


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
        source="rules of this software, cardio_dagster/scoring/summary.py, version 2",
        reason=reason,
        missing=refused,
        interpretation=None if tier is None else f"{TIERS[tier]}: {'; '.join(reasons)}.{unjudged}",
    )
