"""Statements on the measurements of the branch: grades, values outside their range, rhythm in the clip.

Belongs here: from numbers to sentences with a rule, and what weakens a sentence. Not here: limits (references.py),
wall motion (motion/).
"""

from dataclasses import replace

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.echo import references
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.gates import PICTURE_QUALITY_MIN

_SIZES = ("lv_edv_ml", "lv_esv_ml")
_RHYTHMS = {
    "irregular": ("ECHO_BEATS_IRREGULAR", "The beats of the clip are irregular; the mean of {n} beats is given"),
    "ectopic": ("ECHO_BEATS_EARLY", "Early beats in the clip were not averaged; the mean of {n} beats is given"),
}
NOT_RELIED_ON = "not to be relied on"  # what a statement says that is a note whatever its limits say
_UNSURE_VIEW = f"the view is not certain: {NOT_RELIED_ON}"
_POOR_PICTURE = f"the recording failed several quality checks: {NOT_RELIED_ON}"
_FLAWED_PICTURE = "the recording failed a quality check: read with care"
_UNUSUAL_SIZE = "almost no heart is so large: the pixel spacing may be wrong"


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
    what, stem = (
        f"{measured.label} {_short(measured.value, *limits.men, *limits.women)} {measured.unit}",
        measured.name.rsplit("_", 1)[0].upper(),
    )
    if man == woman:
        text = f"{what}, {side} the normal range of either sex"
        return [_finding(f"{stem}_{side.upper()}_NORMAL", text, Grade.ABNORMAL, limits.source, measured)]
    out, within = ("women", "men") if man else ("men", "women")
    spans = {"men": _span(limits.men, measured.unit), "women": _span(limits.women, measured.unit)}
    text = f"{what}, {side} the range of {out} ({spans[out]}) and within that of {within} ({spans[within]}); the sex is not known here"
    return [_finding(f"{stem}_DEPENDS_ON_SEX", text, Grade.NOTE, limits.source, measured)]


def _span(limits: tuple[float, float], unit: str) -> str:
    return f"{limits[0]:g} to {limits[1]:g} {unit}"


def with_caveats(findings: tuple[Finding, ...], function: Function) -> tuple[Finding, ...]:
    """Return the findings with what weakens them in their text, behind a semicolon.

    In an unknown view, and where several of the picture's gates failed, nothing is graded above a note; where
    one failed, the text says so. Sizes beyond those of almost any heart point to the pixel spacing. What is
    said of beats and heart rate (`ECHO_*`) does not rest on the view and stays as it is.
    """
    return tuple(f if f.code.startswith("ECHO_") else _weakened(f, _caveats(f, function)) for f in findings)


def _caveats(finding: Finding, function: Function) -> list[str]:
    prepared = function.prepared
    said = [_UNSURE_VIEW] if prepared.view.view == "unknown" else []
    if prepared.quality < 1:
        said.append(_POOR_PICTURE if prepared.quality < PICTURE_QUALITY_MIN else _FLAWED_PICTURE)
    is_large = finding.code.startswith("LV_E") and finding.code.endswith("_ABOVE_NORMAL")
    return [*said, *([_UNUSUAL_SIZE] if is_large and function.unusual else [])]


def _weakened(finding: Finding, caveats: list[str]) -> Finding:
    is_graded = finding.grade in (Grade.ABNORMAL, Grade.CRITICAL)
    grade = Grade.NOTE if is_graded and any(NOT_RELIED_ON in c for c in caveats) else finding.grade
    return replace(finding, text="; ".join([finding.text, *caveats]), grade=grade)


def _short(value: float, *limits: float) -> str:
    """Return a whole number; with a decimal where it would read as a limit, two digits below 10, which must not read as 0."""
    if value < 10:
        return f"{value:.2g}"
    return f"{value:.1f}" if round(value) in limits else f"{value:.0f}"


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
