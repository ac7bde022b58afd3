"""What the device printed beside what was measured here.

Belongs here: the comparison of numbers and statements. Not here: reading them (formats/) or the words of devices (device_topics.py).
A device is no reference: a difference says that somebody should look, not who is right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.ecg.device.topics import TOPICS, topics_of
from cardio_dagster.modalities.ecg.signal import EcgRecord

# device's name -> ours, and the difference from which a reader should look. Limits of this software: at or below the mean plus one SD that
# IEC 60601-2-25 lets an electrocardiograph err on the CSE recordings (P 10+15, PR 10+10, QRS 10+10, QT 25+30 ms); rate and axes by custom.
TOLERANCES = {
    "heart_rate_bpm": ("heart_rate_bpm", 5.0),
    "p_duration_ms": ("p_ms", 25.0),
    "pr_ms": ("pr_ms", 20.0),
    "qrs_ms": ("qrs_ms", 15.0),
    "qt_ms": ("qt_ms", 30.0),
    "qtc_ms": ("qtc_bazett_ms", 30.0),  # a device that names no formula mostly means Bazett's
    "qtc_bazett_ms": ("qtc_bazett_ms", 30.0),
    "qtc_fridericia_ms": ("qtc_fridericia_ms", 30.0),
    "qtc_framingham_ms": ("qtc_framingham_ms", 30.0),
    "qtc_hodges_ms": ("qtc_hodges_ms", 30.0),
    "p_axis_deg": ("p_axis_deg", 30.0),
    "qrs_axis_deg": ("qrs_axis_deg", 15.0),
    "t_axis_deg": ("t_axis_deg", 30.0),
}
AGREES, ONLY_DEVICE, ONLY_OURS = "agrees", "only device", "only ours"


@dataclass(frozen=True, slots=True)
class ComparedValue:
    """A printed number beside ours; `difference` is ours less the device's, None with `reason` where we have no value."""

    name: str
    device: float
    ours: float | None
    unit: str
    difference: float | None
    tolerance: float
    is_beyond: bool | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ComparedStatement:
    """A topic, who stated it, and in which words (the device's texts, our codes)."""

    topic: str
    verdict: str
    device: tuple[str, ...]
    ours: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceComparison:
    """Numbers and statements beside each other; `unmatched` are the device's texts of which no topic is known here."""

    values: tuple[ComparedValue, ...]
    statements: tuple[ComparedStatement, ...]
    unmatched: tuple[str, ...]


def compare(record: EcgRecord, measurements: Iterable[Measurement], findings: Iterable[Finding]) -> DeviceComparison:
    """Return the device's numbers and statements beside ours.

    Statements are compared only where the device made any; its silence then counts as "only ours".
    """
    ours = {m.name: m for m in measurements}
    values = tuple(
        _value(v.name, v.value, v.unit, ours.get(TOLERANCES[v.name][0]))
        for v in record.device_values
        if v.name in TOLERANCES
    )
    codes = frozenset(f.code for f in findings)
    said = {text: topics_of(text) for text in record.device_statements}
    statements = _statements(said, codes) if said else ()
    return DeviceComparison(values, statements, tuple(text for text, topics in said.items() if not topics))


def _value(name: str, device: float, unit: str, ours: Measurement | None) -> ComparedValue:
    tolerance = TOLERANCES[name][1]
    if ours is None or ours.value is None:
        why = "not measured here" if ours is None else ours.reason
        return ComparedValue(name, device, None, unit, None, tolerance, None, why)
    difference = ours.value - device
    if unit == "deg":
        difference = (difference + 180.0) % 360.0 - 180.0
    return ComparedValue(name, device, ours.value, unit, round(difference, 1), tolerance, abs(difference) > tolerance)


def _statements(said: Mapping[str, tuple[str, ...]], codes: frozenset[str]) -> tuple[ComparedStatement, ...]:
    rows = []
    for topic in TOPICS:
        texts = tuple(text for text, topics in said.items() if topic.name in topics)
        own = tuple(sorted(codes & topic.codes))
        if texts or own:
            verdict = AGREES if texts and own else ONLY_DEVICE if texts else ONLY_OURS
            rows.append(ComparedStatement(topic.name, verdict, texts, own))
    return tuple(rows)


def _in_words(name: str) -> str:
    """Return a measurement's name without its unit, as it is spoken ("QRS", "T axis", "heart rate").

    >>> _in_words("qrs_ms"), _in_words("t_axis_deg"), _in_words("heart_rate_bpm"), _in_words("qtc_bazett_ms")
    ('QRS', 'T axis', 'heart rate', 'QTc bazett')
    """
    first, *rest = name.rsplit("_", 1)[0].split("_")
    spoken = {"qtc": "QTc", "heart": "heart"}.get(first, first.upper())
    return " ".join((spoken, *rest))


def differences(compared: DeviceComparison, *, recording_id: str) -> tuple[Finding, ...]:
    """Return one note that names every value beyond its tolerance and every statement that only the device made; nothing where there is none."""
    values = [
        f"{_in_words(v.name)} {v.ours:g} {v.unit} (device {v.device:g})"
        for v in compared.values
        if v.is_beyond and v.ours is not None
    ]
    topics = [f"{s.topic} (device only)" for s in compared.statements if s.verdict == ONLY_DEVICE]
    if not values and not topics:
        return ()
    text = "Differs from what the device printed: " + ", ".join([*values, *topics])
    rule = (
        "rate 5/min, PR 20, QRS 15, QT and QTc 30, P 25 ms, QRS axis 15, P and T axis 30 degrees; statements by topic"
    )
    return (Finding("ECG_DEVICE_DIFFERS", text, Grade.NOTE, rule, (), "ecg", recording_id),)
