"""GE MUSE XML (RestingECG) to EcgRecord: the samples.

Belongs here: the rhythm waveform, Base64 to mV. Not here: what the device states (muse_notes.py), XML itself (xml.py).
"""

from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names, millivolts_per
from cardio_dagster.modalities.ecg.formats.limb_leads import with_limb_leads
from cardio_dagster.modalities.ecg.formats.muse_notes import notes_of, started_at, subject
from cardio_dagster.modalities.ecg.formats.xml import read_xml
from cardio_dagster.modalities.ecg.formats.xml_text import bytes_of, number, text_of, whole
from cardio_dagster.modalities.ecg.signal import EcgRecord

_UNITS = {"MICROVOLTS": "uV", "MILLIVOLTS": "mV", "VOLTS": "V", "NANOVOLTS": "nV"}
_MAX_LEADS = 64
_MAX_OFFSET = 1_000_000
_COMPRESSION = ("DataCompression", "CompressionType", "CompressionMethod", "Compression")


def read_muse(path: Path) -> EcgRecord:
    """Return the longest rhythm waveform in mV, never the median beat.

    A lead is Base64 of signed 16-bit little-endian steps of LeadAmplitudeUnitsPerBit. MUSE stores eight leads: III, aVR, aVL and
    aVF are calculated from I and II, exactly, and noted. A lead that begins LeadOffsetFirstSample samples late is NaN before. The sampling
    rate is SampleBase times ten to the power of SampleExponent, of the waveform. LeadDataCRC32 is not checked: its polynomial is not published.

    Raises StudyError: what `read_xml` raises, E_FORMAT_002 without a rhythm waveform or of another kind of samples, E_CORRUPT_001 for
    damaged or short data, E_VALID_001/2/3 for a missing, impossible or unknown rate, scale or unit.
    """
    root = read_xml(path)
    waveform = _rhythm(root)
    rate_hz = _rate(waveform)
    data = waveform.findall("LeadData")
    if not 1 <= len(data) <= _MAX_LEADS:
        raise StudyError(
            "E_VALID_002", "the number of leads is not possible", seen=f"{len(data)}", allowed=f"1 to {_MAX_LEADS}"
        )
    _check_kind(waveform, data)
    names = lead_names([text_of(lead, "LeadID") for lead in data])
    step_mv = np.array([_step_mv(lead, f"lead {i}") for i, lead in enumerate(data, 1)])
    leads, signal_mv, note = with_limb_leads(names, _steps(data), step_mv)
    sex, age_years = subject(root)
    said_by_device = notes_of(root)
    return EcgRecord(
        format="muse",
        leads=leads,
        signal_mv=signal_mv,
        sampling_rate_hz=rate_hz,
        started_at=started_at(root),
        device_statements=said_by_device.statements,
        device_values=said_by_device.values,
        patient_sex=sex,
        age_years=age_years,
        n_device_texts_left_out=said_by_device.n_texts_left_out,
        notes=tuple(text for text in (note, said_by_device.note()) if text),
    )


def _rhythm(root: Element) -> Element:
    """Return the rhythm waveform with most samples."""
    found = [w for w in root.findall("Waveform") if text_of(w, "WaveformType").lower() == "rhythm"]
    if not found:
        n = len(root.findall("Waveform"))
        raise StudyError(
            "E_FORMAT_002", "the file holds no rhythm waveform", seen=f"{n} waveforms", allowed="WaveformType Rhythm"
        )
    return max(found, key=lambda w: whole(text_of(w, "LeadData/LeadSampleCountTotal")) or 0)


def _rate(waveform: Element) -> float:
    """Return the sampling rate; an exponent that is not there multiplies nothing."""
    base, exponent = number(text_of(waveform, "SampleBase")), text_of(waveform, "SampleExponent")
    power = whole(exponent) if exponent else 0
    if power is None or abs(power) > 9:
        raise StudyError("E_VALID_002", "the SampleExponent is not possible", allowed="a whole number from -9 to 9")
    return checked_rate(None if base is None else base * 10.0**power, where="SampleBase of the rhythm waveform")


def _check_kind(waveform: Element, data: list[Element]) -> None:
    """Refuse compressed samples, samples of another size, and leads that begin at a time of their own."""
    places = [waveform, *data]
    kinds = {
        "kind of samples": ({text_of(waveform, "SampleType").upper()}, {"", "CONTINUOUS_SAMPLES"}),
        "compression": (
            {text_of(p, name).upper() for p in places for name in _COMPRESSION},
            {"", "NONE", "FALSE", "0"},
        ),
        "size of samples": ({text_of(lead, "LeadSampleSize") for lead in data}, {"", "2"}),
        "start of leads": ({text_of(lead, "LeadTimeOffset") for lead in data}, {"", "0"}),
        "baseline": ({text_of(lead, "FirstSampleBaseline") for lead in data}, {"", "0"}),
    }
    for name, (seen, allowed) in kinds.items():
        if not seen <= allowed:
            raise StudyError(
                "E_FORMAT_002", f"the waveform has another {name}", allowed=" or ".join(sorted(allowed - {""}))
            )


def _step_mv(lead: Element, where: str) -> float:
    """Return how many mV one step is."""
    per_bit, unit = number(text_of(lead, "LeadAmplitudeUnitsPerBit")), text_of(lead, "LeadAmplitudeUnits")
    if per_bit is None:
        raise StudyError("E_VALID_001", f"no LeadAmplitudeUnitsPerBit at {where}", allowed="a number")
    step_mv = per_bit * millivolts_per(_UNITS.get(unit.upper(), unit), where=where)
    if not 0 < step_mv < 100:
        raise StudyError(
            "E_VALID_002",
            f"the step of {where} is not possible",
            seen=f"{step_mv:.3g} mV",
            allowed="above 0, below 100 mV",
        )
    return step_mv


def _steps(data: list[Element]) -> np.ndarray:
    """Return the steps as float32, which holds 16 bits exactly, (n_samples, n_leads); NaN before the first sample of a late lead."""
    read = [_lead(lead, f"lead {i}") for i, lead in enumerate(data, 1)]
    lengths = sorted({len(samples) for samples, _ in read})
    if len(lengths) > 1 and len({offset for _, offset in read}) == 1:
        seen = f"{lengths[0]} and {lengths[-1]} samples"
        raise StudyError("E_CORRUPT_001", "the leads differ in length", seen=seen, allowed="the same for every lead")
    steps = np.full((max(offset + len(samples) for samples, offset in read), len(data)), np.nan, dtype=np.float32)
    for column, (samples, offset) in enumerate(read):
        steps[offset : offset + len(samples), column] = samples
    return steps


def _lead(lead: Element, where: str) -> tuple[np.ndarray, int]:
    """Return the samples of one lead, and how many samples late it begins."""
    element = lead.find("WaveFormData")
    text = "" if element is None else element.text or ""
    if element is not None:
        element.text = None
    samples = bytes_of(text, where=where)
    counts = {2 * n for n in (whole(text_of(lead, "LeadSampleCountTotal")),) if n is not None}
    counts |= {n for n in (whole(text_of(lead, "LeadByteCountTotal")),) if n is not None}
    if not samples or len(samples) % 2 or counts - {len(samples)}:
        said = " and ".join(f"{n} bytes" for n in sorted(counts)) or "an even number of bytes"
        raise StudyError(
            "E_CORRUPT_001", f"the data of {where} have another length", seen=f"{len(samples)} bytes", allowed=said
        )
    offset_text = text_of(lead, "LeadOffsetFirstSample")
    offset = whole(offset_text) if offset_text else 0
    if offset is None or not 0 <= offset <= _MAX_OFFSET:
        raise StudyError("E_VALID_002", f"the first sample of {where} is not possible", allowed=f"0 to {_MAX_OFFSET}")
    return np.frombuffer(samples, dtype="<i2"), offset
