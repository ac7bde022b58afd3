"""Samples, and whole recordings, that no heart can make.

Belongs here: finding them and saying so. Not here: missing samples of a file, or the quality of a lead (judge.py).
"""

import numpy as np

from cardio_dagster.errors import problem
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.outcome import Problem

IMPOSSIBLE_MV = 20.0  # four times the highest QRS
ARTEFACT_SHARE = 0.01
_LOOKED_AT_S = 60.0


def without_impossible(signal_mv: np.ndarray, *, limit_mv: float | None = None) -> tuple[np.ndarray, int]:
    """Return the signal with samples beyond 20 mV as NaN, and how many there were.

    A lead with more than 1 % of them has an offset (electrodes drift) or is damaged, and keeps what lies within `limit_mv`
    (None: all); what it is worth is left to the other checks.
    """
    size_mv = np.abs(signal_mv)
    if not float(np.fmax.reduce(size_mv, axis=None, initial=0.0)) > IMPOSSIBLE_MV:
        return signal_mv, 0
    beyond = size_mv > IMPOSSIBLE_MV
    beyond &= beyond.mean(axis=0) <= ARTEFACT_SHARE
    if limit_mv is not None:
        beyond |= size_mv > limit_mv
    count = int(beyond.sum())
    return (np.where(beyond, np.float32(np.nan), signal_mv), count) if count else (signal_mv, 0)


def impossible(count: int) -> tuple[Problem, ...]:
    """Return what is said of so many samples left out; nothing of none."""
    if not count:
        return ()
    return (
        problem(
            "E_QUALITY_002",
            "samples that no heart can make were left out as missing",
            seen=f"{count} samples",
            allowed=f"{IMPOSSIBLE_MV:g} mV either way",
            modality="ecg",
        ),
    )


def wrong_unit(prepared: PreparedEcg) -> Problem | None:
    """Return the refusal of a recording whose every second spans more than a heart can make: its unit is wrong; None where it is possible.

    The usual span of a second in the middle minute, of the usual one of the usable leads, baseline removed.
    """
    rate_hz, n_samples = prepared.record.sampling_rate_hz, len(prepared.record.signal_mv)
    half = round(min(_LOOKED_AT_S * rate_hz, n_samples) / 2)
    block_mv = prepared.block_mv(max(0, n_samples // 2 - half), n_samples // 2 + half)[:, prepared.quality.usable()]
    second = round(rate_hz)
    n_seconds = len(block_mv) // second
    if not n_seconds or block_mv.max() - block_mv.min() <= IMPOSSIBLE_MV:  # the usual case, without slow spans
        return None
    spans_mv = np.ptp(block_mv[: n_seconds * second].reshape(n_seconds, second, -1), axis=1)
    usual_mv = float(np.median(np.median(spans_mv, axis=0)))
    if usual_mv <= IMPOSSIBLE_MV:
        return None
    return problem(
        "E_VALID_002",
        "voltages are not possible for an ECG; the unit is probably wrong",
        seen=f"{usual_mv:.0f} mV peak to peak in most seconds",
        allowed=f"{IMPOSSIBLE_MV:g} mV",
        modality="ecg",
    )
