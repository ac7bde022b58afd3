"""Structures with edges at known places, so that what follows detection is tested without it."""

import numpy as np

from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.quality import assess
from cardio_dagster.modalities.ecg.signal import EcgRecord, EcgStructures, WaveTimes

# seconds from the beat: onset, peak, offset
EDGES = {"p": (-0.21, -0.16, -0.11), "qrs": (-0.05, 0.0, 0.05), "t": (0.16, 0.28, 0.40)}


def structures(times_s, n_leads, *, types=None, edges=None, **absent):
    """Return structures whose waves lie at EDGES around each beat; `p=False` leaves a wave out."""
    times_s = np.asarray(times_s, dtype=float)
    known = EDGES | (edges or {})

    def waves(name):
        there = absent.get(name, True)
        return WaveTimes(*(np.repeat(times_s[:, None] + s if there else np.full((len(times_s), 1), np.nan), n_leads, 1) for s in known[name]))  # fmt: skip

    n = len(times_s)
    letters = tuple(types or "N" * n)
    return EcgStructures(times_s, letters, np.ones(n), np.ones(n), np.ones(n), 0.05, waves("p"), waves("qrs"), waves("t"))  # fmt: skip


def prepared_from(signal_mv, leads, rate_hz=500.0, *, sex=None, age_years=None, **more):
    """Return a prepared ECG that holds the samples as they are, unfiltered."""
    samples = np.asarray(signal_mv, dtype=np.float32)
    record = EcgRecord("test", tuple(leads), samples, rate_hz, patient_sex=sex, age_years=age_years, **more)
    return PreparedEcg(record, samples, assess(record, samples.astype(float)))
