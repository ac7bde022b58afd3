"""The direction of P, QRS and T in the frontal plane.

Belongs here: axes from limb leads. Not here: what counts as deviation (statements/).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.measuring.median_beat import MedianBeat

NO_LEADS = "leads I and II, or I and aVF, are needed, usable and with edges of the QRS"
INDETERMINATE = "indeterminate: the areas above and below the line are equal in all limb leads"
_CLEAR = 0.1  # net area over whole area below which a direction means nothing


@dataclass(frozen=True, slots=True)
class Axis:
    """A direction in degrees, -180 to 180 (0 is lead I, 90 is aVF), or None with the reason."""

    deg: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Axes:
    """The axes of the three waves, and the angle between QRS and T (0 to 180)."""

    p: Axis
    qrs: Axis
    t: Axis

    @property
    def qrs_t_deg(self) -> float | None:
        """Return the frontal QRS-T angle; None without one of the axes."""
        if self.qrs.deg is None or self.t.deg is None:
            return None
        apart = abs(self.qrs.deg - self.t.deg)
        return min(apart, 360.0 - apart)


def measure_axes(beat: MedianBeat, leads: tuple[str, ...]) -> Axes:
    """Return the axes from the net areas in leads I and II, or I and aVF where II is not there.

    Areas count from the level at QRS onset; for P, which may ride on a T wave, from the line between its edges.
    """
    there = {lead for lead, has_qrs in zip(leads, beat.lead_has_qrs, strict=True) if has_qrs}
    second = next((name for name in ("II", "aVF") if name in there), None)
    if "I" not in there or second is None:
        return Axes(*(Axis(None, NO_LEADS) for _ in range(3)))
    limb_mv = beat.signal_mv[:, [leads.index("I"), leads.index(second)]]
    x = limb_mv[:, 0]
    y = (2.0 * limb_mv[:, 1] - x) / np.sqrt(3.0) if second == "II" else limb_mv[:, 1] * 2.0 / np.sqrt(3.0)
    plane_mv = np.column_stack((x, y))
    t_on = beat.t_on if beat.t_on is not None else beat.qrs_off + beat.samples(0.08)
    return Axes(
        _direction(_above_own_line(plane_mv, beat.p_on, beat.p_off), "no P wave"),
        _direction(_between(plane_mv, beat.qrs_on, beat.qrs_off), "no QRS"),
        _direction(_between(plane_mv, t_on, beat.t_off), "no T wave"),
    )


def _between(plane_mv: np.ndarray, start: int | None, stop: int | None) -> np.ndarray | None:
    return None if start is None or stop is None or stop <= start else plane_mv[start : stop + 1]


def _above_own_line(plane_mv: np.ndarray, start: int | None, stop: int | None) -> np.ndarray | None:
    wave = _between(plane_mv, start, stop)
    if wave is None:
        return None
    part = np.linspace(0.0, 1.0, len(wave))[:, None]
    return np.asarray(wave - (wave[:1] * (1.0 - part) + wave[-1:] * part))


def _direction(wave_mv: np.ndarray | None, absent: str) -> Axis:
    if wave_mv is None:
        return Axis(None, absent)
    net = wave_mv.sum(axis=0)
    if np.hypot(*net) <= _CLEAR * np.hypot(*np.abs(wave_mv).sum(axis=0)):
        return Axis(None, INDETERMINATE)
    return Axis(float(np.degrees(np.arctan2(net[1], net[0]))))
