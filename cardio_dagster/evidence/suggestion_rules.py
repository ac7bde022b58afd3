"""The table of what further applies when: scores and measurements by finding and by value.

Belongs here: rules, each with its reason and source. Not here: choosing among them (suggestions.py).
"""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Condition:
    """A feature that must be known and lie within [low, high]; a yes is 1."""

    name: str
    low: float = -inf
    high: float = inf


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: it applies if one of the finding `codes` (patterns; none: any) is there and all `conditions` hold.

    `score` is the pattern of the scores meant; without one it is a measurement, needless if one of `unless` is
    known. `needs` are the inputs to name where no score tells its own.
    """

    name: str
    label: str
    why: str
    source: str
    codes: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    score: str | None = None
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


_AF_2024 = "ESC 2024, doi:10.1093/eurheartj/ehae176"
_HF_2021 = "ESC 2021, doi:10.1093/eurheartj/ehab368"
_QT_2009 = "AHA/ACCF/HRS 2009 part IV, doi:10.1161/CIRCULATIONAHA.108.191096"
_LVH_2009 = "AHA/ACCF/HRS 2009 part V, doi:10.1161/CIRCULATIONAHA.108.191097"
_STROKE = "CHA2DS2-VA and CHA2DS2-VASc"
_BY_HISTORY = (Condition("atrial_fibrillation", low=1),)
_YES_DYSPNOEA = Condition("dyspnoea", low=1)

RULES: tuple[Rule, ...] = (
    Rule("cha2ds2_va", _STROKE, "atrial fibrillation in the ECG: the risk of stroke is to be estimated", _AF_2024, ("ECG_AFIB",), score="cha2ds2_*"),
    Rule("cha2ds2_va", _STROKE, "atrial fibrillation in the history: the risk of stroke is to be estimated", _AF_2024, conditions=_BY_HISTORY, score="cha2ds2_*"),
    Rule("has_bled", "HAS-BLED", "atrial fibrillation in the ECG: what raises the risk of bleeding and can be changed", "Pisters 2010, doi:10.1378/chest.10-0134", ("ECG_AFIB",), score="has_bled*"),
    Rule("has_bled", "HAS-BLED", "atrial fibrillation in the history: what raises the risk of bleeding and can be changed", "Pisters 2010, doi:10.1378/chest.10-0134", conditions=_BY_HISTORY, score="has_bled*"),
    Rule("maggic", "MAGGIC", "ejection fraction 40 % or less: prognosis, if heart failure is diagnosed", "Pocock 2013, doi:10.1093/eurheartj/ehs337", conditions=(Condition("lvef_pct", high=40),), score="maggic*", needs=("heart_failure",)),
    Rule("h2fpef", "H2FPEF", "dyspnoea with an ejection fraction of 50 % or more: how likely heart failure is", "Reddy 2018, doi:10.1161/CIRCULATIONAHA.118.034646", conditions=(_YES_DYSPNOEA, Condition("lvef_pct", low=50)), score="h2fpef"),
    Rule("qtc_fridericia_ms", "Second ECG for the corrected QT", "the QTc is long: confirm it in another ECG, best at a rate near 60/min, where the formulas for rate agree", _QT_2009, ("ECG_QTC_LONG", "ECG_QTC_CRITICAL")),
    Rule("wall_thickness", "Wall thickness in the parasternal long axis", "voltage of left ventricular hypertrophy in the ECG, which confirms no thick wall by itself", _LVH_2009, ("ECG_LVH*",)),
    Rule("lvef_pct", "Echocardiography: ejection fraction and chambers", "atrial fibrillation, and no echo in this study", _AF_2024, ("ECG_AFIB", "ECG_AFLUTTER"), unless=("lvef_pct",)),
    Rule("lvef_pct", "Echocardiography: ejection fraction and wall motion", "left bundle branch block or pathological Q waves, and no echo in this study", _HF_2021, ("ECG_LBBB", "ECG_Q_PATHOLOGICAL"), unless=("lvef_pct",)),
    Rule("qrs_ms", "ECG: rhythm and QRS duration", "ejection fraction 40 % or less, and no ECG in this study", _HF_2021, conditions=(Condition("lvef_pct", high=40),), unless=("qrs_ms",)),
    Rule("qrs_ms", "ECG: rhythm", "irregular beats in the echo, and no ECG in this study", _AF_2024, ("ECHO_BEATS_IRREGULAR",), unless=("qrs_ms",)),
)  # fmt: skip

# scores of which one suggestion speaks for all: pattern, name, label
FAMILIES: tuple[tuple[str, str, str], ...] = (
    ("prevent_*", "prevent", "PREVENT (risk over 10 and 30 years)"),
    ("cha2ds2_*", "cha2ds2_va", _STROKE),
    ("score2_op*", "score2_op", "SCORE2-OP"),
    ("score2*", "score2", "SCORE2"),
    ("maggic*", "maggic", "MAGGIC"),
    ("has_bled*", "has_bled", "HAS-BLED"),
)
# scores that are computed even where an indication is not stated: they are suggested only where it is
ONLY_IF: dict[str, tuple[Condition, ...]] = {"h2fpef": (_YES_DYSPNOEA,)}
SITE_SETTINGS = frozenset({"score2_region"})
