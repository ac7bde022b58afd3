"""Whether what was found are heart beats at all, and which intervals between them are whole.

Belongs here: the refusal to measure noise, hum and chaotic rhythms. Not here: finding beats (beats/)
or naming a rhythm (rhythm.py).
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.modalities.ecg.gates import BACKGROUND, BEAT_LIKENESS
from cardio_dagster.modalities.ecg.signal import EcgStructures

CHAOTIC = (
    "no quiet line between the beats: ventricular fibrillation or tachycardia cannot be excluded, nor interference"
)
UNLIKE = "the beats differ too much from each other: noise, or a chaotic rhythm"


def distrust(found: EcgStructures) -> str | None:
    """Return why the beats cannot be measured, None where they can or where there are none."""
    if not len(found.beat_time_s):
        return None
    if not BACKGROUND.judge(found.background).passed:
        return CHAOTIC
    return None if BEAT_LIKENESS.judge(float(np.median(found.likeness))).passed else UNLIKE


def without_types(found: EcgStructures) -> EcgStructures:
    """Return the structures with no beat typed, where their beats are not to be trusted; else unchanged."""
    return found if distrust(found) is None else replace(found, beat_types=("U",) * len(found.beat_types))


def intact_rr_s(beat_time_s: np.ndarray, lost_s: np.ndarray) -> np.ndarray:
    """Return the interval from each beat to the next in seconds, (n_beats - 1,); NaN where the signal was lost in between.

    `beat_time_s` is ascending; `lost_s` (n, 2) are start and end of the stretches without signal, ascending.
    """
    rr_s = np.diff(beat_time_s).astype(np.float64)
    begun = np.searchsorted(lost_s[:, 0], beat_time_s[1:], side="left")
    ended = np.searchsorted(lost_s[:, 1], beat_time_s[:-1], side="right")
    rr_s[begun > ended] = np.nan
    return np.asarray(rr_s)
