"""What a device's statement is about: a small vocabulary, held against the codes of our findings.

Belongs here: topics, the words that name them and our codes for them. Not here: comparing (comparison.py).
"""

import re
from dataclasses import dataclass

_REASON = re.compile(r"\([^)]*\)?")  # "(QRSd >115mS, not LBBB/RBBB)"
_DENIED = re.compile(r"\b(?:no|not|without|absent)\b[^,;.]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Topic:
    """A name, the words of devices (English, Italian, German, French, Spanish) and our codes that say the same."""

    name: str
    words: re.Pattern[str]
    codes: frozenset[str]


def _topic(name: str, words: str, *codes: str) -> Topic:
    return Topic(name, re.compile(words, re.IGNORECASE), frozenset(codes))


TOPICS = (
    _topic("sinus rhythm", r"\bsinus (?:rhythm|brady|tachy|arr)|sinusrhythmus|\bsinusal|\bnsr\b", "ECG_SINUS"),
    _topic("atrial fibrillation", r"atrial fib|fibrillazione|vorhofflimmern|fibrillation auric|\bafib\b", "ECG_AFIB"),
    _topic("atrial flutter", r"flutter|vorhofflattern", "ECG_AFLUTTER"),
    _topic("paced rhythm", r"\bpac(?:ed|ing|emaker)", "ECG_PACED"),
    _topic("bradycardia", r"brad[yi]", "ECG_BRADYCARDIA"),
    _topic("tachycardia", r"ta[cq](?:h|u)?[yi]", "ECG_TACHYCARDIA", "ECG_VT"),
    _topic("ventricular extrasystoles", r"ventricular (?:premature|ectopic|extra)|premature ventricular|\bpvcs?\b", "ECG_PVC"),
    _topic("supraventricular extrasystoles", r"(?:atrial|supraventricular) (?:premature|ectopic|extra)|premature atrial|\bpacs?\b", "ECG_PAC"),
    _topic("first-degree AV block", r"(?:first|1st).{0,8}degree|\b1\W?avb\b|prolonged pr\b", "ECG_PR_LONG"),
    _topic("second-degree AV block", r"(?:second|2nd).{0,8}degree|wenckebach|mobitz", "ECG_AV_BLOCK_2"),
    _topic("third-degree AV block", r"(?:third|3rd).{0,8}degree|complete (?:av|heart) block", "ECG_AV_BLOCK_3"),
    _topic("right bundle branch block", r"right bundle|\bi?rbbb\b|rechtsschenkel|branca destra|rama derecha", "ECG_RBBB", "ECG_IRBBB", "ECG_RSR"),
    _topic("left bundle branch block", r"left bundle|\bi?lbbb\b|linksschenkel|branca sinistra|rama izquierda", "ECG_LBBB", "ECG_ILBBB"),
    _topic("left anterior fascicular block", r"left anterior (?:fasc|hemi)|\blafb\b", "ECG_LAFB"),
    _topic("left posterior fascicular block", r"left posterior (?:fasc|hemi)|\blpfb\b", "ECG_LPFB"),
    _topic("wide QRS without bundle branch block", r"intraventricular", "ECG_QRS_WIDE", "ECG_QRS_BORDERLINE"),
    _topic("left axis deviation", r"left axis|left.{0,10}axis", "ECG_AXIS_LEFT", "ECG_LAFB"),
    _topic("right axis deviation", r"right axis|right.{0,10}axis", "ECG_AXIS_RIGHT", "ECG_LPFB"),
    _topic("long QT", r"(?:long|prolong\w*) qt|qtc?.{0,12}prolong", "ECG_QTC_LONG", "ECG_QTC_CRITICAL"),
    _topic("left ventricular hypertrophy", r"left ventricular hypertrophy|\blvh\b", "ECG_LVH_VOLTAGE", "ECG_LVH_STRAIN"),
    _topic("low voltage", r"low.{0,12}voltage", "ECG_LOW_VOLTAGE_LIMB", "ECG_LOW_VOLTAGE_CHEST"),
    _topic("ST elevation or acute infarct", r"\bste?\b.{0,8}elev|infarct\w*, acute|acute.{0,16}(?:infarct|\bmi\b)|\bstemi\b", "ECG_ST_ELEVATION"),
    _topic("ST depression", r"\bst\b.{0,12}depress|subendocardial", "ECG_ST_DEPRESSION"),
    _topic("T inversion", r"\bt\b.{0,16}(?:inver|negativ)", "ECG_T_INVERSION"),
    _topic("old infarct", r"infarct(?!\w*, acute)(?<!acute infarct)|pathologic\w* q", "ECG_Q_PATHOLOGICAL"),
)  # fmt: skip


def topics_of(text: str) -> tuple[str, ...]:
    """Return the topics that a statement affirms; what stands in brackets is its reason, what follows "no" or "not" is denied.

    >>> topics_of("Nonspecific intraventricular conduction delay (QRSd >115mS, not LBBB/RBBB)")
    ('wide QRS without bundle branch block',)
    >>> topics_of("Sinus bradycardia"), topics_of("No ST elevation")
    (('sinus rhythm', 'bradycardia'), ())
    """
    said = _DENIED.sub("", _REASON.sub("", text))
    return tuple(topic.name for topic in TOPICS if topic.words.search(said))
