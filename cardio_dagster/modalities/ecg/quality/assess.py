"""The quality of a recording that is held whole.

Belongs here: the one call for short recordings. Not here: figures (seconds.py) or limits (judge.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.quality.judge import judge_seconds
from cardio_dagster.modalities.ecg.quality.seconds import measure_seconds
from cardio_dagster.modalities.ecg.signal import EcgQuality, EcgRecord


def assess(record: EcgRecord, filled_mv: np.ndarray) -> EcgQuality:
    """Return the quality per lead, per second and of the whole.

    `filled_mv` is the signal with its missing samples bridged, shape (n_samples, n_leads). For a recording in blocks call
    `measure_seconds` with each and `judge_seconds` once with all they gave.
    """
    missing = np.isnan(record.signal_mv) if np.isnan(record.signal_mv.min()) else None
    return judge_seconds(record.leads, (measure_seconds(filled_mv, missing, sampling_rate_hz=record.sampling_rate_hz),))
