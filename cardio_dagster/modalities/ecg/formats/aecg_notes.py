"""What an HL7 aECG says beside its samples: the subject, the time, the device's statements and numbers.

Belongs here: annotations and control variables. Not here: waveforms (aecg.py), or names and identifiers, which are never read.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from cardio_dagster.modalities.ecg.formats.device_values import DeviceSaid, device_value, first_of_each
from cardio_dagster.modalities.ecg.formats.device_words import sorted_statements
from cardio_dagster.modalities.ecg.formats.person import age_at, age_in_years, hl7_time, sex_of
from cardio_dagster.modalities.ecg.signal import DeviceValue

_AGE_CODES = frozenset(("21612-7", "30525-0"))  # LOINC: reported age, age
_NAMES = {
    "MDC_ECG_HEART_RATE": "heart_rate_bpm",
    "MDC_ECG_TIME_PD_RR": "rr_ms",
    "MDC_ECG_TIME_PD_PP": "pp_ms",
    "MDC_ECG_TIME_PD_P": "p_duration_ms",
    "MDC_ECG_TIME_PD_PR": "pr_ms",
    "MDC_ECG_TIME_PD_QRS": "qrs_ms",
    "MDC_ECG_TIME_PD_QT": "qt_ms",
    "MDC_ECG_TIME_PD_QTC": "qtc_ms",
    "MDC_ECG_TIME_PD_QTCB": "qtc_bazett_ms",
    "MDC_ECG_TIME_PD_QTCF": "qtc_fridericia_ms",
    "MDC_ECG_ANGLE_P_FRONT": "p_axis_deg",
    "MDC_ECG_ANGLE_QRS_FRONT": "qrs_axis_deg",
    "MDC_ECG_ANGLE_T_FRONT": "t_axis_deg",
}
_TEXTS = ("MDC_ECG_INTERPRETATION", "MDC_ECG_RHY")


def subject(root: Element, started_at: str | None) -> tuple[str | None, float | None]:
    """Return sex and age in years; the age as reported, else counted from the date of birth to the recording."""
    person = next(root.iter("subjectDemographicPerson"), None)
    gender = None if person is None else person.find("administrativeGenderCode")
    birth = None if person is None else person.find("birthTime")
    sex = None if gender is None else sex_of(gender.get("code", ""))
    age = _reported_age(root)
    return sex, age if age is not None or birth is None else age_at(birth.get("value", ""), started_at)


def _reported_age(root: Element) -> float | None:
    for observation in root.findall("controlVariable/relatedObservation"):
        code, value = observation.find("code"), observation.find("value")
        if code is not None and value is not None and code.get("code") in _AGE_CODES:
            return age_in_years(value.get("value"), value.get("unit", ""))
    return None


def started_at(root: Element, series: Element, sequences: list[Element]) -> str | None:
    """Return when the recording began: the head of its time sequence, else the series' time, else that of the document."""
    heads = [s.find("value/head") for s in sequences if s.findtext("value/digits") is None]
    places = (
        *heads,
        series.find("effectiveTime/low"),
        root.find("effectiveTime/low"),
        root.find("effectiveTime/center"),
    )
    times = (hl7_time(place.get("value")) for place in places if place is not None)
    return next((time for time in times if time is not None), None)


def notes_of(series: Element) -> DeviceSaid:
    """Return the statements and the global measurements.

    A number counts as global that stands by itself in an annotation set of the series or of one derived from it. Numbers of
    single beats count where all beats that have them agree; numbers of single leads never do. A number without unit is left out.
    """
    top = series.findall("subjectOf/annotationSet/component/annotation")
    top += series.findall("derivation/derivedSeries/subjectOf/annotationSet/component/annotation")
    texts = [text for annotation in top for text in _texts(annotation)]
    statements, n_texts = sorted_statements(texts)
    whole, n_whole = _values(a for a in top if _is_global(a))
    beats, _ = _values(
        a
        for annotation in top
        if _code(annotation) == "MDC_ECG_BEAT"
        for a in annotation.iterfind("component/annotation")
    )
    agreeing = [v for v in first_of_each(beats) if {b.value for b in beats if b.name == v.name} == {v.value}]
    return DeviceSaid(statements, first_of_each((*whole, *agreeing)), n_texts, n_whole)


def _code(annotation: Element) -> str:
    code = annotation.find("code")
    return "" if code is None else code.get("code", "").strip().upper()


def _is_global(annotation: Element) -> bool:
    """Return whether an annotation is bound to no single lead."""
    bounds = annotation.iterfind("support/supportingROI/component/boundary/code")
    return not any(bound.get("code", "").upper().startswith("MDC_ECG_LEAD") for bound in bounds)


def _values(annotations: Iterator[Element]) -> tuple[list[DeviceValue], int]:
    """Return the known measurements, and how many of them have no number, no unit or an impossible value."""
    known = [(a, _NAMES[_code(a)], a.find("value")) for a in annotations if _code(a) in _NAMES]
    read = [
        device_value(name, v.get("value"), unit=v.get("unit", ""))
        for _, name, v in known
        if v is not None and v.get("value")
    ]
    return [value for value in read if value is not None], sum(value is None for value in read)


def _texts(annotation: Element) -> Iterator[str]:
    """Yield the texts of an interpretation or a rhythm: its own and those of the annotations in it."""
    for inner in annotation.iter("annotation"):
        value = inner.find("value")
        if value is not None and _code(inner).startswith(_TEXTS):
            text = (value.text or value.get("displayName") or "").strip()
            if text:
                yield text
