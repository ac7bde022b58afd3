"""Rules that turn measurements and rhythm into statements.

Belongs here: each rule with its limit and grade. Not here: measuring. Nothing is suppressed: a last rule names every
value outside its range that no other rule spoke of.
"""

from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.ecg.reference import (
    QTC_CRITICAL_MS,
    QTC_PROLONGED_FEMALE_MS,
    QTC_PROLONGED_MALE_MS,
    QTC_SHORT_MS,
)
from cardio_dagster.modalities.ecg.rhythm import Rhythm

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
_PAUSE_S, _LONG_PAUSE_S = 2.0, 3.0


def state(
    measurements: tuple[Measurement, ...],
    rhythm: Rhythm,
    beat_types: tuple[str, ...],
    *,
    sex: str | None,
    recording_id: str,
    silence_s: float | None = None,
) -> tuple[Finding, ...]:
    """Return the findings of one recording, the rhythm first.

    `silence_s` is the longest time without a beat; None where it is not known.
    """
    by_name = {m.name: m.value for m in measurements}
    make = _Maker(recording_id)
    found = [
        _rhythm(make, rhythm, len(beat_types)),
        *_pause(make, silence_s),
        *_rate(make, by_name.get("heart_rate_bpm")),
        *_conduction(make, by_name.get("pr_ms"), by_name.get("qrs_ms")),
        *_axis(make, by_name.get("qrs_axis_deg")),
        *_qtc(make, by_name.get("qtc_fridericia_ms"), by_name.get("qrs_ms"), rhythm.label, sex),
        *_ectopy(make, beat_types),
    ]
    spoken = {name for finding in found for name in finding.measurements}
    return tuple(found) + tuple(_rest(make, measurements, spoken))


class _Maker:
    """Makes findings of one recording."""

    def __init__(self, recording_id: str) -> None:
        self._recording_id = recording_id

    def __call__(
        self, code: str, text: str, grade: Grade, rule: str, *names: str, confidence: float | None = None
    ) -> Finding:
        return Finding(code, text, grade, rule, names, "ecg", self._recording_id, confidence)


def _rhythm(make: _Maker, rhythm: Rhythm, n_beats: int) -> Finding:
    if not n_beats:
        return make(
            "ECG_NO_BEATS",
            "No heart beat found: asystole, ventricular fibrillation, or no ECG",
            Grade.CRITICAL,
            "0 beats",
        )
    code, text, grade = _CHAOTIC if rhythm.is_chaotic else _TEXTS[rhythm.label]
    facts = [f"irregularity {rhythm.irregularity:.2f}" if rhythm.irregularity is not None else "", rhythm.reason or ""]
    facts.insert(1, f"P waves in {100 * rhythm.p_share:.0f} % of beats" if rhythm.p_share is not None else "")
    return make(code, text, grade, "; ".join(f for f in facts if f), confidence=rhythm.confidence)


def _pause(make: _Maker, silence_s: float | None) -> Iterator[Finding]:
    """State a silence over 2 s wherever it lies; a recording that stops showing beats counts as silent."""
    if silence_s is not None and silence_s > _PAUSE_S:
        grade = Grade.CRITICAL if silence_s > _LONG_PAUSE_S else Grade.ABNORMAL
        text = f"No heart beat for {silence_s:.1f} s: a pause, or the signal was lost"
        yield make("ECG_PAUSE", text, grade, "longest time without a beat > 2 s; critical > 3 s")


def _rate(make: _Maker, rate_bpm: float | None) -> Iterator[Finding]:
    if rate_bpm is None:
        return
    if rate_bpm < 60:
        grade = Grade.CRITICAL if rate_bpm < 40 else Grade.ABNORMAL if rate_bpm < 50 else Grade.NOTE
        yield make(
            "ECG_BRADYCARDIA",
            "Bradycardia",
            grade,
            "heart rate < 60/min; abnormal < 50, critical < 40",
            "heart_rate_bpm",
        )
    elif rate_bpm > 100:
        grade = Grade.CRITICAL if rate_bpm >= 150 else Grade.ABNORMAL
        yield make("ECG_TACHYCARDIA", "Tachycardia", grade, "heart rate > 100/min; critical >= 150", "heart_rate_bpm")


def _conduction(make: _Maker, pr_ms: float | None, qrs_ms: float | None) -> Iterator[Finding]:
    if pr_ms is not None and pr_ms > 200:
        yield make(
            "ECG_PR_LONG", "PR interval prolonged (first-degree AV block)", Grade.ABNORMAL, "PR > 200 ms", "pr_ms"
        )
    if pr_ms is not None and pr_ms < 120:
        yield make("ECG_PR_SHORT", "PR interval short", Grade.NOTE, "PR < 120 ms", "pr_ms")
    if qrs_ms is not None and qrs_ms >= 120:
        yield make("ECG_QRS_WIDE", "QRS wide", Grade.ABNORMAL, "QRS >= 120 ms", "qrs_ms")
    elif qrs_ms is not None and qrs_ms > 110:
        yield make("ECG_QRS_BORDERLINE", "QRS slightly wide", Grade.NOTE, "QRS 111 to 119 ms", "qrs_ms")


def _axis(make: _Maker, axis_deg: float | None) -> Iterator[Finding]:
    if axis_deg is None or -30 <= axis_deg <= 90:
        return
    code, text = (
        ("ECG_AXIS_LEFT", "Left axis deviation")
        if -90 <= axis_deg < -30
        else ("ECG_AXIS_RIGHT", "Right axis deviation")
    )
    if axis_deg < -90:
        code, text = "ECG_AXIS_EXTREME", "Extreme axis deviation"
    yield make(code, text, Grade.NOTE, "QRS axis outside -30 to 90 degrees", "qrs_axis_deg")


def _qtc(make: _Maker, qtc_ms: float | None, qrs_ms: float | None, rhythm: str, sex: str | None) -> Iterator[Finding]:
    """State a long or short QTc by Fridericia; a wide QRS or atrial fibrillation is named as a reservation, never as a reason to be silent."""
    if qtc_ms is None:
        return
    limit_ms = QTC_PROLONGED_FEMALE_MS if sex == "F" else QTC_PROLONGED_MALE_MS
    notes = [
        n for n in ("QRS wide" if (qrs_ms or 0) >= 120 else "", "irregular rhythm" if rhythm == "afib" else "") if n
    ]
    reservation = f"; read with care: {', '.join(notes)}" if notes else ""
    if qtc_ms >= QTC_CRITICAL_MS:
        yield make(
            "ECG_QTC_CRITICAL",
            f"QTc markedly prolonged{reservation}",
            Grade.CRITICAL,
            "QTc Fridericia >= 500 ms",
            "qtc_fridericia_ms",
        )
    elif qtc_ms >= limit_ms:
        rule = f"QTc Fridericia >= {limit_ms:.0f} ms ({'sex unknown' if sex is None else sex})"
        yield make("ECG_QTC_LONG", f"QTc prolonged{reservation}", Grade.ABNORMAL, rule, "qtc_fridericia_ms")
    elif qtc_ms <= QTC_SHORT_MS:
        yield make(
            "ECG_QTC_SHORT", f"QTc short{reservation}", Grade.NOTE, "QTc Fridericia <= 390 ms", "qtc_fridericia_ms"
        )


def _ectopy(make: _Maker, beat_types: tuple[str, ...]) -> Iterator[Finding]:
    for letter, code, text in (
        ("V", "ECG_PVC", "Ventricular extrasystoles"),
        ("S", "ECG_PAC", "Supraventricular extrasystoles"),
    ):
        count = beat_types.count(letter)
        share = count / max(len(beat_types), 1)
        if count:
            grade = Grade.ABNORMAL if share > 0.1 and len(beat_types) > 20 else Grade.NOTE
            yield make(
                code,
                f"{text}: {count} of {len(beat_types)} beats",
                grade,
                "one or more; abnormal above 10 % of the beats",
            )


def _rest(make: _Maker, measurements: tuple[Measurement, ...], spoken: set[str]) -> Iterator[Finding]:
    """State in one finding all values outside their range of which no rule spoke."""
    rest = [m for m in measurements if m.within_reference is False and m.name not in spoken]
    if rest:
        text = "Outside the reference range: " + ", ".join(f"{m.label} {m.value:g} {m.unit}" for m in rest)
        rule = "; ".join(f"{m.label} {_limits(m)}" for m in rest)
        yield make("ECG_OUT_OF_RANGE", text, Grade.NOTE, rule, *(m.name for m in rest))


def _limits(m: Measurement) -> str:
    """Return the range as text (">= 60", "<= 110", "120 to 200")."""
    if m.reference_low is not None and m.reference_high is not None:
        return f"{m.reference_low:g} to {m.reference_high:g}"
    return f">= {m.reference_low:g}" if m.reference_low is not None else f"<= {m.reference_high:g}"
