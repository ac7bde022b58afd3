"""DICOM waveform objects (PS3.3 C.10.9) to EcgRecord.

Belongs here: parsing, and choosing the group of the rhythm. Not here: samples (dicom_samples.py), images, or anything measured.
"""

import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.dicom_header import age_years, device_notes, sex, started_at
from cardio_dagster.modalities.ecg.formats.dicom_samples import in_millivolt, number, raw_samples
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names
from cardio_dagster.modalities.ecg.formats.quiet import quiet_pydicom
from cardio_dagster.modalities.ecg.signal import EcgRecord

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_DEFLATED = b"1.2.840.10008.1.2.1.99"
_MAX_INFLATED = 256_000_000
_WAVEFORM_DATA = b"\x00\x54\x10\x10OW\x00\x00"  # (5400,1010), explicit little endian; its length follows

_MANY_LEADS, _ENOUGH_S = 8, 5.0  # a diagnosis needs the leads; a longer strip of one of them does not outweigh them


def read_dicom(path: Path) -> EcgRecord:
    """Return the rhythm group of a DICOM ECG in mV.

    Of several multiplex groups the original one with eight leads or more over 5 s is taken, else the longest, of equally long ones that with
    most leads, never a derived median beat; a note says how many original groups were not read.
    A sample is (raw * sensitivity * correction + baseline) in the unit of its channel, turned into mV (PS3.3 C.10.9.1.4).
    Samples that equal the Waveform Padding Value (5400,100A) were not recorded and become NaN.

    Raises StudyError: E_CORRUPT_001 for a file that does not parse or ends early, E_FORMAT_002
    without a waveform or of an unknown sample type, E_VALID_001/2/3 for a missing, impossible or
    unknown sampling rate or unit.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyError("E_INTAKE_006", "the file cannot be read", seen=type(error).__name__) from error
    try:
        with quiet_pydicom():
            return _record(_parse(content))
    except StudyError:
        raise
    except Exception as error:  # pydicom raises many kinds on damaged bytes, OSError among them
        raise StudyError("E_CORRUPT_001", "the DICOM file does not parse to its end", seen=_extent(content)) from error


def _record(dataset: "Dataset") -> EcgRecord:
    group = _rhythm_group(dataset)
    rate_hz = checked_rate(number(group, "SamplingFrequency"), where="Sampling Frequency (003A,001A)")
    raw, missing = raw_samples(group, big_endian=dataset.original_encoding[1] is False)
    channels = list(group.get("ChannelDefinitionSequence", []))
    if len(channels) != raw.shape[1]:
        raise StudyError(
            "E_VALID_001",
            "channel definitions do not match the channels",
            seen=f"{len(channels)} definitions",
            allowed=f"{raw.shape[1]}",
        )
    said_by_device = device_notes(dataset)
    return EcgRecord(
        format="dicom",
        leads=lead_names([_channel_name(c) for c in channels]),
        signal_mv=np.where(missing, np.nan, in_millivolt(raw, channels)).astype(np.float32),
        sampling_rate_hz=rate_hz,
        started_at=started_at(dataset),
        device_statements=said_by_device.statements,
        device_values=said_by_device.values,
        n_device_texts_left_out=said_by_device.n_texts_left_out,
        patient_sex=sex(dataset),
        age_years=age_years(dataset),
        notes=tuple(text for text in (_unread(dataset), said_by_device.note()) if text),
    )


def _parse(content: bytes) -> "Dataset":
    """Return the dataset with its waveform."""
    import pydicom

    _check_inflated(content)
    dataset = pydicom.dcmread(io.BytesIO(content))
    found = "WaveformSequence" in dataset and len(dataset.WaveformSequence) > 0
    if not found:
        raise StudyError(
            "E_FORMAT_002",
            "the DICOM file holds no complete waveform",
            seen=_sop_class(dataset),
            allowed="a Waveform Sequence (5400,0100)",
        )
    return dataset


def _check_inflated(content: bytes) -> None:
    """Refuse a deflated dataset that swells beyond 256 MB, before pydicom inflates the whole of it.

    The file meta, which is never deflated, begins at byte 132 with its own length (PS3.10 7.1).
    """
    if _DEFLATED not in content[:4096]:
        return
    start = 144 + int.from_bytes(content[140:144], "little")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflater.decompress(content[start:], _MAX_INFLATED)
    if inflater.unconsumed_tail:
        allowed, cure = f"{_MAX_INFLATED // 1_000_000} MB", "Export the recording without deflate compression."
        seen = f"more than {allowed}"
        raise StudyError("E_HARD_004", "the deflated DICOM file is too large", seen=seen, allowed=allowed, cure=cure)


def _extent(content: bytes) -> str:
    """Return how many bytes there are, and how much of the waveform where its element has begun."""
    at = content.find(_WAVEFORM_DATA)
    start = at + len(_WAVEFORM_DATA) + 4
    if at < 0 or start > len(content):
        return f"{len(content)} bytes, no waveform in them"
    claimed = int.from_bytes(content[start - 4 : start], "little")
    return f"{len(content)} bytes, with {min(len(content) - start, claimed)} of {claimed} bytes of waveform"


def _sop_class(dataset: "Dataset") -> str:
    uid = dataset.get("SOPClassUID")
    return str(getattr(uid, "name", "no SOP class"))[:64]


def _rhythm_group(dataset: "Dataset") -> "Dataset":
    """Return the original multiplex group that shows most: eight leads or more over 5 s before any strip, else the longest."""

    def rank(group: "Dataset") -> tuple[bool, bool, float, float]:
        rate_hz = number(group, "SamplingFrequency") or 1.0
        duration_s = (number(group, "NumberOfWaveformSamples") or 0.0) / rate_hz
        n_leads = number(group, "NumberOfWaveformChannels") or 0.0
        return _is_original(group), n_leads >= _MANY_LEADS and duration_s >= _ENOUGH_S, duration_s, n_leads

    group: Dataset = max(dataset.WaveformSequence, key=rank)
    if not _is_original(group):
        raise StudyError(
            "E_FORMAT_002",
            "only a median beat, no rhythm recording",
            seen="derived groups only",
            allowed="an original multiplex group",
        )
    return group


def _is_original(group: "Dataset") -> bool:
    """Return whether a group is a recording, not a median beat made of one."""
    label = str(group.get("MultiplexGroupLabel", "")).lower()
    return str(group.get("WaveformOriginality", "")).upper() != "DERIVED" and "median" not in label


def _unread(dataset: "Dataset") -> str:
    """Return a note on the original groups beside the one that is read."""
    n = sum(_is_original(group) for group in dataset.WaveformSequence) - 1
    return f"{n} other original multiplex group{'s' if n > 1 else ''} not read" if n > 0 else ""


def _channel_name(channel: "Dataset") -> str:
    source: Any = channel.get("ChannelSourceSequence")
    text = str(source[0].get("CodeMeaning", "")) if source else ""
    return text or str(channel.get("ChannelLabel", ""))
