"""Electrodes of the limbs exchanged.

Belongs here: what the limb leads look like beside V5 and V6. Not here: names and signs of single leads (limb.py).

Seen: left arm with right arm, right arm with left leg, either arm with the right leg. Not seen without an earlier ECG: left arm
with left leg (it looks like another axis), left leg with right leg (it changes nothing).
"""

import numpy as np

from cardio_dagster.modalities.ecg.lead_checks.problem import LeadProblem

MARGIN = 0.3  # LUDB, exchanged by computing: 135 and 136 of 138 LA/RA and RA/LL found, no unchanged record named
_QUIET = 0.15  # span of the lead over the larger of the two others; LUDB: at least 0.32 in II, 0.28 in III
_USUAL = (("I", 1.0), ("II", 1.0), ("aVR", -1.0))
# what I, II and aVR would be with the electrodes where they belong
_UNDONE = {
    "left arm and right arm": (("I", -1.0), ("III", 1.0), ("aVL", -1.0)),
    "right arm and left leg": (("III", -1.0), ("II", -1.0), ("aVF", -1.0)),
}
LIMBS = ("I", "II", "III", "aVR", "aVL", "aVF")


def electrode_problems(likeness: np.ndarray, span_mv: np.ndarray, leads: tuple[str, ...]) -> tuple[LeadProblem, ...]:
    """Return exchanged limb electrodes; nothing without all six limb leads and V5 or V6.

    `likeness` (2, n, n): correlation of each two leads, as they are and of their changes. I and II run with V5 and V6, aVR
    against them. Where undoing an exchange makes them agree better by more than MARGIN (mean of six correlations), it is
    named. Dextrocardia looks like arms exchanged, V1 to V6 in reverse order like either; they are named with them.
    """
    at = {lead: i for i, lead in enumerate(leads)}
    chest = [at[lead] for lead in ("V5", "V6") if lead in at]
    if not chest or any(lead not in at for lead in LIMBS):
        return ()
    quiet = _quiet(span_mv, at)
    if quiet:
        return quiet
    usual = _agreement(likeness, at, chest, _USUAL)
    better = {name: _agreement(likeness, at, chest, undone) - usual for name, undone in _UNDONE.items()}
    name = max(better, key=lambda key: better[key])
    if better[name] < MARGIN:
        return ()
    other = ", or the heart lies on the right" if name.startswith("left arm") else ""
    text = f"Electrodes of {name} may be exchanged, or V1 to V6 are in reverse order{other}"
    return (LeadProblem("ECG_LEADS_LIMBS", text, LIMBS, round(min(0.95, 0.65 + 0.25 * better[name]), 2)),)


def _agreement(
    likeness: np.ndarray, at: dict[str, int], chest: list[int], undone: tuple[tuple[str, float], ...]
) -> float:
    """Return the mean correlation of the three leads, each with the sign it should have, with the nearer of V5 and V6."""
    return float(np.mean([(sign * likeness[:, at[lead], chest]).max(axis=1).mean() for lead, sign in undone]))


def _quiet(span_mv: np.ndarray, at: dict[str, int]) -> tuple[LeadProblem, ...]:
    """Return an arm electrode exchanged with the right leg: the lead between the two legs shows next to nothing."""
    for lead, arm, others in (("II", "right arm", ("I", "III")), ("III", "left arm", ("I", "II"))):
        if span_mv[at[lead]] < _QUIET * max(span_mv[at[other]] for other in others):
            text = f"Electrodes of {arm} and right leg may be exchanged: lead {lead} shows next to nothing"
            return (LeadProblem("ECG_LEADS_LIMBS", text, LIMBS, 0.85),)
    return ()
