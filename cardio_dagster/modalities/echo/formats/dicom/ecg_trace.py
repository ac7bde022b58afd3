"""R waves of a cine: the times in its header, or the peaks of the short ECG trace stored with it.

Belongs here: R wave times, the ECG of WaveformSequence (DICOM PS3.3 C.10.9) and of the retired Curve
Module (PS3.3-2004 C.10.2). Not here: reading an ECG as such (modalities/ecg), the frame rate (timing.py).
"""

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from cardio_dagster.modalities.echo.clip import RWaves
from cardio_dagster.modalities.echo.formats.elements import number, several

_CURVE_GROUPS = range(0x5000, 0x5020, 2)
_CURVE_PARTS = (0x0005, 0x0010, 0x0020, 0x0030, 0x0103, 0x0112, 0x0114, 0x3000)
TRACE_ELEMENTS = (
    "RWaveTimeVector",
    "WaveformSequence",
    *((group << 16) + part for group in _CURVE_GROUPS for part in _CURVE_PARTS),
)
RATE_HZ_MIN, RATE_HZ_MAX = 50.0, 4000.0  # of a trace in which an R wave can be found
DURATION_S_MAX = 600.0
_REFRACTORY_S = 0.25  # no second R wave within: 240 beats a minute
_QRS_S = 0.02  # over this time the slope of a QRS complex is taken
_CURVE_TYPES = {0: "u2", 1: "i2", 2: "f4", 3: "f8", 4: "i4"}  # CurveData by DataValueRepresentation
NO_R_WAVES = "the header has no R wave times and no ECG trace"


@dataclass(frozen=True, slots=True)
class EcgTrace:
    """A short ECG stored with the cine: `values` (n,) float64 in any unit, equally spaced; `rate_hz`; its element."""

    values: np.ndarray
    rate_hz: float
    source: str

    @property
    def duration_s(self) -> float:
        """Return the time that the samples cover."""
        return len(self.values) / self.rate_hz


def ecg_trace(header: Dataset) -> EcgTrace | None:
    """Return the first ECG of the header with a known sampling rate; None where there is none that can be read."""
    for find in (_from_waveforms, _from_curves):
        try:
            trace = find(header)
        except Exception:  # any element may hold anything; the trace is not needed to read the clip
            trace = None
        if trace is not None and RATE_HZ_MIN <= trace.rate_hz <= RATE_HZ_MAX and trace.duration_s <= DURATION_S_MAX:
            return trace
    return None


def r_waves(header: Dataset, trace: EcgTrace | None, *, duration_s: float | None) -> RWaves:
    """Return the times of the R waves in seconds from the first frame; empty with a reason.

    RWaveTimeVector (0018,6060), in ms, if its times rise and lie within `duration_s`, the time of the
    cine (None: unknown); else the R waves found in `trace`, which is taken to start with the first frame.
    """
    times = _stated(header)
    if len(times) and _fits(times, duration_s):
        return RWaves(times, "RWaveTimeVector (0018,6060)", None)
    if trace is not None:
        found = find_r_waves(trace.values, trace.rate_hz)
        found = found if duration_s is None else found[found <= duration_s]
        if len(found):
            return RWaves(found, trace.source, None)
    reason = "the times of RWaveTimeVector are implausible" if len(times) else NO_R_WAVES
    return RWaves(np.empty(0), None, "no R wave stands out of the ECG trace" if trace is not None else reason)


def find_r_waves(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the times (k,) in seconds of the R waves of a short ECG (n,), in any unit and of either sign.

    The change over 20 ms, squared, is largest in the QRS complex; peaks of it above a quarter of its
    98th percentile of local maxima, 250 ms apart, are moved to the largest deviation from the median
    within 60 ms. Empty where nothing stands out: the peaks are not 8 times the mean of the whole.
    Method: after Pan and Tompkins 1985, doi:10.1109/TBME.1985.325532, without its adaptive thresholds.
    """
    from scipy.signal import find_peaks  # slow to import, and most clips have no trace

    lag = max(round(_QRS_S * rate_hz), 1)
    if len(values) < 10 * lag or not np.isfinite(values).all():
        return np.empty(0)
    steep = np.convolve(np.square(values[lag:] - values[:-lag]), np.ones(lag) / lag, "same")
    distance = max(round(_REFRACTORY_S * rate_hz), 1)
    maxima, _ = find_peaks(np.pad(steep, 1), distance=distance)
    heights = steep[maxima - 1]
    if not len(maxima) or heights.max() < 8 * steep.mean():
        return np.empty(0)
    peaks = (maxima - 1)[heights >= np.percentile(heights, 98) / 4] + lag // 2
    return np.unique([_summit(values, p, rate_hz) for p in peaks]) / rate_hz


def _summit(values: np.ndarray, peak: int, rate_hz: float) -> int:
    reach = round(0.06 * rate_hz)
    start = max(peak - reach, 0)
    near = np.abs(values[start : peak + reach + 1] - np.median(values))
    return start + int(near.argmax())


def _stated(header: Dataset) -> np.ndarray:
    try:
        times = [number(v) for v in several(header.get("RWaveTimeVector"))]
    except Exception:  # as above
        return np.empty(0)
    return np.array([t for t in times if t is not None], np.float64) / 1000


def _fits(times: np.ndarray, duration_s: float | None) -> bool:
    inside = np.isfinite(times).all() and times[0] >= 0 and (np.diff(times) > 0).all()
    return bool(inside and (duration_s is None or times[-1] <= 1.05 * duration_s + 0.1))


def _from_waveforms(header: Dataset) -> EcgTrace | None:
    for group in header.get("WaveformSequence") or ():
        names = [_channel_name(c) for c in group.ChannelDefinitionSequence]
        chosen = next((i for i, name in enumerate(names) if "ECG" in name or "LEAD" in name), None)
        if chosen is None or group.WaveformBitsAllocated not in (8, 16):
            continue
        kind = {"SS": "i2", "US": "u2", "SB": "i1", "UB": "u1"}[group.WaveformSampleInterpretation]
        order = ">" if not header.original_encoding[1] else "<"
        count = int(group.NumberOfWaveformSamples) * int(group.NumberOfWaveformChannels)
        values = np.frombuffer(group.WaveformData, order + kind, count).reshape(-1, len(names))[:, chosen]
        return EcgTrace(values.astype(np.float64), float(group.SamplingFrequency), "WaveformSequence (5400,0100), ECG")
    return None


def _channel_name(channel: Dataset) -> str:
    codes = channel.get("ChannelSourceSequence") or ()
    return " ".join(str(c.get("CodeMeaning", "")) for c in codes).upper()


def _from_curves(header: Dataset) -> EcgTrace | None:
    for group in _CURVE_GROUPS:
        part = {p: header[group, p].value for p in _CURVE_PARTS if (group, p) in header}
        if str(part.get(0x0020, "")).strip() != "ECG":
            continue
        order = ">" if not header.original_encoding[1] else "<"
        data = np.frombuffer(part[0x3000], order + _CURVE_TYPES[int(part[0x0103])])
        values = data.reshape(int(part[0x0010]), -1).T.astype(np.float64)  # one tuple of coordinates a point
        rate_hz = _curve_rate_hz(part, values)
        if rate_hz is not None:
            return EcgTrace(values[-1], rate_hz, f"CurveData ({group:04X},3000), ECG")
    return None


def _curve_rate_hz(part: dict[int, object], values: np.ndarray) -> float | None:
    """Return the samples per second of a curve: of its step in time, or of the times in its first dimension."""
    unit = str(next(iter(several(part.get(0x0030))), "")).strip().upper()
    seconds = {"SEC": 1.0, "SECS": 1.0, "MSEC": 1e-3, "MS": 1e-3}.get(unit)
    steps = [number(v) for v in several(part.get(0x0114))]
    step = steps[0] if steps else None
    if step is None and len(values) == 2:
        step = float(np.median(np.diff(values[0])))
    return 1 / (step * seconds) if seconds and step and step > 0 else None
