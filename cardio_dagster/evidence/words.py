"""Words: a text as the stems that index and query share, with the abbreviations of the field written out.

Belongs here: what counts as the same word. Not here: weighing words (index.py) or ranking passages (search.py).
"""

import re
import threading

import Stemmer  # type: ignore[import-not-found, import-untyped, unused-ignore]

# Each is written out wherever it stands alone, in notes and queries alike, so that either form finds the other.
SYNONYMS: dict[str, str] = {
    "a4c": "apical four chamber",
    "af": "atrial fibrillation",
    "afib": "atrial fibrillation",
    "aflutter": "atrial flutter",
    "afl": "atrial flutter",
    "av": "atrioventricular",
    "avb": "atrioventricular block",
    "bmi": "body mass index",
    "bp": "blood pressure",
    "bpm": "heart rate",
    "bsa": "body surface area",
    "cad": "coronary disease",
    "ckd": "chronic renal disease",
    "cvd": "cardiovascular disease",
    "dbp": "diastolic blood pressure",
    "ecg": "electrocardiogram",
    "edv": "end diastolic volume",
    "ef": "ejection fraction",
    "egfr": "glomerular filtration rate",
    "ekg": "electrocardiogram",
    "esv": "end systolic volume",
    "gfr": "glomerular filtration rate",
    "gls": "global longitudinal strain",
    "hf": "heart failure",
    "hfmref": "heart failure mildly reduced ejection fraction",
    "hfpef": "heart failure preserved ejection fraction",
    "hfref": "heart failure reduced ejection fraction",
    "hr": "heart rate",
    "hrv": "heart rate variability",
    "ilbbb": "incomplete left bundle branch block",
    "irbbb": "incomplete right bundle branch block",
    "la": "left atrial",
    "lafb": "left anterior fascicular block",
    "lbbb": "left bundle branch block",
    "lpfb": "left posterior fascicular block",
    "lv": "left ventricular",
    "lvef": "left ventricular ejection fraction",
    "lvh": "left ventricular hypertrophy",
    "mi": "myocardial infarction",
    "nsvt": "ventricular tachycardia",
    "pac": "supraventricular extrasystole",
    "pasp": "pulmonary artery systolic pressure",
    "pvc": "ventricular extrasystole",
    "qtc": "corrected qt",
    "ra": "right atrial",
    "rbbb": "right bundle branch block",
    "sbp": "systolic blood pressure",
    "sv": "supraventricular",
    "svt": "supraventricular tachycardia",
    "tdp": "torsade",
    "vf": "ventricular fibrillation",
    "vt": "ventricular tachycardia",
    "wmsi": "wall motion score index",
    # words for one thing
    "akinetic": "akinesia",
    "atrium": "atrial",
    "axes": "axis",
    "dilated": "enlarged",
    "dilatation": "enlarged",
    "hypokinetic": "hypokinesia",
    "infarct": "infarction",
    "kidney": "renal",
    "obese": "obesity",
    "premature": "extrasystole",
    "ectopic": "extrasystole",
    "ectopy": "extrasystole",
    "ventricle": "ventricular",
    "ventricles": "ventricular",
}
# fmt: off
_STOP = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "do", "does", "for", "from", "has", "have",
    "he", "how", "i", "if", "in", "into", "is", "it", "its", "may", "not", "of", "on", "or", "she", "should", "so",
    "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "was", "were",
    "what", "when", "where", "which", "who", "why", "will", "with", "without", "would",
})
# fmt: on
# Said in several words. Written out before single words are looked at.
PHRASES: dict[str, str] = {
    "blood sugar": "glucose",
    "blood thinner": "anticoagulant",
    "blood thinners": "anticoagulants",
    "heart attack": "myocardial infarction",
    "heart block": "atrioventricular block",
    "heart beat": "beat",
    "long qt": "prolonged qt",
    "pulse rate": "heart rate",
    "shortness of breath": "dyspnoea breathlessness",
}
_PHRASE = re.compile(rf"\b(?:{'|'.join(PHRASES)})\b")
# A number alone is no word: the value of a patient would find whatever passage happens to hold the same digits.
_WORD = re.compile(r"[a-z]+\d+[a-z\d]*|[a-z]+")  # qrs, cha2ds2; an underscore or hyphen parts words
_stemmer, _lock = Stemmer.Stemmer("english"), threading.Lock()  # one stemmer is not made for many threads


def words(text: str) -> tuple[str, ...]:
    """Return the stems of a text in order, abbreviations written out, without the commonest words.

    >>> words("The LVEF is reduced") == words("left ventricular ejection fraction, reduced")
    True
    """
    said = _PHRASE.sub(lambda found: PHRASES[found[0]], " ".join(text.lower().split()))
    plain = (word for word in _WORD.findall(said) if word not in _STOP)
    full = " ".join(SYNONYMS.get(word, word) for word in plain).split()
    with _lock:
        return tuple(_stemmer.stemWords(full))
