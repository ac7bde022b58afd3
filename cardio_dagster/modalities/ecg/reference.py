"""Reference ranges of the ECG: one versioned table, each row with its source.

Belongs here: limits that a measurement is shown against. Not here: the rules that make statements (statements.py).
"""

from dataclasses import dataclass

VERSION = "AHA/ACCF/HRS 2009, 1"
_INTERVALS = "AHA/ACCF/HRS 2009 part III (10.1161/CIRCULATIONAHA.108.191095)"
_REPOLARISATION = "AHA/ACCF/HRS 2009 part IV (10.1161/CIRCULATIONAHA.108.191096)"
_RATE = "AHA/ACC/HRS 2018 bradycardia guideline names < 50/min; the customary limits of sinus rhythm are used"

QTC_PROLONGED_MALE_MS, QTC_PROLONGED_FEMALE_MS, QTC_CRITICAL_MS, QTC_SHORT_MS = 450.0, 460.0, 500.0, 390.0


@dataclass(frozen=True, slots=True)
class Reference:
    """A range with its source; None is an open side. The limits themselves are still normal."""

    low: float | None
    high: float | None
    source: str


HEART_RATE = Reference(60.0, 100.0, _RATE)
PR = Reference(120.0, 200.0, _INTERVALS)
QRS = Reference(None, 110.0, _INTERVALS)
AXIS = Reference(-30.0, 90.0, _INTERVALS)


def qtc(sex: str | None) -> Reference:
    """Return the range of the corrected QT interval; prolonged is >= 450 ms in men, >= 460 ms in women, short is <= 390 ms.

    Without a sex the men's limit stands, which calls more and misses none.
    """
    high = QTC_PROLONGED_FEMALE_MS if sex == "F" else QTC_PROLONGED_MALE_MS
    note = "" if sex else "; sex unknown, men's limit"
    return Reference(QTC_SHORT_MS + 1, high - 1, f"{_REPOLARISATION}{note}")
