"""Onset, peak and offset of P, QRS and T in every lead.

Belongs here: the order of finding the edges of waves around known beats. Not here: finding beats (beats/) or intervals from edges (intervals.py).

A small network (models/ecg_waves.md) looks at all leads at once; around each beat its output is read as a distribution over
time per edge (edges.py); leads and beats then decide together (decision.py).
"""

import numpy as np

from cardio_dagster.modalities.ecg.signal import Delineation, WaveTimes
from cardio_dagster.modalities.ecg.waves.decision import decided_edges, p_probabilities
from cardio_dagster.modalities.ecg.waves.edges import read_logits
from cardio_dagster.modalities.ecg.waves.input import NETWORK_RATE_HZ, network_input
from cardio_dagster.modalities.ecg.waves.network import wave_logits
from cardio_dagster.modalities.ecg.waves.peaks import peak_times


def delineate(
    signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray, threads: int = 1
) -> Delineation:
    """Return the edges of P, QRS and T around the given beats, arrays of shape (n_beats, n_leads); NaN is an absent wave.

    `signal_mv` has the shape (n_samples, n_leads), finite, without baseline wander, any number of leads from 1 on; its unit,
    polarity and the order of leads do not matter. `beat_time_s` is ascending. `p_probability` (n_beats,) is the probability
    that a P wave precedes the beat, judged over all leads; P edges are given where it is at least 0.5.
    Waves cut by an end of the recording are absent. Without beats or leads nothing is run.

    Raises ModelLoadError or ModelHashError if the network is not there or not the catalogued one.
    """
    n_beats, n_leads = len(beat_time_s), signal_mv.shape[1]
    if not n_beats or not n_leads:
        absent = WaveTimes(*(np.full((n_beats, n_leads), np.nan) for _ in range(3)))
        return Delineation(absent, absent, absent, np.zeros(n_beats))
    leads = network_input(signal_mv, sampling_rate_hz=sampling_rate_hz, beat_time_s=beat_time_s)
    reading = read_logits(wave_logits(leads, threads=threads), beat_time_s=beat_time_s)
    p_probability = p_probabilities(reading)
    duration_s = len(signal_mv) / sampling_rate_hz
    edges = decided_edges(reading, p_probability=p_probability, duration_s=duration_s)
    p, qrs, t = (_times(leads, edges[i], edges[i + 1]) for i in (0, 2, 4))
    return Delineation(p, qrs, t, p_probability)


def _times(leads: np.ndarray, onset_s: np.ndarray, offset_s: np.ndarray) -> WaveTimes:
    return WaveTimes(onset_s, peak_times(leads, onset_s, offset_s, rate_hz=NETWORK_RATE_HZ), offset_s)
