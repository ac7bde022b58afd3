"""Statements on the measurements of the branch: grades, values outside their range, rhythm in the clip.

Belongs here: from numbers to sentences with a rule. Not here: limits (references.py), wall motion (motion/).
"""

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.echo import references
from cardio_dagster.modalities.echo.function import Function

_SIZES = ("lv_edv_ml", "lv_esv_ml")
_RHYTHMS = {
    "irregular": ("ECHO_BEATS_IRREGULAR", "The beats of the clip are irregular; the mean of {n} beats is given"),
    "ectopic": ("ECHO_BEATS_EARLY", "Early beats in the clip were not averaged; the mean of {n} beats is given"),
}


def find_statements(function: Function, measurements: tuple[Measurement, ...]) -> tuple[Finding, ...]:
    """Return the statements on every measurement that has a value and a reference range, and on the rhythm."""
    by_name = {m.name: m for m in measurements}
    found = _ejection(by_name["lvef_pct"])
    for name in _SIZES:
        found += _size(by_name[name])
    found += _rate(by_name["echo_heart_rate_r_waves_bpm"]) or _rate(by_name["echo_heart_rate_bpm"])
    return (*found, *_rhythm(function, by_name["lvef_pct"]))


def _ejection(lvef: Measurement) -> list[Finding]:
    if lvef.value is None:
        return []
    grade = references.grade_ef(lvef.value)
    text = f"{grade.text} ({lvef.value:.0f} %)"
    return [_finding(grade.code, text, grade.grade, f"{references.VERSION}, Table 4", lvef)]


def _size(measured: Measurement) -> list[Finding]:
    limits = references.RANGES[measured.name]
    if measured.value is None:
        return []
    man, woman = limits.normal_for(measured.value)
    if man and woman:
        return []
    side = "above" if measured.value > min(limits.men[1], limits.women[1]) else "below"
    whom = "either sex" if man == woman else "a woman" if man else "a man"
    text = f"{measured.label} {_short(measured.value)} {measured.unit}, {side} the normal range of {whom}"
    code = f"{measured.name.rsplit('_', 1)[0].upper()}_{side.upper()}_NORMAL"
    grade = Grade.ABNORMAL if man == woman else Grade.NOTE
    return [_finding(code, text, grade, limits.source, measured)]


def _short(value: float) -> str:
    """Return a whole number, and two digits of a value below 10, which must not read as 0."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _rate(rate: Measurement) -> list[Finding]:
    if rate.within_reference is not False:
        return []
    text = f"Heart rate {rate.value:.0f}/min in the echo clip, outside 60 to 100"
    return [_finding("ECHO_HEART_RATE_OUTSIDE", text, Grade.NOTE, references.HEART_RATE_BPM.source, rate)]


def _rhythm(function: Function, lvef: Measurement) -> list[Finding]:
    if function.cycles is None or function.cycles.rhythm not in _RHYTHMS or lvef.value is None:
        return []
    code, text = _RHYTHMS[function.cycles.rhythm]
    rule = "cycle lengths of the clip, cycles/rhythm.py"
    return [_finding(code, text.format(n=len(function.averaged)), Grade.NOTE, rule, lvef)]


def _finding(code: str, text: str, grade: Grade, rule: str, measured: Measurement) -> Finding:
    return Finding(
        code, text, grade, rule, (measured.name,), confidence=measured.confidence, evidence=measured.evidence
    )
