"""PreparedEcg: a recording ready to be measured, as `preprocess` hands it on.

Belongs here: reading the filtered samples of a short and of a long recording alike. Not here: the filter (display_band.py, long/filter.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.ecg.long.filter import filtered_block
from cardio_dagster.modalities.ecg.signal import EcgQuality, EcgRecord


@dataclass(frozen=True, slots=True)
class PreparedEcg:
    """A recording ready to be measured.

    `signal_mv` is float32 (n_samples, n_leads), finite, 0.5 to 150 Hz at zero phase, ST levels kept; empty (0, n_leads) for a
    long recording, which is filtered where it is looked at: measure through `block_mv`.
    """

    record: EcgRecord
    signal_mv: np.ndarray
    quality: EcgQuality

    def block_mv(self, start: int, stop: int) -> np.ndarray:
        """Return the filtered samples from `start` to `stop` (exclusive), float32 (n, n_leads), finite."""
        if self.record.step_mv is None:
            return self.signal_mv[start:stop]
        return filtered_block(self.record, max(0, start), min(stop, len(self.record.signal_mv)))
