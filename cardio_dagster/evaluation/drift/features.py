"""What is watched for drift: numbers, words and yes-or-no of each study.

Belongs here: the tables. Not here: reading them (seen.py) or comparing (shifts.py).
"""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """What came in, or what was made of it."""

    INPUT = "input"
    OUTPUT = "output"


class Kind(StrEnum):
    """How a feature is compared."""

    NUMBER = "number"
    WORD = "word"
    YES_NO = "yes/no"


@dataclass(frozen=True, slots=True)
class Feature:
    """One watched quantity of a study."""

    name: str
    label: str
    unit: str
    side: Side
    kind: Kind


MEASURED = {
    "age_years": ("Age of the patient", "years"),
    "lvef_pct": ("Ejection fraction", "%"),
    "lv_edv_ml": ("End-diastolic volume", "mL"),
    "heart_rate_bpm": ("Heart rate", "/min"),
    "qrs_ms": ("QRS duration", "ms"),
    "qtc_fridericia_ms": ("QTc (Fridericia)", "ms"),
    "pr_ms": ("PR interval", "ms"),
}
GIVEN = frozenset({"age_years"})  # told by the sender, not measured
GATE_WORDS = {
    "ecg_sampling_rate": "ECG sampling rate",
    "ecg_duration": "ECG duration",
    "echo_frame_rate": "Echo frame rate",
    "echo_frames": "Echo frames in a clip",
}
SIZE, FORMATS, MODALITIES, COVERAGE, STATUS, HELD = "size_mb", "formats", "modalities", "coverage", "status", "held"
_FIXED = (
    Feature(SIZE, "Size of a study", "MB", Side.INPUT, Kind.NUMBER),
    Feature(FORMATS, "Formats in a study", "", Side.INPUT, Kind.WORD),
    Feature(MODALITIES, "Modalities in a study", "", Side.INPUT, Kind.WORD),
    Feature(COVERAGE, "Coverage", "", Side.OUTPUT, Kind.WORD),
    Feature(STATUS, "Decision on the report", "", Side.OUTPUT, Kind.WORD),
    Feature(HELD, "Share held", "", Side.OUTPUT, Kind.YES_NO),
)
_BY_NAME = {feature.name: feature for feature in _FIXED}
GATE, FINDING, VALUE = "gate:", "finding:", "value:"


def feature_of(name: str, unit: str = "") -> Feature:
    """Return what a name stands for; gates, findings and measurements are named by what comes after their prefix."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    kind, _, rest = name.partition(":")
    if f"{kind}:" == GATE:
        return Feature(name, GATE_WORDS.get(rest, f"Gate value {rest}"), unit, Side.INPUT, Kind.NUMBER)
    if f"{kind}:" == FINDING:
        return Feature(name, f"Finding {rest}", "", Side.OUTPUT, Kind.YES_NO)
    label, known_unit = MEASURED[rest]
    side = Side.INPUT if rest in GIVEN else Side.OUTPUT
    return Feature(name, label, known_unit, side, Kind.NUMBER)
