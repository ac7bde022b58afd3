"""Reading the analyses by name: values, words and findings of one recording.

Belongs here: what several checks look up. Not here: any limit. (The names are those of the modalities'
reports; cardio_dagster_tests/fusion/test_names.py holds them to the modalities.)
"""

import re
from dataclasses import dataclass

from cardio_dagster.finding import Analysis, Measurement

ECG, ECHO, CLINICAL = "ecg", "echo", "clinical"
_BEATS = re.compile(r"(\d+) beats, rhythm (\w+)")


@dataclass(frozen=True, slots=True)
class Clip:
    """The beats of an echo clip: `rhythm` is regular, ectopic or irregular; `sd_pct` the spread of EF over them, None if unknown."""

    analysis: Analysis
    beats: int
    rhythm: str
    sd_pct: float | None


def of(analyses: tuple[Analysis, ...], modality: str) -> tuple[Analysis, ...]:
    """Return the analyses of one modality in their order."""
    return tuple(a for a in analyses if a.modality == modality)


def measured(analysis: Analysis, name: str) -> Measurement | None:
    """Return the measurement of that name if it has a value, else None."""
    return next((m for m in analysis.measurements if m.name == name and m.value is not None), None)


def value(analysis: Analysis, name: str) -> float | None:
    """Return the value of the measurement of that name; None where it is absent or null."""
    found = measured(analysis, name)
    return found.value if found else None


def answer(analysis: Analysis, name: str) -> bool | None:
    """Return the yes or no of the fact of that name; None where it is absent or null."""
    return next((f.value for f in analysis.facts if f.name == name and isinstance(f.value, bool)), None)


def word(analysis: Analysis, name: str) -> str | None:
    """Return the text of the fact of that name; None where it is absent or null."""
    return next((f.value for f in analysis.facts if f.name == name and isinstance(f.value, str)), None)


def codes(analysis: Analysis) -> frozenset[str]:
    """Return the codes of all findings of a recording."""
    return frozenset(f.code for f in analysis.findings)


def rhythm_of(ecg: Analysis) -> str | None:
    """Return the rhythm of an ECG in one word (sinus, afib, aflutter, paced, other, not_classified); None where it is not stated."""
    return next((f.value for f in ecg.facts if f.name == "rhythm" and isinstance(f.value, str)), None)


def clips(analyses: tuple[Analysis, ...]) -> tuple[Clip, ...]:
    """Return every echo clip whose rhythm is known: it needs three cycle lengths (modalities/echo/cycles/rhythm.py)."""
    found = []
    for echo in of(analyses, ECHO):
        rate = measured(echo, "echo_heart_rate_bpm")
        told = _BEATS.fullmatch(rate.evidence or "") if rate else None
        if told and told[2] != "unknown":
            found.append(Clip(echo, int(told[1]), told[2], value(echo, "lvef_sd_pct")))
    return tuple(found)


def where(*analyses: Analysis) -> str:
    """Return the recordings in words: "ecg r02, echo r03"."""
    return ", ".join(f"{a.modality} {a.recording_id}" for a in analyses)
