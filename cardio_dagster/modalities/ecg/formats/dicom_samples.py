"""Samples of a DICOM multiplex group: stored numbers, padding, and mV.

Belongs here: sample types and the scale of a channel (PS3.3 C.10.9.1.4). Not here: which group is read (dicom.py).
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.leads import checked_step, millivolts_per

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MOST_BASELINE_MV = 1e6
# Waveform Sample Interpretation (5400,1006) -> NumPy type; MB and AB (mu-law, A-law) are audio
_SAMPLE_TYPES = {
    ("SB", 8): "i1",
    ("UB", 8): "u1",
    ("SS", 16): "<i2",
    ("US", 16): "<u2",
    ("SL", 32): "<i4",
    ("UL", 32): "<u4",
}


def number(item: "Dataset", keyword: str) -> float | None:
    """Return a numeric value, or None where it is absent or no finite number."""
    try:
        value = float(item.get(keyword))
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def raw_samples(group: "Dataset", *, big_endian: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the stored samples, shape (n_samples, n_channels), and where they are padding."""
    n_samples, n_channels = (
        int(number(group, "NumberOfWaveformSamples") or 0),
        int(number(group, "NumberOfWaveformChannels") or 0),
    )
    if n_samples < 1 or n_channels < 1:
        raise StudyError(
            "E_VALID_001",
            "no number of samples or channels",
            seen=f"{n_samples} samples, {n_channels} channels",
            allowed="at least 1 of each",
        )
    kind = (str(group.get("WaveformSampleInterpretation", "")), int(number(group, "WaveformBitsAllocated") or 0))
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


def in_millivolt(raw: np.ndarray, channels: "list[Dataset]") -> np.ndarray:
    """Return the samples in mV, each channel by its own sensitivity, correction, baseline and unit."""
    scales = np.array([_scale(channel, f"channel {i + 1}") for i, channel in enumerate(channels)])
    return np.asarray(raw * scales[:, 0] + scales[:, 1])


def _scale(channel: "Dataset", where: str) -> tuple[float, float]:
    """Return mV per step and mV at zero of one channel."""
    sensitivity = number(channel, "ChannelSensitivity")
    if sensitivity is None:
        raise StudyError(
            "E_VALID_001", f"no Channel Sensitivity (003A,0210) at {where}", allowed="a number, with its unit"
        )
    units: Any = channel.get("ChannelSensitivityUnitsSequence")
    unit = str(units[0].get("CodeValue", "")) if units else None
    factor = millivolts_per(unit, where=f"{where}, Channel Sensitivity Units (003A,0211)")
    correction = number(channel, "ChannelSensitivityCorrectionFactor")
    baseline = number(channel, "ChannelBaseline") or 0.0
    step_mv = checked_step(
        sensitivity * (1.0 if correction is None else correction) * factor, where=f"{where}, Channel Sensitivity"
    )
    if not abs(baseline * factor) <= _MOST_BASELINE_MV:
        raise StudyError("E_VALID_002", f"the Channel Baseline of {where} is not possible", allowed="1e6 mV either way")
    return step_mv, baseline * factor
