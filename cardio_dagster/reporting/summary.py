"""What a reader looks at first: the key numbers and the findings in the order of their weight.

Belongs here: choosing from a report, for the page and for the terminal alike. Not here:
markup, or new medical judgement: a summary only repeats.
"""

from dataclasses import dataclass

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.parts import Flag, Report, ReportedMeasurement
from cardio_dagster.reporting.wording import number, unit

_WEIGHT = {Grade.CRITICAL: 0, Grade.ABNORMAL: 1, Grade.NOTE: 2, Grade.NORMAL: 3}


@dataclass(frozen=True, slots=True)
class KeyNumber:
    """One of the numbers at the head; `text` is None with `detail` saying why."""

    label: str
    text: str | None
    unit: str
    detail: str
    flag: Flag | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    label: str
    modality: str
    names: tuple[str, ...]  # in the order of preference; a name may be a beginning
    loinc: frozenset[str]


_LVEF = _Wanted("LVEF", "echo", ("lvef_",), frozenset({"10230-1", "18043-0", "8806-2"}))
_HEART_RATE = _Wanted("Heart rate", "ecg", ("heart_rate_",), frozenset({"8867-4"}))
_QTC = _Wanted("QTc", "ecg", ("qtc_ms", "qtc_fridericia_ms", "qtc_"), frozenset({"8636-3"}))


def key_numbers(report: Report) -> tuple[KeyNumber, ...]:
    """Return LVEF, heart rate, rhythm and QTc, each with its value or the reason why there is none."""
    return lvef(report), heart_rate(report), rhythm(report), qtc(report)


def lvef(report: Report) -> KeyNumber:
    """Return the left ventricular ejection fraction."""
    return _key_number(report, _LVEF)


def heart_rate(report: Report) -> KeyNumber:
    """Return the heart rate, of the ECG where there is one."""
    return _key_number(report, _HEART_RATE)


def qtc(report: Report) -> KeyNumber:
    """Return the corrected QT interval; its detail names the formula."""
    return _key_number(report, _QTC)


def rhythm(report: Report) -> KeyNumber:
    """Return the rhythm in words: the fact named rhythm, else the first finding that a rhythm rule made."""
    fact = next((f for f in report.facts if f.name == "rhythm" and f.value is not None), None)
    if fact:
        source = f"recording {fact.recording_id}" if fact.recording_id else fact.modality
        return KeyNumber("Rhythm", str(fact.value).replace("_", " "), "", source)
    ruled = next((f for f in report.findings if "rhythm" in f"{f.code} {f.rule}".lower()), None)
    if ruled:
        return KeyNumber("Rhythm", ruled.text, "", ruled.rule)
    return KeyNumber("Rhythm", None, "", _why_absent(report, "ecg"))


def missing(report: Report) -> tuple[str, ...]:
    """Return what the study lacks: the coverage notes, then what was not measured, then scores not computed."""
    unmeasured: dict[tuple[str, str], list[str]] = {}
    for m in report.measurements:
        if m.reason is not None:
            unmeasured.setdefault((m.modality, m.reason), []).append(m.label)
    refused = [score.label for score in report.scores if score.value is None]
    return (
        *report.coverage_notes,
        *(
            f"Not measured, {modality}: {', '.join(labels)} ({reason})"
            for (modality, reason), labels in unmeasured.items()
        ),
        *([f"Not computed, for the reasons beside each: {', '.join(refused)}"] if refused else []),
    )


def findings_by_weight(report: Report) -> tuple[Finding, ...]:
    """Return the findings, the gravest first, otherwise in their order."""
    return tuple(sorted(report.findings, key=lambda finding: _WEIGHT[finding.grade]))


def key_findings(report: Report) -> tuple[Finding, ...]:
    """Return the findings that are not normal, the gravest first."""
    return tuple(f for f in findings_by_weight(report) if f.grade is not Grade.NORMAL)


def _key_number(report: Report, wanted: _Wanted) -> KeyNumber:
    found = _matching(report, wanted)
    measured = [m for m in found if m.value is not None]
    if not measured:
        reason = found[0].reason if found else None
        return KeyNumber(wanted.label, None, "", reason or _why_absent(report, wanted.modality))
    first = measured[0]
    others = [f"{number(m)} ({m.recording_id or m.modality})" for m in measured[1:]]
    source = "" if first.modality == wanted.modality else f", from {first.modality}"
    detail = first.method + source + (f"; also {', '.join(others)}" if others else "")
    return KeyNumber(wanted.label, number(first), unit(first.unit), detail, first.flag)


def _matching(report: Report, wanted: _Wanted) -> list[ReportedMeasurement]:
    """Return the measurements of the most wanted name, those of the modality that measures it best first."""
    found = [m for m in report.measurements if m.name.startswith(wanted.names) or m.loinc in wanted.loinc]
    found.sort(key=lambda m: (m.modality != wanted.modality, _rank(m.name, wanted.names)))
    return [m for m in found if m.name == found[0].name]


def _rank(name: str, names: tuple[str, ...]) -> int:
    return next((rank for rank, start in enumerate(names) if name.startswith(start)), len(names))


def _why_absent(report: Report, modality: str) -> str:
    sent = any(r.modality == modality for r in report.recordings)
    return "not measured, see problems" if sent else f"no {_name(modality)} in this study"


def _name(modality: str) -> str:
    return {"ecg": "ECG", "echo": "echo clip"}.get(modality, modality)
