"""Philips Sierra XML 1.03 and 1.04 (PageWriter, TraceMaster) to EcgRecord: the samples.

Belongs here: what is said of the waveform, and steps to mV. Not here: the compression (sierra_xli.py), what the device states (sierra_notes.py).
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names
from cardio_dagster.modalities.ecg.formats.limb_leads import CALIBRATION_NOTE, with_limb_leads, without_calibration
from cardio_dagster.modalities.ecg.formats.sierra_notes import notes_of, started_at, subject
from cardio_dagster.modalities.ecg.formats.sierra_xli import decode_xli, restore_limb_leads
from cardio_dagster.modalities.ecg.formats.xml import read_xml
from cardio_dagster.modalities.ecg.formats.xml_text import bytes_of, number, numbers, text_of, whole
from cardio_dagster.modalities.ecg.signal import STANDARD_LEADS, EcgRecord

_MICROVOLT = 1e-3
_MAX_LEADS = 64
_MAX_SAMPLES = 4_000_000  # of all leads; a resting ECG has 66,000
_STANDARD_SETS = frozenset(("STD-12", "10-WIRE"))


def read_sierra(path: Path) -> EcgRecord:
    """Return the parsed waveforms in mV, never the representative beats.

    A sample is steps times the resolution, which the format gives in microvolt. Sampling rate and resolution stand with the waveform
    (1.04) or in the signal characteristics (1.03); where both do, they must agree. Of XLI the limb leads are restored; where III, aVR,
    aVL or aVF are not in the file they are calculated from I and II and noted. The calibration pulse at the end is cut off and noted.

    Raises StudyError: what `read_xml` raises, E_FORMAT_002 without waveform or of an unknown encoding or compression, E_CORRUPT_001
    for damaged or short data, E_VALID_001/2 for a missing or impossible rate, resolution or duration, E_HARD_004 beyond 4 million samples.
    """
    root = read_xml(path)
    waveform = root.find("waveforms/parsedwaveforms")
    if waveform is None:
        raise StudyError("E_FORMAT_002", "the file holds no parsed waveform", allowed="waveforms/parsedwaveforms")
    said = root.find("dataacquisition/signalcharacteristics")
    rate_hz = checked_rate(
        _agreed(waveform, said, "samplespersecond", "samplingrate"), where="samplespersecond or samplingrate"
    )
    step_mv = _resolution_mv(waveform, said)
    texts = _lead_texts(waveform, said)
    steps = _steps(waveform, said, lead_names(texts), _n_samples(waveform, rate_hz, len(texts)))
    leads, whole_mv, note = with_limb_leads(lead_names(texts), steps, np.full(len(texts), step_mv))
    signal_mv = without_calibration(whole_mv, sampling_rate_hz=rate_hz)
    time = started_at(root)
    sex, age_years = subject(root, time)
    said_by_device = notes_of(root)
    cut = CALIBRATION_NOTE if len(signal_mv) < len(whole_mv) else ""
    return EcgRecord(
        format="sierra",
        leads=leads,
        signal_mv=signal_mv,
        sampling_rate_hz=rate_hz,
        started_at=time,
        device_statements=said_by_device.statements,
        device_values=said_by_device.values,
        patient_sex=sex,
        age_years=age_years,
        n_device_texts_left_out=said_by_device.n_texts_left_out,
        notes=tuple(text for text in (note, cut, said_by_device.note()) if text),
    )


def _said(waveform: Element, said: Element | None, attribute: str, *elements: str) -> Iterator[str]:
    """Yield what is said of one thing, with the waveform and in the signal characteristics."""
    yield from (t for t in (waveform.get(attribute, "").strip(), *(text_of(said, e) for e in elements)) if t)


def _agreed(waveform: Element, said: Element | None, attribute: str, *elements: str) -> float | None:
    """Return a number that stands in one or several places; None where it is in none or is no number."""
    values = [number(text) for text in _said(waveform, said, attribute, *elements)]
    if len(set(values)) > 1:
        seen = " and ".join("no number" if v is None else f"{v:g}" for v in values)
        raise StudyError("E_VALID_002", f"{attribute} differs between its places", seen=seen, allowed="the same number")
    return values[0] if values else None


def _resolution_mv(waveform: Element, said: Element | None) -> float:
    step = _agreed(waveform, said, "resolution", "resolution", "signalresolution")
    if step is None:
        raise StudyError(
            "E_VALID_001", "no resolution of the waveform", allowed="resolution or signalresolution, in microvolt"
        )
    if not 0 < step < 1e5:
        raise StudyError(
            "E_VALID_002", "the resolution is not possible", seen=f"{step:g} uV", allowed="above 0 and below 1e5 uV"
        )
    return step * _MICROVOLT


def _lead_texts(waveform: Element, said: Element | None) -> list[str]:
    """Return a text per channel: the labels, else the standard order where the device says it used the standard leads."""
    labels = waveform.get("leadlabels", "").split()
    counts = [
        whole(text) for text in _said(waveform, said, "numberofleads", "numberchannelsallocated", "numberchannelsvalid")
    ]
    n_leads = next((count for count in counts if count is not None), len(labels))
    if not 1 <= n_leads <= _MAX_LEADS or (labels and len(labels) < n_leads):
        raise StudyError(
            "E_VALID_002",
            "the number of leads is not possible",
            seen=f"{n_leads} leads, {len(labels)} labels",
            allowed=f"1 to {_MAX_LEADS}, each with a label",
        )
    kinds = {text_of(said, "acquisitiontype").upper(), text_of(said, "leadset").upper()}
    names = labels or (list(STANDARD_LEADS) if kinds & _STANDARD_SETS else [])
    return [names[i] if i < len(names) else "" for i in range(n_leads)]


def _n_samples(waveform: Element, rate_hz: float, n_leads: int) -> int:
    """Return the samples per channel, from the duration in ms."""
    duration_ms = number(waveform.get("durationperchannel"))
    if duration_ms is None:
        raise StudyError("E_VALID_001", "no durationperchannel", allowed="milliseconds")
    n_samples = duration_ms * rate_hz / 1000.0
    if not n_samples >= 1:
        raise StudyError(
            "E_VALID_002", "the duration is not possible", seen=f"{duration_ms:g} ms", allowed="above 0 ms"
        )
    if n_samples * n_leads > _MAX_SAMPLES:
        seen = f"{n_leads} leads of {n_samples:.0f} samples"
        allowed, cure = f"{_MAX_SAMPLES} samples in all", "Export the recording again; no resting ECG is as long."
        raise StudyError("E_HARD_004", "the waveform is too long", seen=seen, allowed=allowed, cure=cure)
    return int(n_samples)


def _steps(waveform: Element, said: Element | None, leads: tuple[str, ...], n_samples: int) -> np.ndarray:
    """Return the samples in steps, (n_samples, n_leads)."""
    _check_kind(waveform, said)
    text, waveform.text = waveform.text or "", None
    needed = n_samples * len(leads)
    if waveform.get("dataencoding", "").strip().lower() == "plain":
        return _in_columns(numbers(text, where="parsedwaveforms"), needed, n_samples)
    data = bytes_of(text, where="parsedwaveforms")
    if not _compression(waveform):
        return _in_columns(np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2"), needed, n_samples)
    steps = decode_xli(data, n_leads=len(leads), n_samples=n_samples)
    restore_limb_leads(steps, leads)
    return steps


def _in_columns(values: np.ndarray, needed: int, n_samples: int) -> np.ndarray:
    if len(values) < needed:
        raise StudyError(
            "E_CORRUPT_001", "the waveform ends early", seen=f"{len(values)} samples", allowed=f"{needed} samples"
        )
    return values[:needed].reshape(-1, n_samples).T


def _compression(waveform: Element) -> str:
    """Return the method of compression, "" for none."""
    if waveform.get("compressflag", "").strip().lower() == "false":
        return ""
    method = (waveform.get("compressmethod") or waveform.get("compression") or "").strip().upper()
    return "" if method in {"NONE", "UNCOMPRESSED"} else method


def _check_kind(waveform: Element, said: Element | None) -> None:
    """Refuse what is not signed, of 16 bits, without offset, in Base64 or plain numbers, bare or in XLI."""
    facts = {
        "encoding": (waveform.get("dataencoding", "").strip().lower(), {"base64", "plain"}),
        "compression": (_compression(waveform).lower(), {"", "xli"}),
        "bits a sample": (next(_said(waveform, said, "bitspersample", "bitspersample"), "16"), {"16"}),
        "signed": (next(_said(waveform, said, "signalsigned", "signalsigned"), "true").lower(), {"true"}),
        "offset": (next(_said(waveform, said, "signaloffset", "signaloffset"), "0"), {"0"}),
    }
    for name, (seen, allowed) in facts.items():
        if seen not in allowed:
            raise StudyError(
                "E_FORMAT_002", f"the waveform has another {name}", allowed=" or ".join(sorted(allowed)) or None
            )
