"""Case: all that the rules may look at, and the one way to make a finding.

Belongs here: reading values by name, evidence and confidence. Not here: any rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import erf, sqrt

import numpy as np

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.ecg.measuring.conduction import COMPLETE_MS, Shape, left_bundle, right_bundle
from cardio_dagster.modalities.ecg.measuring.intervals import Intervals
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm

# standard deviation of our values, rounded up: against the annotations of LUDB, on records that the waves were trained on, it was
# 5.4 ms for PR, 6.5 for QRS, 8.1 for QT and 2.6 degrees for the QRS axis; those of voltages are estimates
ERROR = {"bpm": 1.0, "pr": 10.0, "qrs": 8.0, "qt": 15.0, "deg": 8.0, "mV": 0.03, "qrs_mV": 0.1}


_PACED_SHARE = 0.3  # as the rhythm itself is called paced (rhythm/decision.py)


@dataclass(frozen=True, slots=True)
class Case:
    """One recording as the rules see it. `leads` is empty where nothing was measured in leads; `intervals` is None in tests of single rules.

    `is_trusted` is False where the beats are noise or a chaotic rhythm: then neither pauses nor runs are read from them.
    """

    measurements: tuple[Measurement, ...]
    rhythm: Rhythm
    beat_types: tuple[str, ...]
    recording_id: str
    beat_time_s: np.ndarray = field(default_factory=lambda: np.empty(0))
    duration_s: float | None = None
    lost_s: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    leads: Mapping[str, LeadValues] = field(default_factory=dict)
    sex: str | None = None
    age_years: float | None = None
    is_trusted: bool = True
    intervals: Intervals | None = None

    def value(self, name: str) -> float | None:
        """Return a measurement by name; None where it is absent or null."""
        return next((m.value for m in self.measurements if m.name == name), None)

    def finding(
        self,
        code: str,
        text: str,
        grade: Grade,
        rule: str,
        *names: str,
        confidence: float | None = None,
        evidence: str | None = None,
    ) -> Finding:
        """Return a finding of this recording; without evidence of its own it has that of its first measurement."""
        own = next((m.evidence for m in self.measurements if m.name in names), None)
        return Finding(code, text, grade, rule, names, "ecg", self.recording_id, confidence, evidence or own)

    def where(self, texts: Mapping[str, str] | tuple[str, ...]) -> str:
        """Return evidence in leads: "V2 0.24 mV, V3 0.31 mV; first beat at 1.24 s"."""
        items = texts.items() if isinstance(texts, Mapping) else ((lead, "") for lead in texts)
        first = self.intervals.first_s if self.intervals else None
        when = "" if first is None else f"; median beat, first at {first:.2f} s"
        return ", ".join(f"{lead} {text}".strip() for lead, text in items) + when

    @property
    def is_paced(self) -> bool:
        """Return whether the dominant beats follow a stimulus."""
        n_paced = self.beat_types.count("P")
        return self.rhythm.label == "paced" or n_paced >= max(2, _PACED_SHARE * len(self.beat_types))

    @property
    def block(self) -> Shape | None:
        """Return the bundle branch block of a QRS of 120 ms or more; None without or in a paced rhythm."""
        if self.is_paced or (self.value("qrs_ms") or 0.0) < COMPLETE_MS:
            return None
        return right_bundle(self.leads) or left_bundle(self.leads)

    @property
    def has_large_voltage(self) -> bool:
        """Return whether a voltage criterion of hypertrophy is met."""
        voltages = ("sokolow_lyon_mv", "r_avl_mv", "cornell_mv", "cornell_product_mv_ms")
        return any(m.within_reference is False for m in self.measurements if m.name in voltages)

    def reservations(self) -> str:
        """Return what makes ST, T and Q hard to read here, as "; read with care: ...", or nothing."""
        notes = [
            "paced rhythm" if self.is_paced else "",
            f"{self.block.name} bundle branch block" if self.block else "",
            "wide QRS" if not self.block and not self.is_paced and (self.value("qrs_ms") or 0.0) >= COMPLETE_MS else "",
            "high voltage of the left ventricle" if self.has_large_voltage else "",
            "flutter waves" if self.rhythm.label == "aflutter" else "",
        ]
        named = ", ".join(note for note in notes if note)
        return f"; read with care: {named}" if named else ""


def beyond(value: float, limit: float, *, kind: str) -> float:
    """Return how sure it is that the true value lies beyond the limit on the side where `value` lies, 0.5 to 1.

    The normal distribution around the value with the usual error of its kind (ERROR); the doubt about the rule itself is not in it.

    >>> beyond(120.0, 120.0, kind="qrs"), beyond(136.0, 120.0, kind="qrs")
    (0.5, 0.98)
    """
    return round(0.5 * (1.0 + erf(abs(value - limit) / ERROR[kind] / sqrt(2.0))), 2)
