"""Machine rules of the echo's findings and of the indices, written from the published tables.

Belongs here: grades of the ejection fraction, volumes by sex, wall motion score. Not here: outlines and segments themselves.

Source: ASE/EACVI 2015 (doi:10.1016/j.echo.2014.10.003): ejection fraction and volumes Table 2, grades Table 4; the ejection fraction is
judged in whole percent, as the tables print it. In an unknown view or a poor picture a finding says that it is not to be relied on,
and is a note whatever its limits say.
"""

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.verification.conditions import (
    Condition,
    GradeOf,
    beyond_reference,
    either,
    in_text,
    value,
)
from cardio_dagster.reporting.verification.conditions import MachineRule as R
from cardio_dagster.reporting.verification.material import Material

_NORMAL, _NOTE, _ABNORMAL, _CRITICAL = Grade.NORMAL, Grade.NOTE, Grade.ABNORMAL, Grade.CRITICAL
_BY_SEX = {  # mL: men, women
    "lv_edv_ml": ((62.0, 150.0), (46.0, 106.0)),
    "lv_esv_ml": ((21.0, 61.0), (14.0, 42.0)),
}
_NOT_RELIED_ON = "not to be relied on"
_KINDS = ("hypokinesia", "akinesia", "dyskinesia")


def _ef(low: float | None, high: float | None) -> tuple[Condition, ...]:
    """Return that the ejection fraction, in whole percent, lies from `low` to `high`."""
    lower = () if low is None else (value("lvef_pct", ">=", low, whole=True),)
    return (*lower, *(() if high is None else (value("lvef_pct", "<=", high, whole=True),)))


def _graded(grade: Grade) -> GradeOf:
    """Return the grade, or that of a note where the finding says that it is not to be relied on."""

    def grade_of(finding: Finding, _material: Material) -> Grade:
        return _NOTE if _NOT_RELIED_ON in finding.text else grade

    return grade_of


def _beyond(name: str, side: str, finding: Finding, material: Material) -> tuple[bool, bool] | None:
    """Return whether a volume lies beyond that side of the range of men, and of women."""
    found = material.value(name, finding.recording_id)
    if found is None:
        return None
    men, women = _BY_SEX[name]
    return (found > men[1], found > women[1]) if side == "above" else (found < men[0], found < women[0])


def _volume(name: str, side: str) -> R:
    """Return the rule of a volume beyond the ranges of both sexes."""

    def check(finding: Finding, material: Material) -> bool:
        is_said = f"{side} the normal range of either sex" in finding.text
        return is_said and _beyond(name, side, finding, material) == (True, True)

    return R((check,), (side,), ("below" if side == "above" else "above", "within"), _graded(_ABNORMAL))


def _by_sex(name: str) -> R:
    """Return the rule of a volume beyond the range of one sex only, which the text must name."""

    def check(finding: Finding, material: Material) -> bool:
        said = {
            f"{side} the range of {whom}": _beyond(name, side, finding, material) == answer
            for side in ("above", "below")
            for whom, answer in (("men", (True, False)), ("women", (False, True)))
        }
        return any(words in finding.text and is_true for words, is_true in said.items())

    return R((check,), ("within that of", "the sex is not known"), (), _NOTE)


def _motion(kind: str) -> R:
    """Return the rule of a weak segment: abnormal if several beats show it, unless it is hypokinetic and alone, which is a note."""
    others = tuple(k for k in _KINDS if k != kind)
    return R((value("wall_motion_score_index", ">", 1.0),), (kind,), others, _motion_grade)


def _motion_grade(finding: Finding, _material: Material) -> Grade | None:
    return _NOTE if _NOT_RELIED_ON in finding.text or "one beat only" in finding.text else None


ECHO_RULES: dict[str, R] = {
    "LVEF_ABOVE_NORMAL": R(_ef(75, None), ("above",), ("reduced", "below", "normal"), _NOTE),
    "LVEF_BORDERLINE_HIGH": R(_ef(73, 74), ("normal for a woman",), ("reduced",), _NOTE),
    "LVEF_NORMAL": R(_ef(54, 72), ("normal",), ("reduced", "below", "above"), _NORMAL),
    "LVEF_BORDERLINE_LOW": R(_ef(52, 53), ("normal for a man", "mildly reduced for a woman"), ("severely",), _NOTE),
    "LVEF_MILDLY_REDUCED": R(_ef(41, 51), ("mildly reduced",), ("normal", "moderately", "severely"), _graded(_ABNORMAL)),
    "LVEF_MODERATELY_REDUCED": R(_ef(30, 40), ("moderately reduced",), ("normal", "mildly", "severely"), _graded(_ABNORMAL)),
    "LVEF_SEVERELY_REDUCED": R(_ef(None, 29), ("severely reduced",), ("normal", "mildly", "moderately"), _graded(_CRITICAL)),
    "LV_EDV_ABOVE_NORMAL": _volume("lv_edv_ml", "above"),
    "LV_EDV_BELOW_NORMAL": _volume("lv_edv_ml", "below"),
    "LV_ESV_ABOVE_NORMAL": _volume("lv_esv_ml", "above"),
    "LV_ESV_BELOW_NORMAL": _volume("lv_esv_ml", "below"),
    "LV_EDV_DEPENDS_ON_SEX": _by_sex("lv_edv_ml"),
    "LV_ESV_DEPENDS_ON_SEX": _by_sex("lv_esv_ml"),
    "*_INDEX_ABOVE_NORMAL": R((beyond_reference("high"),), ("above",), ("below", "within"), _ABNORMAL),
    "*_INDEX_BELOW_NORMAL": R((beyond_reference("low"),), ("below",), ("above", "within"), _ABNORMAL),
    "ECHO_HEART_RATE_OUTSIDE": R((either(beyond_reference("low"), beyond_reference("high")),), ("outside",), ("within",), _NOTE),
    "ECHO_BEATS_IRREGULAR": R((in_text(r"mean of (\d+) beats", ">=", 1),), ("irregular",), (), _NOTE),
    "ECHO_BEATS_EARLY": R((in_text(r"mean of (\d+) beats", ">=", 1),), ("early",), (), _NOTE),
    "WALL_MOTION_NORMAL": R((value("wall_motion_score_index", "==", 1.0),), ("no wall motion abnormality",), _KINDS, _NORMAL),
    **{f"GLOBAL_{kind.upper()}": _motion(kind) for kind in _KINDS},
    **{f"{kind.upper()}_*": _motion(kind) for kind in _KINDS},
}  # fmt: skip
