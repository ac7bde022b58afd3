"""EcgRecord, EcgQuality and EcgStructures: what passes between the verbs of the ECG branch.

Belongs here: data without behaviour, made of what a checkpoint can hold. Not here: how any of it is made, or PreparedEcg, which filters
as it is read (prepared.py).
"""

from dataclasses import dataclass, field
from enum import IntFlag

import numpy as np

STANDARD_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
MIN_SAMPLING_RATE_HZ = 50.0
MAX_SAMPLING_RATE_HZ = 4000.0
LONG_S = 900.0  # longer recordings are held as int16 and measured in blocks
MISSING = -32768


@dataclass(frozen=True, slots=True)
class DeviceValue:
    """A number that the recording device printed ("PR Interval", 161, "ms"); for comparison, never used as ours."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class EcgRecord:
    """One ECG as it came.

    `signal_mv` is float32 of shape (n_samples, n_leads) in mV; NaN where the file marks a sample as missing. A long recording
    holds int16 in steps of `step_mv` instead, MISSING where there is no sample; `block_mv` reads both alike. Where it was thinned,
    `original_rate_hz` is the rate of the file (None: `sampling_rate_hz` is). `stimulus_s` (n,) are the times of pacemaker spikes seen
    while a long recording was read (None: a short one, or a rate below 400 Hz, which does not show them).
    `started_at` is ISO 8601 without zone as the file gives it. `device_statements` and `device_values` are what the device said,
    `n_device_texts_left_out` how much of it was not passed on because it may name somebody.
    `patient_sex` is "M", "F" or None; None is "not in the file". `notes` say what the reader did to the samples: leads calculated,
    a calibration pulse left out.
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
    step_mv: float | None = None
    original_rate_hz: float | None = None
    stimulus_s: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def block_mv(self, start: int, stop: int) -> np.ndarray:
        """Return the samples from `start` to `stop` (exclusive) as float32 in mV, NaN where missing, (n, n_leads)."""
        block = self.signal_mv[start:stop]
        if self.step_mv is None:
            return block
        block_mv = block.astype(np.float32) * np.float32(self.step_mv)
        block_mv[block == MISSING] = np.nan
        return block_mv

    @property
    def duration_s(self) -> float:
        """Return the length of the recording in seconds."""
        return float(len(self.signal_mv) / self.sampling_rate_hz)


class Flaw(IntFlag):
    """What is wrong with a second of a lead; flaws add up."""

    MISSING = 1  # a tenth of the samples or more
    FLAT = 2
    SATURATED = 4
    LEAD_OFF = 8
    BASELINE = 16  # it wanders
    MAINS = 32
    MUSCLE = 64  # noise above 40 Hz
    MOTION = 128  # far larger than the seconds around it
    UNREST = 256  # no quiet line between the beats


UNREADABLE = Flaw.MISSING | Flaw.FLAT | Flaw.SATURATED | Flaw.LEAD_OFF | Flaw.MOTION


@dataclass(frozen=True, slots=True)
class LeadQuality:
    """What one lead is worth: `verdict` is "acceptable", "limited" or "unusable", with the reasons for it.

    `missing_fraction` and `saturated_fraction` are of the samples, the others of the seconds. `noise_mv` is the usual RMS above
    40 Hz between the beats (None where the sampling rate is below 100 Hz), `mains_hz` 50 or 60 where it stands out. `unrest` is
    the QRS band between the beats over that at the beats, 0 to 1, a value that one second in ten exceeds: the figure that tells
    noise from an ECG.
    """

    lead: str
    verdict: str
    missing_fraction: float
    flat_fraction: float
    saturated_fraction: float
    noise_mv: float | None
    reasons: tuple[str, ...] = ()
    lead_off_fraction: float = 0.0
    baseline_fraction: float = 0.0
    mains_fraction: float = 0.0
    muscle_fraction: float = 0.0
    motion_fraction: float = 0.0
    unrest_fraction: float = 0.0
    mains_hz: float | None = None
    unrest: float = 0.0


@dataclass(frozen=True, slots=True)
class EcgQuality:
    """The quality of a recording: its verdict and that of each lead, in the order of the leads.

    `flags` is int16 (n_seconds, n_leads), a sum of Flaw per second of `second_s`; a rest of less than a second has no row.
    """

    verdict: str
    leads: tuple[LeadQuality, ...]
    flags: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int16))
    second_s: float = 1.0

    def usable(self) -> np.ndarray:
        """Return a boolean per lead: True where it can be measured."""
        return np.array([lead.verdict != "unusable" for lead in self.leads], dtype=bool)

    def usable_seconds(self) -> np.ndarray:
        """Return which seconds can be measured, bool (n_seconds, n_leads); noise alone leaves a second usable."""
        return np.asarray((self.flags & UNREADABLE.value) == 0)


@dataclass(frozen=True, slots=True)
class WaveTimes:
    """Onset, peak and offset of one kind of wave in seconds, each (n_beats, n_leads); NaN where there is no such wave."""

    onset_s: np.ndarray
    peak_s: np.ndarray
    offset_s: np.ndarray


@dataclass(frozen=True, slots=True)
class Beats:
    """QRS complexes over all leads: when, what kind (N, S, V, U), how alike the dominant shape, and how sure, each (n_beats,).

    `background` is the usual size of the QRS band over its size at the beats, None without beats.
    """

    time_s: np.ndarray
    types: tuple[str, ...]
    likeness: np.ndarray
    probability: np.ndarray
    background: float | None


@dataclass(frozen=True, slots=True)
class Delineation:
    """Edges of the three waves in seconds, and per beat (n_beats,) the probability that a P wave precedes it."""

    p: WaveTimes
    qrs: WaveTimes
    t: WaveTimes
    p_probability: np.ndarray


@dataclass(frozen=True, slots=True)
class EcgStructures:
    """Beats and waves of a recording.

    `beat_time_s` is (n_beats,), ascending; `beat_types` has one letter per beat: N normal or
    conducted as usual, V ventricular extrasystole, S supraventricular extrasystole, P paced, U not
    typed. `likeness` (n_beats,) is the correlation of each beat with the dominant shape, -1 to 1; `background` is the usual size of
    the QRS band over its size at the beats, None without beats. `beat_probability` and `p_probability` (n_beats,) say how sure
    it is that there is a beat, and a P wave before it. Leads are those of the record; an unusable lead has no waves. In a long
    recording only 12 s of every 5 min are delineated; waves and `p_probability` are NaN elsewhere. `lost_s` (n, 2) are start and
    end of the stretches without signal in any usable lead: no beat there is no pause.
    """

    beat_time_s: np.ndarray
    beat_types: tuple[str, ...]
    likeness: np.ndarray
    beat_probability: np.ndarray
    p_probability: np.ndarray
    background: float | None
    p: WaveTimes
    qrs: WaveTimes
    t: WaveTimes
    lost_s: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
