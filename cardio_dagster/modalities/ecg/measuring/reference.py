"""Reference ranges of the ECG: one table, each row with its source.

Belongs here: limits that a measurement is shown against; a change raises the `code_version` of the branch. Not here: the rules that make
statements (statements/).
"""

from dataclasses import dataclass

_INTERVALS = "AHA/ACCF/HRS 2009 part III (10.1161/CIRCULATIONAHA.108.191095)"
_REPOLARISATION = "AHA/ACCF/HRS 2009 part IV (10.1161/CIRCULATIONAHA.108.191096)"
_HYPERTROPHY = "AHA/ACCF/HRS 2009 part V (10.1161/CIRCULATIONAHA.108.191097)"
_RATE = "AHA/ACC/HRS 2018 bradycardia guideline names < 50/min; the customary limits of sinus rhythm are used"
_INTERATRIAL = "Bayes de Luna 2012, interatrial block from 120 ms (10.1016/j.jelectrocard.2012.06.029)"

QTC_PROLONGED_MALE_MS, QTC_PROLONGED_FEMALE_MS, QTC_CRITICAL_MS, QTC_SHORT_MS = 450.0, 460.0, 500.0, 390.0
SOKOLOW_LYON_MV, R_AVL_MV = 3.5, 1.1
CORNELL_MALE_MV, CORNELL_FEMALE_MV, CORNELL_PRODUCT_MV_MS = 2.8, 2.0, 244.0


@dataclass(frozen=True, slots=True)
class Reference:
    """A range with its source; None is an open side. The limits themselves are still normal."""

    low: float | None
    high: float | None
    source: str


HEART_RATE = Reference(60.0, 100.0, _RATE)
P = Reference(None, 119.9, _INTERATRIAL)
PR = Reference(120.0, 200.0, _INTERVALS)
QRS = Reference(None, 110.0, _INTERVALS)
AXIS = Reference(-30.0, 90.0, _INTERVALS)
SOKOLOW_LYON = Reference(None, SOKOLOW_LYON_MV - 0.01, _HYPERTROPHY)
R_AVL = Reference(None, R_AVL_MV - 0.01, _HYPERTROPHY)
CORNELL_PRODUCT = Reference(None, CORNELL_PRODUCT_MV_MS, _HYPERTROPHY)


def qtc(sex: str | None) -> Reference:
    """Return the range of the corrected QT interval; prolonged is >= 450 ms in men, >= 460 ms in women, short is <= 390 ms.

    Without a sex the men's limit stands, which calls more and misses none.
    """
    high = QTC_PROLONGED_FEMALE_MS if sex == "F" else QTC_PROLONGED_MALE_MS
    note = "" if sex else "; sex unknown: the men's limit of 450 ms, the women's is 460 ms"
    return Reference(QTC_SHORT_MS + 1, high - 1, f"{_REPOLARISATION}{note}")


def cornell(sex: str | None) -> Reference:
    """Return the range of Cornell's voltage; hypertrophy is above 2.8 mV in men, 2.0 mV in women. Without a sex the women's limit, which calls more."""
    high = CORNELL_MALE_MV if sex == "M" else CORNELL_FEMALE_MV
    note = "" if sex else "; sex unknown: the women's limit of 2.0 mV, the men's is 2.8 mV"
    return Reference(None, high, f"{_HYPERTROPHY}{note}")
