"""Extrasystoles with their counts, couplets, bigeminy, and runs.

Belongs here: patterns of beat types. Not here: typing beats (beats/types.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.statements.case import Case

_KINDS = (("V", "ECG_PVC", "Ventricular extrasystoles"), ("S", "ECG_PAC", "Supraventricular extrasystoles"))
_RUN, _FAST_BPM, _SUSTAINED_S = 3, 100.0, 30.0
_MANY, _NAMED = 0.1, 5


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring beats of one type: the first one's place, how many, when it begins, and its rate (None for a single beat)."""

    first: int
    length: int
    start_s: float | None
    rate_bpm: float | None
    lasts_s: float


def runs(types: tuple[str, ...], time_s: np.ndarray, *, letter: str) -> tuple[Run, ...]:
    """Return the stretches of one letter in the order of time; without times rate and start are None."""
    if letter not in types:
        return ()
    same = np.array([t == letter for t in types], dtype=int)
    edges = np.flatnonzero(np.diff(same, prepend=0, append=0))
    result = []
    for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        timed = len(time_s) >= stop
        lasts_s = float(time_s[stop - 1] - time_s[first]) if timed else 0.0
        rate = 60.0 * (stop - first - 1) / lasts_s if lasts_s > 0 else None
        result.append(Run(first, stop - first, float(time_s[first]) if timed else None, rate, lasts_s))
    return tuple(result)


def ectopy(case: Case) -> Iterator[Finding]:
    """State extrasystoles by kind, and runs of three or more; nothing where the beats are not to be trusted.

    In fibrillation and flutter an early narrow beat is no extrasystole of the atria, so S is not stated there.
    """
    if not case.is_trusted:
        return
    is_atrial = case.rhythm.label in {"afib", "aflutter"}
    for letter, code, name in _KINDS[: 1 if is_atrial else None]:
        found = runs(case.beat_types, case.beat_time_s, letter=letter)
        if found:
            yield _count(case, found, letter, code, name)
    yield from _ventricular_runs(
        case, [r for r in runs(case.beat_types, case.beat_time_s, letter="V") if r.length >= _RUN]
    )
    if is_atrial:
        return
    yield from _atrial_runs(case, [r for r in runs(case.beat_types, case.beat_time_s, letter="S") if r.length >= _RUN])


def _count(case: Case, found: tuple[Run, ...], letter: str, code: str, name: str) -> Finding:
    beats, total = sum(r.length for r in found), len(case.beat_types)
    couplets = sum(r.length == 2 for r in found)
    patterns = [f"{couplets} couplet{'s' * (couplets > 1)}" if couplets else "", _alternation(case.beat_types, letter)]
    extra = ", ".join(p for p in patterns if p)
    grade = Grade.ABNORMAL if (beats / total > _MANY and total > 20) or (couplets and letter == "V") else Grade.NOTE
    text = f"{name}: {beats} of {total} beats{'; ' + extra if extra else ''}"
    return case.finding(
        code,
        text,
        grade,
        "one or more; abnormal above 10 % of the beats, or ventricular couplets",
        evidence=_times(found),
    )


def _alternation(types: tuple[str, ...], letter: str) -> str:
    """Return "bigeminy" or "trigeminy" where an extrasystole follows every, or every second, other beat three times in a row."""
    line = "".join("X" if t == letter else "n" for t in types)
    if "nXnXnX" in line:
        return "bigeminy"
    return "trigeminy" if "nnXnnXnnX" in line else ""


def _times(found: tuple[Run, ...] | list[Run]) -> str | None:
    starts = [f"{r.start_s:.2f} s" for r in found if r.start_s is not None]
    more = f" and {len(starts) - _NAMED} more" if len(starts) > _NAMED else ""
    return f"at {', '.join(starts[:_NAMED])}{more}" if starts else None


def _ventricular_runs(case: Case, long: list[Run]) -> Iterator[Finding]:
    """State tachycardia (three or more beats over 100/min) as critical, slower runs as an accelerated rhythm of the ventricles."""
    fast = [r for r in long if r.rate_bpm is None or r.rate_bpm > _FAST_BPM]
    slow = [r for r in long if r not in fast]
    if fast:
        longest = max(fast, key=lambda r: r.length)
        rate = "" if longest.rate_bpm is None else f" at {longest.rate_bpm:.0f}/min"
        kind = "sustained ventricular tachycardia" if longest.lasts_s >= _SUSTAINED_S else "ventricular tachycardia"
        text = (
            f"{kind.capitalize()}: {len(fast)} run{'s' * (len(fast) > 1)}, the longest of {longest.length} beats{rate}"
        )
        rule = "3 or more ventricular beats in a row over 100/min; sustained from 30 s"
        yield case.finding("ECG_VT", text, Grade.CRITICAL, rule, evidence=_times(fast))
    if slow:
        text = f"Ventricular rhythm at 100/min or less: {max(r.length for r in slow)} beats in a row"
        rule = "3 or more ventricular beats in a row, 100/min or less"
        yield case.finding("ECG_VENTRICULAR_RHYTHM", text, Grade.ABNORMAL, rule, evidence=_times(slow))


def _atrial_runs(case: Case, long: list[Run]) -> Iterator[Finding]:
    if long:
        text = f"Supraventricular run of {max(r.length for r in long)} beats"
        yield case.finding(
            "ECG_SV_RUN",
            text,
            Grade.ABNORMAL,
            "3 or more supraventricular extrasystoles in a row",
            evidence=_times(long),
        )
