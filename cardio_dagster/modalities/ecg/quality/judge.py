"""From figures per second to flaws, and from flaws to verdicts.

Belongs here: the limits. Not here: measuring the signal (seconds.py) or the gates of the branch (gates.py).
"""

from collections.abc import Sequence
from math import ceil, isnan
from typing import Any

import numpy as np

from cardio_dagster.modalities.ecg.middle import row_median
from cardio_dagster.modalities.ecg.quality.mains import FREQUENCIES_HZ
from cardio_dagster.modalities.ecg.quality.rails import FLAT_MV
from cardio_dagster.modalities.ecg.quality.seconds import SecondFigures
from cardio_dagster.modalities.ecg.signal import EcgQuality, Flaw, LeadQuality

_MISSING, _AT_RAIL = 0.1, 0.05  # part of the samples of a second
_OFF_MV, _OFF_MAINS_MV = 1.0, 0.5  # a flat line so far from zero, or so much mains: an electrode hangs in the air
_WANDER_MV = 0.5  # step of the baseline from one second to the next
_MAINS_MV, _MUSCLE_MV = 0.025, 0.05
_MOTION_MV, _MOTION_TIMES = 3.0, 3.0  # both beyond: larger than any extrasystole beside its neighbours
UNREST = (
    0.3  # CinC 2017: 9 of 10 normal recordings stay below 0.24 for 9 of 10 seconds; LUDB: 99 of 100 leads below 0.31
)
_GOOD_LEADS = 0.75
# (text, limited above, unusable above); parts of the samples for the first three, of the seconds for the rest. Unrest never
# makes a lead unusable: ventricular fibrillation looks like it and must reach the reader.
_LIMITS = (
    ("missing samples", "missing_fraction", 0.02, 0.5),
    ("flat line", "flat_fraction", 0.1, 0.7),
    ("saturated", "saturated_fraction", 0.01, 0.2),
    ("lead off", "lead_off_fraction", 0.1, 0.5),
    ("baseline wander", "baseline_fraction", 0.1, np.inf),
    ("mains", "mains_fraction", 0.25, np.inf),
    ("noise", "muscle_fraction", 0.25, np.inf),
    ("motion", "motion_fraction", 0.1, np.inf),
    ("no quiet line between beats", "unrest_fraction", 0.25, np.inf),
)
_SHARES = (
    ("flat_fraction", Flaw.FLAT),
    ("lead_off_fraction", Flaw.LEAD_OFF),
    ("baseline_fraction", Flaw.BASELINE),
    ("mains_fraction", Flaw.MAINS),
    ("muscle_fraction", Flaw.MUSCLE),
    ("motion_fraction", Flaw.MOTION),
    ("unrest_fraction", Flaw.UNREST),
)
_MAINS_SHARE = 0.25
_MAINS_HZ = np.array(FREQUENCIES_HZ)
_NOISE_MV = 0.4  # usual RMS above 40 Hz; unusable beyond


def judge_seconds(leads: tuple[str, ...], parts: Sequence[SecondFigures]) -> EcgQuality:
    """Return the quality of a recording from the figures of its blocks, in their order; at least one block.

    The recording is unusable when all leads are, limited when one lead or more is not acceptable in a quarter of them.
    `flags` marks the flaws of each second of each lead, see Flaw.
    """
    figures = parts[0] if len(parts) == 1 else _joined(parts)
    flags = _flags(figures)
    rows = _rows(figures, flags)
    judged = tuple(_judge(name, {key: values[i] for key, values in rows.items()}) for i, name in enumerate(leads))
    return EcgQuality(_overall(judged), judged, np.ascontiguousarray(flags.T), figures.second_s)


def _joined(parts: Sequence[SecondFigures]) -> SecondFigures:
    names = ("missing", "at_rail", "span_mv", "level_mv", "noise_mv", "unrest", "mains_mv")
    joined = {name: np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in names}
    return SecondFigures(**joined, second_s=parts[0].second_s)


def _flags(figures: SecondFigures) -> np.ndarray:
    """Return the flaws of each second, int16 (n_leads, n_seconds)."""
    flat = figures.span_mv < FLAT_MV
    usual_mv = row_median(figures.span_mv)[:, None]
    step_mv = np.abs(np.diff(figures.level_mv, axis=1, prepend=figures.level_mv[:, :1]))
    mains = figures.mains_mv.max(axis=0)
    found = (
        (Flaw.MISSING, figures.missing > _MISSING),
        (Flaw.FLAT, flat),
        (Flaw.SATURATED, figures.at_rail > _AT_RAIL),
        (Flaw.LEAD_OFF, (flat & (np.abs(figures.level_mv) > _OFF_MV)) | (mains > _OFF_MAINS_MV)),
        (Flaw.BASELINE, step_mv > _WANDER_MV),
        (Flaw.MAINS, mains > _MAINS_MV),
        (Flaw.MUSCLE, figures.noise_mv > _MUSCLE_MV),
        (Flaw.MOTION, figures.span_mv > np.maximum(_MOTION_MV, _MOTION_TIMES * usual_mv)),
        (Flaw.UNREST, figures.unrest > UNREST),
    )
    flags = np.zeros(flat.shape, dtype=np.int16)
    for flaw, there in found:
        flags += there * np.int16(flaw)
    return flags


def _rows(figures: SecondFigures, flags: np.ndarray) -> dict[str, list[float]]:
    """Return the figures of the whole recording, one number per lead under each name."""
    rows = {
        "missing_fraction": figures.missing.mean(axis=1),
        "saturated_fraction": figures.at_rail.mean(axis=1),
        "noise_mv": row_median(figures.noise_mv),
        "unrest": _high(figures.unrest),
    }
    rows |= {name: (flags & np.int16(flaw) != 0).mean(axis=1) for name, flaw in _SHARES}
    mains = (figures.mains_mv > 0.0).mean(axis=2)
    rows["mains_hz"] = np.where(mains.max(axis=0) > _MAINS_SHARE, _MAINS_HZ[mains.argmax(axis=0)], np.nan)
    table = np.array(list(rows.values())).round(4).tolist()
    return dict(zip(rows, table, strict=True))


def _high(values: np.ndarray) -> np.ndarray:
    """Return per lead the value that one second in ten exceeds (numpy.percentile costs more than all the rest)."""
    at = ceil(0.9 * (values.shape[1] - 1))
    return np.asarray(np.partition(values, at, axis=1)[:, at])


def _judge(name: str, row: dict[str, float]) -> LeadQuality:
    reasons = tuple(_spoken(text, row) for text, key, limited, _ in _LIMITS if row[key] > limited)
    is_unusable = row["noise_mv"] > _NOISE_MV or any(row[key] > unusable for _, key, _, unusable in _LIMITS)
    verdict = "unusable" if is_unusable else "limited" if reasons else "acceptable"
    there: dict[str, Any] = {key: None if isnan(value) else value for key, value in row.items()}
    return LeadQuality(lead=name, verdict=verdict, reasons=reasons, **there)


def _spoken(text: str, row: dict[str, float]) -> str:
    """Return the reason; the mains with its frequency."""
    return f"mains {row['mains_hz']:g} Hz" if text == "mains" and not isnan(row["mains_hz"]) else text


def _overall(leads: tuple[LeadQuality, ...]) -> str:
    good = sum(lead.verdict == "acceptable" for lead in leads)
    if all(lead.verdict == "unusable" for lead in leads):
        return "unusable"
    return "acceptable" if good >= _GOOD_LEADS * len(leads) else "limited"
