"""The sentences: a table of templates by finding code.

Belongs here: words. Not here: how a slot is filled (slots.py). A template is a tuple of parts: the
first must be filled, or the finding's own text is used; a later part is left out where a slot of it is absent.
No template holds a digit: every number comes out of a slot, with its quote. Slots:

| slot | gives |
|---|---|
| `{name}` | the value of the measurement `name` of the same recording, with its unit |
| `{name:range}` | its place in its reference range: "within 54 to 74 %", "above 5.2 mmol/L" |
| `{it}`, `{it:range}`, `{it:label}` | the same for the first measurement that the finding rests on; its label |
| `{text}` | the finding's own text |
| `{care}` | what the text says after its first semicolon, with the semicolon; nothing if it has none |
| `{limit}` | the first number of the finding's rule, with its unit |
| `{beats}` | "4 beats" out of the evidence of the finding |
| `{seen}` | the evidence up to its first semicolon |
| `{how}` | how the first measurement was made, in a word or two |
"""

from fnmatch import fnmatchcase

Template = tuple[str, ...]

_RHYTHM: Template = ("{text}", "; mean heart rate {heart_rate_bpm}")
_WIDE: Template = ("{text} (QRS duration {qrs_ms}, limit {limit})",)
_SLIGHTLY_WIDE: Template = ("{text} (QRS duration {qrs_ms})",)
_AXIS: Template = ("{text}: QRS axis {qrs_axis_deg}", ", {qrs_axis_deg:range}")
_RANGE: Template = ("{it:label} {it}, {it:range}", "{care}")


def _ejection(grade: str) -> Template:
    return (
        "left ventricular ejection fraction {lvef_pct} ({how}",
        ", mean of {beats}",
        ", SD {lvef_sd_pct}",
        f"){grade}",
        ", {lvef_pct:range}",
        "{care}",
    )


TEMPLATES: dict[str, Template] = {
    "ECG_SINUS": _RHYTHM,
    "ECG_AFIB": _RHYTHM,
    "ECG_AFLUTTER": _RHYTHM,
    "ECG_RHYTHM_*": _RHYTHM,
    "ECG_BRADYCARDIA": ("{text}: heart rate {heart_rate_bpm}, below the {limit} limit",),
    "ECG_TACHYCARDIA": ("{text}: heart rate {heart_rate_bpm}, above the {limit} limit",),
    "ECG_PR_LONG": ("{text}: PR {pr_ms}, above the {limit} limit",),
    "ECG_PR_SHORT": ("{text}: PR {pr_ms}, below the {limit} limit",),
    "ECG_QTC_SHORT": ("QTc (Fridericia) {qtc_fridericia_ms}, short by the {limit} limit{care}",),
    "ECG_QTC_LONG": ("QTc (Fridericia) {qtc_fridericia_ms}, prolonged by the {limit} limit{care}",),
    "ECG_QTC_CRITICAL": ("QTc (Fridericia) {qtc_fridericia_ms}, markedly prolonged by the {limit} limit{care}",),
    "ECG_QRS_WIDE": _WIDE,
    "ECG_RBBB": _WIDE,
    "ECG_LBBB": _WIDE,
    "ECG_IRBBB": _SLIGHTLY_WIDE,
    "ECG_ILBBB": _SLIGHTLY_WIDE,
    "ECG_QRS_BORDERLINE": _SLIGHTLY_WIDE,
    "ECG_LAFB": ("{text}: QRS axis {qrs_axis_deg}",),
    "ECG_LPFB": ("{text}: QRS axis {qrs_axis_deg}",),
    "ECG_AXIS_*": _AXIS,
    "ECG_P_WIDE": ("{text} (P duration {p_ms}, limit {limit})",),
    "ECG_P_TALL": ("{text} ({seen} in the median beat, limit {limit})",),
    "LVEF_ABOVE_NORMAL": _ejection(""),
    "LVEF_BORDERLINE_HIGH": _ejection(", normal for a woman, high for a man"),
    "LVEF_NORMAL": _ejection(", normal"),
    "LVEF_BORDERLINE_LOW": _ejection(", normal for a man, mildly reduced for a woman"),
    "LVEF_MILDLY_REDUCED": _ejection(", mildly reduced"),
    "LVEF_MODERATELY_REDUCED": _ejection(", moderately reduced"),
    "LVEF_SEVERELY_REDUCED": _ejection(", severely reduced"),
    "*_INDEX_ABOVE_NORMAL": _RANGE,
    "*_INDEX_BELOW_NORMAL": _RANGE,
    "clinical.*.high": _RANGE,
    "clinical.*.low": _RANGE,
}
OWN_TEXT: Template = ("{text}",)
HOW: tuple[tuple[str, str], ...] = (  # by a part of the method's name; the first that fits of each group
    ("method of 20 discs", "discs"),
    ("area-length", "area-length"),
    ("biplane", "two planes"),
    ("single-plane", "one plane"),
    ("stated", "as stated"),
)


def template_for(code: str) -> Template:
    """Return the template of a finding code, the exact code before a pattern; the finding's own text where there is none."""
    if code in TEMPLATES:
        return TEMPLATES[code]
    return next((t for pattern, t in TEMPLATES.items() if fnmatchcase(code, pattern)), OWN_TEXT)
