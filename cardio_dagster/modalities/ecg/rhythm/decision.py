"""What the model's probabilities and the evidence of a window come to.

Belongs here: thresholds and rules of one window. Not here: measuring, or the whole recording (classify.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.rhythm.atrial import ATRIAL_FEATURES, Atrial
from cardio_dagster.modalities.ecg.rhythm.features import Stretch
from cardio_dagster.modalities.ecg.rhythm.model import AFIB, CLASSES, NOISE, OTHER, SINUS
from cardio_dagster.modalities.ecg.rhythm.windows import Window
from cardio_dagster.modalities.ecg.trust import CHAOTIC

AFIB_THRESHOLD = 0.4  # about the best F1 on CinC 2017 out of fold (python -m training.ecg_rhythm.evaluate DATA)
_PACED_SHARE = 0.3
_STANDSTILL_S, _STANDSTILL_SHARE = 3.0, 0.25  # of the window
_FAST_BPM, _QUIET = 180.0, 0.15  # beyond both, fibrillation of the atria is not told from ventricular tachycardia
_NO_P, _F_TO_FAST, _F_TO_QRS = 0.15, 1.2, -3.8  # mean probability of P; logarithms of size ratios
# typical flutter: 230 to 350 waves a minute, one frequency, larger than noise, and P waves that do not repeat
_FLUTTER_HZ, _FLUTTER_SHARE, _FLUTTER_TO_QRS, _FLUTTER_P, _FLUTTER_LEADS = (3.8, 5.9), 0.6, -3.6, 0.4, 3


@dataclass(frozen=True, slots=True)
class Decision:
    """The label of one window, how sure it is (None where not classified), and why."""

    label: str
    confidence: float | None
    reason: str | None = None
    f_wave_hz: float | None = None
    is_chaotic: bool = False


def decide(window: Window) -> Decision:
    """Return the label of a window.

    Fibrillation at a probability of 0.4 or more, else the likeliest; "noise" is not classified. Where beats are paced and the atria
    fibrillate, fibrillation is the label and the reason names both. Not classified where no beat comes for 3 s and a quarter of the time, whatever the P waves do.
    """
    if window.silence_s >= max(_STANDSTILL_S, _STANDSTILL_SHARE * window.length_s):
        reason = f"no beat for {window.silence_s:.1f} s: standstill of the ventricles, or the signal was lost"
        return Decision("not_classified", None, reason)
    if window.probability is None:
        return Decision("not_classified", None, f"{len(window.stretch.beat_time_s)} beats are too few")
    paced_share = float((window.stretch.kinds == "P").mean())
    is_paced = paced_share >= _PACED_SHARE
    afib = float(window.probability[AFIB])
    if is_paced and afib < AFIB_THRESHOLD:
        return Decision("paced", round(0.7 + 0.3 * paced_share, 2), f"{100 * paced_share:.0f} % of the beats are paced")
    pacing = f"; {100 * paced_share:.0f} % of the beats are paced" if is_paced else ""
    if window.atrial is not None and is_flutter(window.atrial):
        return _flutter(window.atrial, pacing)
    if afib >= AFIB_THRESHOLD:
        return _fibrillation(window, afib, pacing)
    return _without_p(window) or _likeliest(window.probability)


def _without_p(window: Window) -> Decision | None:
    """Return the label of a regular rhythm without P waves; None where there are P waves, or it is not known.

    Fibrillation (under a block or a pacemaker whose stimuli are not seen) where three leads or more show waves well above the noise, else "other": what
    has no P wave is never called sinus rhythm. A rule of physiology: one such fibrillation is in the reference data.
    """
    p = window.stretch.p_probability[np.isfinite(window.stretch.p_probability)]
    if window.probability is None or not len(p) or float(p.mean()) > _NO_P or np.argmax(window.probability) == NOISE:
        return None
    if window.atrial is not None and window.atrial.n_leads >= _FLUTTER_LEADS:
        value = dict(zip(ATRIAL_FEATURES, window.atrial.features.tolist(), strict=True))
        if value["log_f_to_fast"] >= _F_TO_FAST and value["log_f_to_qrs"] >= _F_TO_QRS:
            hz = round(window.atrial.f_wave_hz, 1)
            return Decision(
                "afib", AFIB_THRESHOLD, "regular beats without P waves, waves of the atria between them", hz
            )
    other = float(window.probability[OTHER] + window.probability[SINUS])
    return Decision("other", round(other, 2), "no P waves")


def is_flutter(atrial: Atrial) -> bool:
    """Return whether three leads or more show the waves of typical flutter.

    A rule of physiology, not learnt: one labelled flutter is in the reference data. Flutter in fixed conduction, where each
    beat hides the same waves, is not seen by it.
    """
    value = dict(zip(ATRIAL_FEATURES, atrial.features.tolist(), strict=True))
    return (
        _FLUTTER_HZ[0] <= atrial.f_wave_hz <= _FLUTTER_HZ[1]
        and value["f_share"] >= _FLUTTER_SHARE
        and value["log_f_to_qrs"] >= _FLUTTER_TO_QRS
        and value["bump_repeats"] < _FLUTTER_P
        and atrial.n_leads >= _FLUTTER_LEADS
    )


def _flutter(atrial: Atrial, pacing: str) -> Decision:
    hz = atrial.f_wave_hz
    share = float(atrial.features[ATRIAL_FEATURES.index("f_share")])
    reason = f"waves at {60 * hz:.0f}/min of one frequency between the beats{pacing}"
    return Decision("aflutter", round(min(0.9, share), 2), reason, round(hz, 1))


def _fibrillation(window: Window, afib: float, pacing: str) -> Decision:
    if _is_fast_without_quiet(window.stretch):
        return Decision("not_classified", None, CHAOTIC, is_chaotic=True)
    hz = None if window.atrial is None else round(window.atrial.f_wave_hz, 1)
    return Decision("afib", round(afib, 2), f"irregular intervals or no P waves that repeat{pacing}", hz)


def _likeliest(probability: np.ndarray) -> Decision:
    rest = np.where(np.arange(len(probability)) == AFIB, 0.0, probability)
    best = int(np.argmax(rest))
    if best == NOISE:
        return Decision("not_classified", None, f"probably noise ({rest[NOISE]:.2f})")
    return Decision(CLASSES[best], round(float(rest[best]), 2))


def _is_fast_without_quiet(stretch: Stretch) -> bool:
    """Return whether the beats are too fast, with too little quiet between them, to be called fibrillation of the atria."""
    rate_bpm = 60.0 / float(np.diff(stretch.beat_time_s).mean())
    return rate_bpm > _FAST_BPM and float(np.nan_to_num(stretch.background)) > _QUIET
