"""HL7 annotated ECG (FDA aECG, ANSI/HL7 V3 ECG R1-2004) to EcgRecord: the samples.

Belongs here: choosing the rhythm series, lists of digits to mV. Not here: annotations and the subject (aecg_notes.py), XML itself (xml.py).
"""

from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.aecg_notes import notes_of, started_at, subject
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names, millivolts_per
from cardio_dagster.modalities.ecg.formats.limb_leads import CALIBRATION_NOTE, without_calibration
from cardio_dagster.modalities.ecg.formats.xml import read_xml
from cardio_dagster.modalities.ecg.formats.xml_text import number, numbers
from cardio_dagster.modalities.ecg.signal import EcgRecord

_LEAD = "MDC_ECG_LEAD_"
_MAX_LEADS = 64
_SECONDS_PER = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_RHYTHM_CODES = frozenset(("RHYTHM", "RHYTHM_WAVEFORMS", ""))


def read_aecg(path: Path) -> EcgRecord:
    """Return the longest rhythm sequence set of an aECG in mV.

    A value is origin + digit * scale, each with its own unit (SLIST_PQ); the sampling rate is one over the increment of the
    time sequence (GLIST_TS or GLIST_PQ). Representative beats and every other derived series are left out. A calibration pulse of
    1 mV that all leads share at the end, as Philips writes it, is cut off and noted.

    Raises StudyError: what `read_xml` raises, E_FORMAT_002 without a rhythm series, E_CORRUPT_001 where leads differ in length or a digit is no
    number, E_VALID_001/2/3 for a missing, impossible or unknown increment, scale or unit.
    """
    root = read_xml(path)
    series, sequences = _longest(root)
    rate_hz = _rate(sequences)
    leads = [s for s in sequences if _code(s).upper().startswith(_LEAD)]
    if len(leads) > _MAX_LEADS:
        raise StudyError("E_VALID_002", "too many leads", seen=f"{len(leads)}", allowed=f"{_MAX_LEADS}")
    texts = [_code(s)[len(_LEAD) :] for s in leads]
    whole_mv = _signal([_lead_mv(s, f"lead {i}") for i, s in enumerate(leads, 1)])
    signal_mv = without_calibration(whole_mv, sampling_rate_hz=rate_hz)
    time = started_at(root, series, sequences)
    sex, age_years = subject(root, time)
    said_by_device = notes_of(series)
    cut = CALIBRATION_NOTE if len(signal_mv) < len(whole_mv) else ""
    return EcgRecord(
        format="aecg",
        leads=lead_names(texts),
        signal_mv=signal_mv,
        sampling_rate_hz=rate_hz,
        started_at=time,
        device_statements=said_by_device.statements,
        device_values=said_by_device.values,
        patient_sex=sex,
        age_years=age_years,
        n_device_texts_left_out=said_by_device.n_texts_left_out,
        notes=tuple(text for text in (cut, said_by_device.note()) if text),
    )


def _code(element: Element) -> str:
    code = element.find("code")
    return "" if code is None else code.get("code", "").strip()


def _longest(root: Element) -> tuple[Element, list[Element]]:
    """Return the rhythm series and the sequences of that of its sets which has most text in its leads' digits.

    A derived series stands below `derivation` and is never looked at.
    """
    found = [
        (series, group.findall("component/sequence"))
        for series in root.findall("component/series")
        if _code(series).upper() in _RHYTHM_CODES
        for group in series.findall("component/sequenceSet")
    ]
    usable = [(s, group) for s, group in found if any(_code(q).upper().startswith(_LEAD) for q in group)]
    if not usable:
        raise StudyError(
            "E_FORMAT_002",
            "the aECG holds no rhythm waveform",
            seen=f"{len(found)} sequence sets",
            allowed="a series RHYTHM with leads",
        )
    return max(usable, key=lambda pair: _extent_s(pair[1]))


def _extent_s(sequences: list[Element]) -> float:
    """Return about how long a set lasts, by the text of its first lead, so that nothing is parsed for the choice."""
    step_s = _increment_s(sequences) or 0.0
    first = next(s for s in sequences if _code(s).upper().startswith(_LEAD))
    return step_s * (first.findtext("value/digits") or "").count(" ")


def _increment_s(sequences: list[Element]) -> float | None:
    """Return the seconds from sample to sample, None where no time sequence says it with a unit."""
    for sequence in sequences:
        increment = sequence.find("value/increment") if _code(sequence).upper().startswith("TIME_") else None
        if increment is not None:
            value, per = number(increment.get("value")), _SECONDS_PER.get(increment.get("unit", "").strip())
            if value is not None and per is not None:
                return value * per
    return None


def _rate(sequences: list[Element]) -> float:
    step_s = _increment_s(sequences)
    if step_s is not None and not step_s > 0:
        raise StudyError("E_VALID_002", "the time increment is not positive", seen=f"{step_s:g} s", allowed="above 0 s")
    where = "increment of TIME_ABSOLUTE or TIME_RELATIVE"
    return checked_rate(None if step_s is None else round(1.0 / max(step_s, 1e-12), 6), where=where)


def _lead_mv(sequence: Element, where: str) -> np.ndarray:
    """Return one lead in mV as float32, by its own origin and scale."""
    value = sequence.find("value")
    scale = None if value is None else value.find("scale")
    digits = None if value is None else value.find("digits")
    if value is None or scale is None or digits is None:
        raise StudyError(
            "E_VALID_001", f"no scale or no digits at {where}", allowed="SLIST_PQ with origin, scale and digits"
        )
    step_mv = _quantity_mv(scale, f"scale of {where}")
    if step_mv == 0:
        raise StudyError("E_VALID_002", f"the scale of {where} is 0", allowed="a scale other than 0")
    origin = value.find("origin")
    origin_mv = 0.0 if origin is None else _quantity_mv(origin, f"origin of {where}")
    text, digits.text = digits.text or "", None  # the text of a day is large: gone once it is read
    return (numbers(text, where=where) * step_mv + origin_mv).astype(np.float32)


def _quantity_mv(element: Element, where: str) -> float:
    """Return a physical quantity in mV; an origin of 0 needs no unit."""
    value = number(element.get("value"))
    if value is None:
        raise StudyError("E_VALID_001", f"no number at {where}", allowed="a finite number")
    if value == 0 and not element.get("unit"):
        return 0.0
    quantity_mv = value * millivolts_per(element.get("unit"), where=where)
    if abs(quantity_mv) > 1e6:
        raise StudyError("E_VALID_002", f"the {where} is not possible", seen=f"{quantity_mv:.3g} mV", allowed="1e6 mV")
    return quantity_mv


def _signal(leads: list[np.ndarray]) -> np.ndarray:
    """Return the leads side by side, (n_samples, n_leads)."""
    lengths = sorted({len(lead) for lead in leads})
    if len(lengths) > 1 or lengths[0] == 0:
        seen = " and ".join(f"{n} samples" for n in (lengths[0], lengths[-1])) if lengths[-1] else "no samples"
        raise StudyError(
            "E_CORRUPT_001", "the leads differ in length or are empty", seen=seen, allowed="the same for every lead"
        )
    signal_mv = np.empty((lengths[0], len(leads)), dtype=np.float32)
    for column, lead in enumerate(leads):
        signal_mv[:, column] = lead
    return signal_mv
