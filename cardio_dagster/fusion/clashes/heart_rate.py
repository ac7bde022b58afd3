"""Heart rate: echo against ECG, and metadata against both.

Belongs here: limits on how far two rates of one visit may lie apart. Not here: which rate is used (select.py).

Each rate is compared with the nearest of the others, so that a rate that any recording confirms is none to doubt: two
ECGs may truly differ. Limits: readings of one resting person vary by less than 10 % (Albanese 2016), and a clinic rate
lies within about 14 below and 18 above the mean of the day (Javed 2015), which is a standard deviation of 8/min.
In fibrillation the mean of four beats strays by 15/min from that of the next twelve (24 records of CinC 2017), so the limits in beats are doubled.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cardio_dagster.finding import Analysis, Finding, Grade
from cardio_dagster.fusion.clashes.readings import CLINICAL, ECG, ECHO, measured, of, rhythm_of
from cardio_dagster.fusion.clashes.rule import Rule

HOLD_BPM, NOTE_BPM = 25.0, 15.0
HOLD_SHARE, NOTE_SHARE = 0.25, 0.15  # of the higher rate: fast hearts vary by more beats
FIBRILLATION_FACTOR = 2.0
_DOUBLE = (1.9, 2.1)
_SOURCE = "Albanese 2016, doi:10.1007/s00228-016-2046-9; Javed 2015, doi:10.1136/postgradmedj-2014-132829"
_NAMES = {
    ECG: ("heart_rate_bpm",),
    ECHO: ("echo_heart_rate_r_waves_bpm", "echo_heart_rate_bpm"),  # R waves are the surer of the two
    CLINICAL: ("heart_rate_bpm",),
}
_IN_WORDS = {ECG: "the ECG", ECHO: "the echo", CLINICAL: "the metadata"}


def _words(limit_bpm: float, share: float) -> str:
    wider = FIBRILLATION_FACTOR * limit_bpm
    return (
        f"heart rates of two sources differ by more than {limit_bpm:g}/min ({wider:g}/min in atrial fibrillation or flutter) "
        f"and by more than {100 * share:g} % of the higher one"
    )


CONTRADICTION = Rule("fusion.heart_rate", Grade.ABNORMAL, _words(HOLD_BPM, HOLD_SHARE), _SOURCE)
CHANGE = Rule("fusion.heart_rate_changed", Grade.NOTE, _words(NOTE_BPM, NOTE_SHARE), _SOURCE)
RULES = (CONTRADICTION, CHANGE)
_LEADS = {
    CONTRADICTION.code: "The heart rates do not fit together",
    CHANGE.code: "The heart rate changed between the recordings",
}


@dataclass(frozen=True, slots=True)
class _Rate:
    analysis: Analysis
    name: str
    bpm: float


def contradicts(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State two heart rates that hardly belong to one person at one visit; None without two sources."""
    return _told(CONTRADICTION, _apart(analyses, HOLD_BPM, HOLD_SHARE))


def has_changed(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State that the heart rate changed between recordings, where it is not a contradiction."""
    if _apart(analyses, HOLD_BPM, HOLD_SHARE):
        return None
    return _told(CHANGE, _apart(analyses, NOTE_BPM, NOTE_SHARE))


def _apart(analyses: tuple[Analysis, ...], limit_bpm: float, share: float) -> tuple[_Rate, _Rate] | None:
    """Return the pair that lies farthest apart and beyond the limits; None where every rate has one near it."""
    factor = FIBRILLATION_FACTOR if _is_unsteady(analyses) else 1.0
    beyond = [
        (a, b) for a, b in _nearest(analyses) if abs(a.bpm - b.bpm) > max(factor * limit_bpm, share * max(a.bpm, b.bpm))
    ]
    return max(beyond, key=lambda pair: abs(pair[0].bpm - pair[1].bpm), default=None)


def _nearest(analyses: tuple[Analysis, ...]) -> Iterator[tuple[_Rate, _Rate]]:
    """Yield each rate of the echo with the nearest of the ECG, and each of the metadata with the nearest of either signal."""
    ecg, echo, stated = (_rates(analyses, modality) for modality in (ECG, ECHO, CLINICAL))
    for rates, others in ((echo, ecg), (stated, ecg + echo)):
        for rate in rates:
            if others:
                yield min(others, key=lambda other: abs(other.bpm - rate.bpm)), rate


def _rates(analyses: tuple[Analysis, ...], modality: str) -> list[_Rate]:
    found = []
    for analysis in of(analyses, modality):
        named = (measured(analysis, name) for name in _NAMES[modality])
        rate = next((m for m in named if m), None)
        if rate and rate.value:
            found.append(_Rate(analysis, rate.name, rate.value))
    return found


def _is_unsteady(analyses: tuple[Analysis, ...]) -> bool:
    return any(rhythm_of(ecg) in ("afib", "aflutter") for ecg in of(analyses, ECG))


def _told(rule: Rule, pair: tuple[_Rate, _Rate] | None) -> Finding | None:
    if pair is None:
        return None
    said = " and ".join(
        f"{r.bpm:.0f}/min in {_IN_WORDS[r.analysis.modality]} ({r.analysis.recording_id})" for r in pair
    )
    low, high = sorted(r.bpm for r in pair)
    doubled = " One is about twice the other: beats may have been counted twice or left out." * (
        _DOUBLE[0] <= high / low <= _DOUBLE[1]
    )
    evidence = "; ".join(f"{r.analysis.modality} {r.analysis.recording_id}, {r.name}" for r in pair)
    return rule.finding(f"{_LEADS[rule.code]}: {said}.{doubled}", tuple(r.name for r in pair), evidence)
