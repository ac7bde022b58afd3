"""GE CardioSoft XML (CardiologyXML, resting ECG) to EcgRecord.

Belongs here: its strip of lists of numbers, and what it says beside them. Not here: exercise tests, the full disclosure, median beats.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.device_values import DeviceSaid, all_said, device_value
from cardio_dagster.modalities.ecg.formats.device_words import sorted_statements
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names
from cardio_dagster.modalities.ecg.formats.limb_leads import with_limb_leads
from cardio_dagster.modalities.ecg.formats.person import age_in_years, iso_time, sex_of
from cardio_dagster.modalities.ecg.formats.xml import read_xml
from cardio_dagster.modalities.ecg.formats.xml_text import number, numbers, text_of, whole
from cardio_dagster.modalities.ecg.signal import EcgRecord

_RESOLUTIONS_MV = {"uvperlsb": 1e-3, "mvperlsb": 1.0, "nvperlsb": 1e-6}
_MAX_LEADS = 64
_NAMES = {
    "VentricularRate": "heart_rate_bpm",
    "PQInterval": "pr_ms",
    "PDuration": "p_duration_ms",
    "QRSDuration": "qrs_ms",
    "QTInterval": "qt_ms",
    "QTCInterval": "qtc_ms",
    "RRInterval": "rr_ms",
    "PPInterval": "pp_ms",
    "PAxis": "p_axis_deg",
    "RAxis": "qrs_axis_deg",
    "TAxis": "t_axis_deg",
}


def read_cardiosoft(path: Path) -> EcgRecord:
    """Return the strip of a resting ECG in mV; limb leads that it lacks are calculated from I and II and noted.

    Raises StudyError: what `read_xml` raises, E_FORMAT_002 without a strip, E_CORRUPT_001 where a lead has another length than said or a
    sample is no number, E_VALID_001/2/3 for a missing, impossible or unknown rate, resolution or unit.
    """
    root = read_xml(path)
    strip = root.find("StripData")
    data = strip.findall("WaveformData") if strip is not None else []
    if strip is None or not 1 <= len(data) <= _MAX_LEADS:
        seen = f"{len(data)} leads"
        raise StudyError(
            "E_FORMAT_002", "the file holds no strip of a resting ECG", seen=seen, allowed="StripData with leads"
        )
    rate = strip.find("SampleRate")
    is_hz = rate is not None and rate.get("units", "").lower() == "hz"
    rate_hz = checked_rate(
        number(text_of(strip, "SampleRate")) if is_hz else None, where="SampleRate of StripData, in Hz"
    )
    steps = np.column_stack([_lead(lead, strip, f"lead {i}") for i, lead in enumerate(data, 1)])
    names = lead_names([lead.get("lead", "") for lead in data])
    leads, signal_mv, note = with_limb_leads(names, steps, np.full(len(data), _step_mv(strip)))
    said_by_device = _notes(root)
    age = root.find("PatientInfo/Age")
    return EcgRecord(
        format="cardiosoft",
        leads=leads,
        signal_mv=signal_mv,
        sampling_rate_hz=rate_hz,
        started_at=_started_at(root),
        device_statements=said_by_device.statements,
        device_values=said_by_device.values,
        patient_sex=sex_of(text_of(root, "PatientInfo/Gender")),
        age_years=None if age is None else age_in_years(age.text, age.get("units", "")),
        n_device_texts_left_out=said_by_device.n_texts_left_out,
        notes=tuple(text for text in (note, said_by_device.note()) if text),
    )


def _lead(lead: Element, strip: Element, where: str) -> np.ndarray:
    text, lead.text = lead.text or "", None
    samples = numbers(text, where=where, separator=",")
    said = whole(text_of(strip, "ChannelSampleCountTotal"))
    if not len(samples) or said != len(samples):
        allowed = f"{said} samples" if said is not None else "as many as ChannelSampleCountTotal says"
        raise StudyError(
            "E_CORRUPT_001", f"{where} has another length", seen=f"{len(samples)} samples", allowed=allowed
        )
    return samples


def _step_mv(strip: Element) -> float:
    """Return how many mV one step is."""
    element = strip.find("Resolution")
    value = number(text_of(strip, "Resolution"))
    if element is None or value is None:
        raise StudyError("E_VALID_001", "no Resolution of StripData", allowed="a number, with its unit")
    per_step_mv = _RESOLUTIONS_MV.get(element.get("units", "").lower())
    if per_step_mv is None:
        raise StudyError("E_VALID_003", "unknown unit of the Resolution of StripData", allowed="uVperLsb, mVperLsb")
    if not 0 < value * per_step_mv < 100:
        raise StudyError(
            "E_VALID_002", "the Resolution is not possible", seen=f"{value:g}", allowed="above 0, below 100 mV"
        )
    return value * per_step_mv


def _started_at(root: Element) -> str | None:
    time = root.find("ObservationDateTime")
    parts = {name: text_of(time, name) for name in ("Year", "Month", "Day", "Hour", "Minute", "Second")}
    return iso_time([parts[n] for n in ("Year", "Month", "Day")], [parts[n] for n in ("Hour", "Minute", "Second")])


def _notes(root: Element) -> DeviceSaid:
    """Return the statements and measurements."""
    statements, n_texts = sorted_statements(_texts(root))
    block = root.find("RestingECGMeasurements")
    known = [e for e in block if e.tag in _NAMES] if block is not None else []
    return all_said(
        statements, n_texts, ((e.text, device_value(_NAMES[e.tag], e.text, unit=e.get("units", ""))) for e in known)
    )


def _texts(root: Element) -> Iterator[str]:
    for text in root.iterfind("Interpretation/Diagnosis/DiagnosisText"):
        yield (text.text or "").strip("- \t\r\n")
