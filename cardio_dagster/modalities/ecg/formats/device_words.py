"""The words of which a device's statements are made, so that free text about a person is told from them.

Belongs here: the vocabulary and the test against it. Not here: reading the statements (each format's own module).
"""

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+|\d+")
_TEXT = re.compile(r"[\w\s.,;:()/%<>=+*'-]{1,200}")
_MAX_DIGITS = 3  # a rate, an interval or an angle; a date, a year and a record number have more
_VOCABULARY = """
    a abnormal aberrant aberration absent accelerated acute age alternans an and angle anterior anterolateral anteroseptal artifact asystole at
    atrial atrium av avb avf avl avr axis
    baseline beat beats bigeminy biatrial bifascicular biventricular block blocked borderline bpm brady bradycardia bundle branch by
    capture cardiac changes chronic complete complex complexes conduction consider consistent counterclockwise clockwise couplet couplets criteria
    deep defect degree delay delayed depolarization depression deviation diffuse digitalis dual due duration
    early ecg ectopic ekg elevation enlargement escape evidence extreme extrasystole extrasystoles
    fascicular fibrillation first flat flutter frequent fusion
    heart high hyperacute hypertrophy hyperkalemia
    i idioventricular ii iii impulse in incomplete indeterminate infarct infarction inferior inferolateral injury intermittent interval intervals
    interventricular intraatrial intraventricular inversion inverted irregular ischemia ischemic isolated
    junctional lafb large lateral lbbb lead leads left low lpfb lv lvh
    marked mean minimal mild minor mobitz moderate morphology ms multifocal multiple myocardial mv
    narrow no non nonspecific normal not occasional of old or other otherwise overload
    p pac paced pacemaker pacing pair pairs paroxysmal pathological pattern pause peaked pericarditis poor posterior possible possibly pp pr
    preexcitation premature probable probably progression prolonged pulmonary pvc
    q qrs qt qtc quality rapid rate rbbb recent record recording regular repolarization reversal rhythm right rotation rr rv rvh
    s sa second secondary septal short sinoatrial sinus slow slight small specific st strain supraventricular svt
    t tachy tachycardia tall third transition trigeminy type u unchanged undetermined unifocal uncertain unusual
    v variant ventricle ventricular voltage vs vt
    wandering waves wave wenckebach wide with without within wolff parkinson white wpw limits syndrome
    x y z normale ritmo sinusale anormale atriale fibrillazione bradicardia tachicardia blocco branca destra sinistra asse deviazione
    normales sinusrhythmus normal vorhofflimmern vorhofflattern bradykardie tachykardie linksschenkelblock rechtsschenkelblock lagetyp steiltyp
    rythme sinusal normaux anormal fibrillation auriculaire bradycardie tachycardie bloc droit gauche
    ritmo anormal auricular taquicardia bloqueo rama derecha izquierda limites dentro de
"""
_VOCABULARY += """
    available cannot change comparison compared exclude for found lad lcx now present previous qrsd rca rule since ste std suggest
    suggestive suggests tracing
"""
_WORDS = frozenset(_VOCABULARY.split())


def is_device_statement(text: str) -> bool:
    """Return whether the text is made of ECG words and short numbers alone.

    >>> is_device_statement("NORMAL SINUS RHYTHM, QTc 412 ms"), is_device_statement("Confirmed by: somebody")
    (True, False)
    """
    words = [word.lower() for word in _WORD.findall(text)]
    numbers = sum(word.isdigit() for word in words)
    known = all(len(word) <= _MAX_DIGITS if word.isdigit() else word in _WORDS for word in words)
    return _TEXT.fullmatch(text) is not None and known and len(words) > numbers and numbers <= 3


def sorted_statements(texts: Iterable[str]) -> tuple[tuple[str, ...], int]:
    """Return the texts that are statements, each once and with single spaces, and how many others there are."""
    plain = [" ".join(text.split()) for text in texts]
    kept = tuple(dict.fromkeys(text for text in plain if is_device_statement(text)))
    return kept, sum(bool(text) and not is_device_statement(text) for text in plain)
