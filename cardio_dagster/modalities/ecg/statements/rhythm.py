"""The rhythm, the heart rate, and times without a beat.

Belongs here: statements about the whole recording. Not here: single beats (ectopy.py) or blocks (av.py, conduction.py).
"""

from collections.abc import Iterator

import numpy as np

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm
from cardio_dagster.modalities.ecg.statements.case import Case, beyond

_TEXTS = {
    "sinus": ("ECG_SINUS", "Sinus rhythm", Grade.NORMAL),
    "afib": ("ECG_AFIB", "Atrial fibrillation", Grade.ABNORMAL),
    "aflutter": ("ECG_AFLUTTER", "Atrial flutter", Grade.ABNORMAL),
    "paced": ("ECG_PACED", "Paced rhythm", Grade.NOTE),
    "other": ("ECG_RHYTHM_OTHER", "Rhythm other than sinus rhythm or atrial fibrillation", Grade.NOTE),
    "not_classified": ("ECG_RHYTHM_UNKNOWN", "Rhythm not classified", Grade.NOTE),
}
_CHAOTIC = (
    "ECG_CHAOTIC",
    "Ventricular fibrillation or tachycardia cannot be excluded; look at the patient",
    Grade.CRITICAL,
)
PAUSE_S, LONG_PAUSE_S, ASYSTOLE_S = 2.0, 3.0, 6.0
_MANY_LEADS, _NO_QRS_MV = 6, 0.25  # low voltage is < 0.5 mV in limb and < 1 mV in chest leads; a P wave reaches 0.25 mV
_NAMED = 5  # more pauses are counted, not listed


def rhythm(case: Case) -> Finding:
    """State the rhythm with what it rests on; no beats at all are critical."""
    if not case.beat_types:
        text = "No heart beat found: asystole, ventricular fibrillation, or no ECG"
        return case.finding("ECG_NO_BEATS", text, Grade.CRITICAL, "0 beats")
    of = case.rhythm
    code, text, grade = _CHAOTIC if of.is_chaotic else _TEXTS[of.label]
    facts = (
        f"irregularity {of.irregularity:.2f}" if of.irregularity is not None else "",
        f"P waves in {100 * of.p_share:.0f} % of beats" if of.p_share is not None else "",
        *_atrial_facts(of),
        of.reason or "",
    )
    evidence = f"{len(case.beat_types)} beats"
    return case.finding(
        code, text, grade, "; ".join(f for f in facts if f), confidence=of.confidence, evidence=evidence
    )


def _atrial_facts(of: Rhythm) -> tuple[str, str]:
    """Return the rate of fibrillatory or flutter waves and the share of time in fibrillation, where the rhythm carries them."""
    return (
        f"atrial waves at {60 * of.f_wave_hz:.0f}/min" if of.f_wave_hz is not None else "",
        f"fibrillation or flutter in {of.af_burden_pct:.1f} % of the time" if of.af_burden_pct is not None else "",
    )


def episodes(case: Case) -> Iterator[Finding]:
    """State fibrillation or flutter that comes and goes while the recording as a whole has another rhythm."""
    for label in ("afib", "aflutter"):
        found = [e for e in case.rhythm.episodes if e.label == label]
        if not found or case.rhythm.label == label:
            continue
        code, name, grade = _TEXTS[label]
        total_s = sum(e.end_s - e.start_s for e in found)
        text = f"{name}, paroxysmal: {len(found)} episode{'s' * (len(found) > 1)}, {total_s:.0f} s in all"
        listed = ", ".join(f"{e.start_s:.0f} to {e.end_s:.0f} s" for e in found[:_NAMED])
        yield case.finding(code, text, grade, "episodes within a recording of another rhythm", evidence=listed)


def paced(case: Case) -> Iterator[Finding]:
    """State stimuli beside a rhythm that has another name: fibrillation under a pacemaker is both."""
    if case.is_paced and case.rhythm.label != "paced":
        text = f"Paced beats: {case.beat_types.count('P')} of {len(case.beat_types)}"
        yield case.finding("ECG_PACED", text, Grade.NOTE, "three beats in ten or more follow a stimulus")


def pause(case: Case) -> Iterator[Finding]:
    """State silences over 2 s wherever they lie; a recording that stops showing beats counts as silent, 6 s or more as asystole."""
    if case.duration_s is None or not len(case.beat_time_s) or not case.is_trusted:
        return
    marks, silence_s = silences(case.beat_time_s, case.lost_s, duration_s=case.duration_s)
    at = np.flatnonzero(silence_s > PAUSE_S)
    if not len(at):
        return
    longest_s = float(silence_s.max())
    grade = Grade.CRITICAL if longest_s > LONG_PAUSE_S else Grade.ABNORMAL
    kind = "asystole" if longest_s >= ASYSTOLE_S else "a pause"
    times = f": {len(at)} times over {PAUSE_S:g} s" if len(at) > 1 else ""
    listed = ", ".join(f"{silence_s[i]:.1f} s from {marks[i]:.2f} s" for i in at[:_NAMED])
    text = f"No heart beat for {longest_s:.1f} s: {kind}, or the signal was lost{times}"
    yield case.finding(
        "ECG_PAUSE",
        text,
        grade,
        "longest time without a beat > 2 s; critical > 3 s, asystole from 6 s",
        evidence=listed,
    )


def silences(beat_time_s: np.ndarray, lost_s: np.ndarray, *, duration_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return start and length of every time without a beat, the ends of the recording included; time of lost signal belongs to none.

    >>> silences(np.array([1.0, 2.0, 9.0]), np.array([[4.0, 8.0]]), duration_s=10.0)
    (array([0., 1., 2., 8., 9.]), array([1., 1., 2., 1., 1.]))
    """
    from_s = np.sort(np.concatenate(([0.0], beat_time_s, lost_s[:, 1])))
    to_s = np.sort(np.concatenate((beat_time_s, lost_s[:, 0], [duration_s])))
    return from_s, to_s - from_s


def no_ventricle(case: Case) -> Iterator[Finding]:
    """State that nothing found is as high as a QRS in six leads or more: what was counted may be P waves over a standstill."""
    sizes_mv = [v.peak_to_peak_mv for v in case.leads.values() if v.peak_to_peak_mv is not None]
    if len(sizes_mv) < _MANY_LEADS or max(sizes_mv) >= _NO_QRS_MV:
        return
    text = f"No QRS higher than {max(sizes_mv):.2f} mV in any lead: standstill of the ventricles cannot be excluded; look at the patient"
    rule = f"from peak to peak < {_NO_QRS_MV:g} mV in every one of {_MANY_LEADS} leads or more"
    yield case.finding("ECG_NO_QRS", text, Grade.CRITICAL, rule, evidence=case.where(tuple(case.leads)))


def heart_rate(case: Case) -> Iterator[Finding]:
    """State a rate below 60 or above 100/min, by the name of the rhythm where that is sinus."""
    rate_bpm = case.value("heart_rate_bpm")
    if rate_bpm is None or 60 <= rate_bpm <= 100:
        return
    sinus = "Sinus " if case.rhythm.label == "sinus" else ""
    if rate_bpm < 60:
        grade = Grade.CRITICAL if rate_bpm < 40 else Grade.ABNORMAL if rate_bpm < 50 else Grade.NOTE
        code, name, limit, rule = (
            "ECG_BRADYCARDIA",
            "bradycardia",
            60.0,
            "heart rate < 60/min; abnormal < 50, critical < 40",
        )
    else:
        grade = Grade.CRITICAL if rate_bpm >= 150 else Grade.ABNORMAL
        code, name, limit, rule = "ECG_TACHYCARDIA", "tachycardia", 100.0, "heart rate > 100/min; critical >= 150"
    confidence = beyond(rate_bpm, limit, kind="bpm")
    yield case.finding(code, f"{sinus}{name}".capitalize(), grade, rule, "heart_rate_bpm", confidence=confidence)
