"""Voltages as int16 in steps as fine as their range allows.

Belongs here: packing block after block, and what cannot be packed. Not here: reading blocks (read.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.quality.impossible import without_impossible
from cardio_dagster.modalities.ecg.signal import MISSING

OFFSET_MV = 300.0  # what electrodes may add (IEC 60601-2-47); nothing beyond it comes from a patient
_STEPS_MV = (0.001, 0.002, 0.005, 0.01)
_LARGEST = 32767


class Packer:
    """An int16 array (n_samples, n_leads) that is filled block by block, from its beginning to its end.

    `step_mv` begins at 1 uV and grows where a block needs it; what was packed before is rounded anew then.
    """

    def __init__(self, n_samples: int, n_leads: int) -> None:
        self.packed = np.full((n_samples, n_leads), MISSING, np.int16)
        self.step_mv = _STEPS_MV[0]
        self.n_impossible = 0
        self._done = 0

    def add(self, block_mv: np.ndarray) -> None:
        """Pack the next samples, float32 (n, n_leads) in mV, NaN where missing; those that no heart can make are missing too."""
        block_mv, n_impossible = without_impossible(block_mv, limit_mv=OFFSET_MV)
        self.n_impossible += n_impossible
        self._fit(float(np.fmax.reduce(np.abs(block_mv), axis=None, initial=0.0)))
        there = np.isfinite(block_mv)
        steps = np.rint(np.where(there, block_mv, 0.0) / np.float32(self.step_mv))
        self.packed[self._done : self._done + len(block_mv)] = np.where(there, steps, MISSING)
        self._done += len(block_mv)

    def _fit(self, largest_mv: float) -> None:
        """Make the steps so coarse that `largest_mv` fits."""
        needed = next((step for step in _STEPS_MV if largest_mv <= _LARGEST * step), _STEPS_MV[-1])
        if needed <= self.step_mv:
            return
        ratio = self.step_mv / needed
        for lead in self.packed[: self._done].T:
            lead[:] = np.where(lead == MISSING, MISSING, np.rint(lead * ratio))
        self.step_mv = needed
