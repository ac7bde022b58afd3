"""DICOM waveform objects (PS3.3 C.10.9) to EcgRecord.

Belongs here: choosing the group of the rhythm, and raw samples to mV. Not here: images, or anything measured.
"""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.dicom_header import age_years, device_notes, sex, started_at
from cardio_dagster.modalities.ecg.formats.leads import checked_rate, lead_names, millivolts_per
from cardio_dagster.modalities.ecg.formats.quiet import quiet_pydicom
from cardio_dagster.modalities.ecg.signal import EcgRecord

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Waveform Sample Interpretation (5400,1006) -> NumPy type; MB and AB (mu-law, A-law) are audio
_SAMPLE_TYPES = {
    ("SB", 8): "i1",
    ("UB", 8): "u1",
    ("SS", 16): "<i2",
    ("US", 16): "<u2",
    ("SL", 32): "<i4",
    ("UL", 32): "<u4",
}
_WAVEFORM_DATA = b"\x00\x54\x10\x10OW\x00\x00"  # (5400,1010), explicit little endian; its length follows


def read_dicom(path: Path) -> EcgRecord:
    """Return the rhythm group of a DICOM ECG in mV.

    Of several multiplex groups the original one of the longest duration is taken, never a derived median beat.
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
    rate_hz = checked_rate(_number(group, "SamplingFrequency"), where="Sampling Frequency (003A,001A)")
    raw, missing = _raw_samples(group, big_endian=dataset.original_encoding[1] is False)
    channels = list(group.get("ChannelDefinitionSequence", []))
    if len(channels) != raw.shape[1]:
        raise StudyError(
            "E_VALID_001",
            "channel definitions do not match the channels",
            seen=f"{len(channels)} definitions",
            allowed=f"{raw.shape[1]}",
        )
    statements, values, n_left_out = device_notes(dataset)
    return EcgRecord(
        format="dicom",
        leads=lead_names([_channel_name(c) for c in channels]),
        signal_mv=np.where(missing, np.nan, _in_millivolt(raw, channels)).astype(np.float32),
        sampling_rate_hz=rate_hz,
        started_at=started_at(dataset),
        device_statements=statements,
        device_values=values,
        n_device_texts_left_out=n_left_out,
        patient_sex=sex(dataset),
        age_years=age_years(dataset),
    )


def _parse(content: bytes) -> "Dataset":
    """Return the dataset with its waveform."""
    import pydicom

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


def _number(item: "Dataset", keyword: str) -> float | None:
    """Return a numeric value, or None where it is absent or no finite number."""
    try:
        value = float(item.get(keyword))
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _rhythm_group(dataset: "Dataset") -> "Dataset":
    """Return the longest original multiplex group; a derived one only where nothing else is there."""

    def rank(group: "Dataset") -> tuple[bool, float]:
        label = str(group.get("MultiplexGroupLabel", "")).lower()
        derived = str(group.get("WaveformOriginality", "")).upper() == "DERIVED" or "median" in label
        rate_hz = _number(group, "SamplingFrequency") or 1.0
        return not derived, (_number(group, "NumberOfWaveformSamples") or 0.0) / rate_hz

    group: Dataset = max(dataset.WaveformSequence, key=rank)
    if not rank(group)[0]:
        raise StudyError(
            "E_FORMAT_002",
            "only a median beat, no rhythm recording",
            seen="derived groups only",
            allowed="an original multiplex group",
        )
    return group


def _raw_samples(group: "Dataset", *, big_endian: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the stored samples, shape (n_samples, n_channels), and where they are padding."""
    n_samples, n_channels = (
        int(_number(group, "NumberOfWaveformSamples") or 0),
        int(_number(group, "NumberOfWaveformChannels") or 0),
    )
    if n_samples < 1 or n_channels < 1:
        raise StudyError(
            "E_VALID_001",
            "no number of samples or channels",
            seen=f"{n_samples} samples, {n_channels} channels",
            allowed="at least 1 of each",
        )
    kind = (str(group.get("WaveformSampleInterpretation", "")), int(_number(group, "WaveformBitsAllocated") or 0))
    if kind not in _SAMPLE_TYPES:
        raise StudyError(
            "E_FORMAT_002",
            "unsupported sample type",
            seen=f"{kind[1]} bits a sample",
            allowed="SB, UB, SS, US, SL, UL",
        )
    dtype = np.dtype(_SAMPLE_TYPES[kind])
    data: bytes = group.get("WaveformData") or b""
    needed = n_samples * n_channels * dtype.itemsize
    if len(data) < needed:
        have = len(data) // (n_channels * dtype.itemsize)
        raise StudyError(
            "E_CORRUPT_001",
            "waveform data end early",
            seen=f"{len(data)} bytes, {have} samples per channel",
            allowed=f"{needed} bytes, {n_samples} samples per channel",
        )
    stored = dtype.newbyteorder(">") if big_endian else dtype
    raw = np.frombuffer(data[:needed], dtype=stored).reshape(n_samples, n_channels)
    padding = group.get("WaveformPaddingValue")
    if not isinstance(padding, bytes) or len(padding) < stored.itemsize:
        return raw, np.zeros(raw.shape, dtype=bool)
    return raw, raw == np.frombuffer(padding[: stored.itemsize], dtype=stored)[0]


def _channel_name(channel: "Dataset") -> str:
    source: Any = channel.get("ChannelSourceSequence")
    text = str(source[0].get("CodeMeaning", "")) if source else ""
    return text or str(channel.get("ChannelLabel", ""))


def _in_millivolt(raw: np.ndarray, channels: "list[Dataset]") -> np.ndarray:
    """Return the samples in mV, each channel by its own sensitivity, correction, baseline and unit."""
    scales = np.array([_scale(channel, f"channel {i + 1}") for i, channel in enumerate(channels)])
    return np.asarray(raw * scales[:, 0] + scales[:, 1])


def _scale(channel: "Dataset", where: str) -> tuple[float, float]:
    """Return mV per step and mV at zero of one channel."""
    sensitivity = _number(channel, "ChannelSensitivity")
    if sensitivity is None:
        raise StudyError(
            "E_VALID_001", f"no Channel Sensitivity (003A,0210) at {where}", allowed="a number, with its unit"
        )
    units: Any = channel.get("ChannelSensitivityUnitsSequence")
    unit = str(units[0].get("CodeValue", "")) if units else None
    factor = millivolts_per(unit, where=f"{where}, Channel Sensitivity Units (003A,0211)")
    correction = _number(channel, "ChannelSensitivityCorrectionFactor")
    baseline = _number(channel, "ChannelBaseline") or 0.0
    return sensitivity * (1.0 if correction is None else correction) * factor, baseline * factor
