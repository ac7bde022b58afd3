"""What a GE MUSE XML says beside its samples: the patient's sex and age, the time, statements and numbers.

Belongs here: those facts. Not here: waveforms (muse.py), or names and identifiers, which are never read.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from cardio_dagster.modalities.ecg.formats.device_values import DeviceSaid, all_said, device_value
from cardio_dagster.modalities.ecg.formats.device_words import sorted_statements
from cardio_dagster.modalities.ecg.formats.person import age_in_years, iso_time, sex_of
from cardio_dagster.modalities.ecg.formats.xml_text import text_of

# element -> common name and the unit that the format gives it; the formula of QTCorrected is not named
_NAMES = {
    "VentricularRate": ("heart_rate_bpm", "/min"),
    "AtrialRate": ("atrial_rate_bpm", "/min"),
    "PRInterval": ("pr_ms", "ms"),
    "QRSDuration": ("qrs_ms", "ms"),
    "QTInterval": ("qt_ms", "ms"),
    "QTCorrected": ("qtc_ms", "ms"),
    "QTcFrederica": ("qtc_fridericia_ms", "ms"),
    "QTcFridericia": ("qtc_fridericia_ms", "ms"),
    "QTcBazett": ("qtc_bazett_ms", "ms"),
    "QTcFramingham": ("qtc_framingham_ms", "ms"),
    "PAxis": ("p_axis_deg", "deg"),
    "RAxis": ("qrs_axis_deg", "deg"),
    "TAxis": ("t_axis_deg", "deg"),
}


def started_at(root: Element) -> str | None:
    """Return when the recording was acquired (month-day-year and time of day), ISO 8601; None where one of both is missing."""
    month_first = text_of(root, "TestDemographics/AcquisitionDate").replace("/", "-").split("-")
    return iso_time([*month_first[2:], *month_first[:2]], text_of(root, "TestDemographics/AcquisitionTime").split(":"))


def subject(root: Element) -> tuple[str | None, float | None]:
    """Return sex and age in years, as MUSE wrote them."""
    person = root.find("PatientDemographics")
    return sex_of(text_of(person, "Gender")), age_in_years(text_of(person, "PatientAge"), text_of(person, "AgeUnits"))


def notes_of(root: Element) -> DeviceSaid:
    """Return the statements of the diagnosis and the measurements.

    What the device said first (Original...) goes before what a reader made of it.
    """
    statements, n_texts = sorted_statements(_texts(root))
    places = (root.find(place) for place in ("OriginalRestingECGMeasurements", "RestingECGMeasurements"))
    block = next((place for place in places if place is not None), ())
    known = [e for e in block if e.tag in _NAMES]
    return all_said(
        statements, n_texts, ((e.text, device_value(_NAMES[e.tag][0], e.text, unit=_NAMES[e.tag][1])) for e in known)
    )


def _texts(root: Element) -> Iterator[str]:
    """Yield the lines of the diagnosis; statements without the flag ENDSLINE go on with the next one."""
    for place in ("OriginalDiagnosis", "Diagnosis"):
        statements = root.findall(f"{place}/DiagnosisStatement")
        line: list[str] = []
        for statement in statements:
            line.append(text_of(statement, "StmtText"))
            if "ENDSLINE" in {(flag.text or "").strip() for flag in statement.findall("StmtFlag")}:
                yield " ".join(line)
                line = []
        yield " ".join(line)
        if statements:
            return
