"""The rhythm of the whole recording, from intervals, beat types and the presence of P waves.

Belongs here: one label with its confidence. Not here: statements about rates or intervals (statements.py).
A first version: atrial flutter is not told apart (such records end as afib, other or sinus), nor are blocks.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.signal import EcgStructures
from cardio_dagster.modalities.ecg.trust import CHAOTIC, UNLIKE, distrust

_MIN_BEATS = 4
_PACED_SHARE = 0.3
_PAUSE_S = 2.0
_FAST_BPM, _QUIET = 180.0, 0.15  # beyond both, AF is not told from ventricular tachycardia
_MIN_LIKENESS = 0.75  # median correlation of the beats with their dominant shape; below it they are mostly noise
# logistic regression on the LUDB and CinC 2017 reference sets, not on their held-back parts: irregularity (up to 0.25), P share, constant
_AF_WEIGHTS = (20.0, -2.5, -2.7)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """`label` is sinus, afib, aflutter, paced, other or not_classified; `confidence` 0 to 1, None where not classified.

    `is_chaotic`: ventricular fibrillation or tachycardia cannot be excluded.
    """

    label: str
    confidence: float | None
    irregularity: float | None = None
    p_share: float | None = None
    reason: str | None = None
    is_chaotic: bool = False


def classify_rhythm(found: EcgStructures) -> Rhythm:
    """Return the rhythm.

    Paced where three beats in ten follow a stimulus. Otherwise by the irregularity of the intervals
    between beats that are not ectopic (root mean square of successive changes over the mean interval, each change
    limited to half an interval) and the share of beats with a P wave: irregular without P is atrial fibrillation,
    P before most beats is sinus rhythm, the rest is "other".
    """
    kinds = np.array(found.beat_types)
    doubt = distrust(found)
    if doubt is not None:
        return Rhythm("not_classified", None, reason=doubt, is_chaotic=doubt == CHAOTIC)
    if len(kinds) < _MIN_BEATS:
        return Rhythm("not_classified", None, reason=f"{len(kinds)} beats, at least {_MIN_BEATS} are needed")
    p_share = float(np.isfinite(found.p.onset_s).any(axis=1).mean())
    paced_share = float((kinds == "P").mean())
    irregularity = _irregularity(found.beat_time_s, kinds)
    if float(np.median(found.likeness)) < _MIN_LIKENESS:
        return Rhythm("not_classified", None, irregularity, p_share, UNLIKE)
    if paced_share >= _PACED_SHARE:
        return Rhythm("paced", round(0.7 + 0.3 * paced_share, 2), irregularity, p_share)
    if irregularity is None:
        return Rhythm("not_classified", None, None, p_share, "too few intervals between beats that are not ectopic")
    rhythm = _by_score(irregularity, p_share)
    is_doubtful = rhythm.label == "afib" and _is_fast_without_quiet(found)
    return Rhythm("not_classified", None, irregularity, p_share, CHAOTIC, is_chaotic=True) if is_doubtful else rhythm


def _is_fast_without_quiet(found: EcgStructures) -> bool:
    """Return whether an irregular rhythm is too fast, with too little quiet between beats, to be called fibrillation of the atria."""
    rate_bpm = 60.0 / float(np.diff(found.beat_time_s).mean())
    return rate_bpm > _FAST_BPM and (found.background or 0.0) > _QUIET


def _irregularity(beat_time_s: np.ndarray, kinds: np.ndarray) -> float | None:
    """Return the successive change of the RR intervals over their mean; None with fewer than two changes."""
    rr_s = np.diff(beat_time_s)
    clean = ~np.isin(kinds[:-1], ("V", "S")) & ~np.isin(kinds[1:], ("V", "S"))
    clean &= rr_s <= _PAUSE_S  # a pause or a lost signal is not irregularity
    pairs = clean[:-1] & clean[1:]
    change = np.diff(rr_s)[pairs] / float(np.mean(rr_s))
    if len(change) < 2:
        return None
    return float(np.sqrt((np.clip(change, -0.5, 0.5) ** 2).mean()))


def _by_score(irregularity: float, p_share: float) -> Rhythm:
    by_irregularity, by_p, constant = _AF_WEIGHTS
    af = 1.0 / (1.0 + np.exp(-(by_irregularity * min(irregularity, 0.25) + by_p * p_share + constant)))
    sinus = (1.0 - af) * p_share
    other = (1.0 - af) * (1.0 - p_share)
    label, score = max(
        (("afib", float(af)), ("sinus", float(sinus)), ("other", float(other))), key=lambda pair: pair[1]
    )
    return Rhythm(label, round(score, 2), irregularity, p_share)
