"""EcgRecord, PreparedEcg and EcgStructures: what passes between the verbs of the ECG branch.

Belongs here: data without behaviour, made of what a checkpoint can hold. Not here: how any of it is made.
"""

from dataclasses import dataclass

import numpy as np

STANDARD_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
MIN_SAMPLING_RATE_HZ = 50.0
MAX_SAMPLING_RATE_HZ = 4000.0


@dataclass(frozen=True, slots=True)
class DeviceValue:
    """A number that the recording device printed ("PR Interval", 161, "ms"); for comparison, never used as ours."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class EcgRecord:
    """One ECG as it came.

    `signal_mv` is float32 of shape (n_samples, n_leads) in mV; NaN where the file marks a sample as missing.
    `started_at` is ISO 8601 without zone as the file gives it. `device_statements` and `device_values` are what the device said,
    `n_device_texts_left_out` how much of it was not passed on because it may name somebody.
    `patient_sex` is "M", "F" or None; None is "not in the file".
    """

    format: str
    leads: tuple[str, ...]
    signal_mv: np.ndarray
    sampling_rate_hz: float
    started_at: str | None = None
    device_statements: tuple[str, ...] = ()
    device_values: tuple[DeviceValue, ...] = ()
    patient_sex: str | None = None
    age_years: float | None = None
    n_device_texts_left_out: int = 0

    @property
    def duration_s(self) -> float:
        """Return the length of the recording in seconds."""
        return float(len(self.signal_mv) / self.sampling_rate_hz)


@dataclass(frozen=True, slots=True)
class LeadQuality:
    """What one lead is worth: `verdict` is "acceptable", "limited" or "unusable", with the reasons for it.

    Fractions are of the record's time; `noise_mv` is the RMS above 40 Hz (None where the sampling rate is below 100 Hz).
    """

    lead: str
    verdict: str
    missing_fraction: float
    flat_fraction: float
    saturated_fraction: float
    noise_mv: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EcgQuality:
    """The quality of a recording: its verdict and that of each lead, in the order of the leads."""

    verdict: str
    leads: tuple[LeadQuality, ...]

    def usable(self) -> np.ndarray:
        """Return a boolean per lead: True where it can be measured."""
        return np.array([lead.verdict != "unusable" for lead in self.leads], dtype=bool)


@dataclass(frozen=True, slots=True)
class PreparedEcg:
    """A recording ready to be measured.

    `signal_mv` is float32 (n_samples, n_leads), finite, 0.5 to 150 Hz at zero phase, ST levels kept.
    """

    record: EcgRecord
    signal_mv: np.ndarray
    quality: EcgQuality


@dataclass(frozen=True, slots=True)
class WaveTimes:
    """Onset, peak and offset of one kind of wave in seconds, each (n_beats, n_leads); NaN where there is no such wave."""

    onset_s: np.ndarray
    peak_s: np.ndarray
    offset_s: np.ndarray


@dataclass(frozen=True, slots=True)
class EcgStructures:
    """Beats and waves of a recording.

    `beat_time_s` is (n_beats,), ascending; `beat_types` has one letter per beat: N normal or
    conducted as usual, V ventricular extrasystole, S supraventricular extrasystole, P paced, U not
    typed. `likeness` (n_beats,) is the correlation of each beat with the dominant shape, -1 to 1; `background` is the usual size of
    the QRS band over its size at the beats, None without beats. Leads are those of the record; an unusable lead has no waves.
    """

    beat_time_s: np.ndarray
    beat_types: tuple[str, ...]
    likeness: np.ndarray
    background: float | None
    p: WaveTimes
    qrs: WaveTimes
    t: WaveTimes
