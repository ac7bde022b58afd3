"""What a Philips Sierra XML says beside its samples: the patient's sex and age, the time, statements and numbers.

Belongs here: those facts. Not here: waveforms (sierra.py), or names and identifiers, which are never read.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from cardio_dagster.modalities.ecg.formats.device_values import DeviceSaid, all_said, device_value
from cardio_dagster.modalities.ecg.formats.device_words import is_device_statement, sorted_statements
from cardio_dagster.modalities.ecg.formats.person import age_at, age_in_years, iso_time, sex_of
from cardio_dagster.modalities.ecg.formats.xml_text import text_of

# element -> common name and the unit that the format gives it
_NAMES = {
    "heartrate": ("heart_rate_bpm", "/min"),
    "meanventrate": ("heart_rate_bpm", "/min"),
    "atrialrate": ("atrial_rate_bpm", "/min"),
    "rrint": ("rr_ms", "ms"),
    "pdur": ("p_duration_ms", "ms"),
    "print": ("pr_ms", "ms"),
    "meanprint": ("pr_ms", "ms"),
    "qrsdur": ("qrs_ms", "ms"),
    "meanqrsdur": ("qrs_ms", "ms"),
    "qtint": ("qt_ms", "ms"),
    "meanqtint": ("qt_ms", "ms"),
    "meanqtc": ("qtc_ms", "ms"),
    "qtc": ("qtc_ms", "ms"),
    "qtcb": ("qtc_bazett_ms", "ms"),
    "qtcf": ("qtc_fridericia_ms", "ms"),
    "pfrontaxis": ("p_axis_deg", "deg"),
    "qrsfrontaxis": ("qrs_axis_deg", "deg"),
    "tfrontaxis": ("t_axis_deg", "deg"),
}
_PLACES = (
    "interpretations/interpretation/globalmeasurements",  # 1.04, as printed
    "interpretations/interpretation/interpretationmeasurements",  # 1.03, as printed
    "internalmeasurements/crossleadmeasurements",
    "measurements/globalmeasurements",
)


def started_at(root: Element) -> str | None:
    """Return when the recording was acquired, ISO 8601; None where date or time is missing."""
    for place in ("dataacquisition", "reportinfo"):
        element = root.find(place)
        if element is not None:
            time = iso_time(element.get("date", "").split("-"), element.get("time", "").split(":"))
            if time is not None:
                return time
    return None


def subject(root: Element, time: str | None) -> tuple[str | None, float | None]:
    """Return sex and age in years; the age in the file, else counted from the date of birth. Its `defaultage` is nobody's."""
    person = root.find("patient/generalpatientdata")
    for unit in ("years", "months", "weeks", "days"):
        age = age_in_years(text_of(person, f"age/{unit}"), unit)
        if age is not None:
            return sex_of(text_of(person, "sex")), age
    return sex_of(text_of(person, "sex")), age_at(text_of(person, "age/dateofbirth"), time)


def notes_of(root: Element) -> DeviceSaid:
    """Return the statements and the measurements.

    Of several interpretations the first counts. A statement is its left part, with the reason at its right where that is made
    of ECG words alone.
    """
    interpretation = root.find("interpretations/interpretation")
    statements, n_texts = sorted_statements(_texts(interpretation))
    read = ((e.text, device_value(_NAMES[e.tag][0], e.text, unit=_NAMES[e.tag][1])) for e in _measurements(root))
    return all_said(statements, n_texts, read)


def _measurements(root: Element) -> Iterator[Element]:
    """Yield the elements of known numbers of the first place that has any."""
    for place in _PLACES:
        block = root.find(place)
        known = [e for e in block if e.tag in _NAMES and (e.text or "").strip()] if block is not None else []
        if known:
            yield from known
            return


def _texts(interpretation: Element | None) -> Iterator[str]:
    if interpretation is None:
        return
    for statement in interpretation.findall("statement"):
        left, right = text_of(statement, "leftstatement"), text_of(statement, "rightstatement")
        both = f"{left} ({right})"
        yield both if right and is_device_statement(both) else left
    yield text_of(interpretation, "severity").strip("- ")
