"""Spikes of a pacemaker before a beat.

Belongs here: recognising stimuli in the raw signal. Not here: anything in the filtered signal, where a spike of 0.5 ms is gone.
"""

import warnings

import numpy as np

MIN_SAMPLING_RATE_HZ = 400.0  # slower sampling smears a spike into a QRS
SPIKE_MV = 0.14  # LUDB: stimuli in 5 of 6 paced records, 2 of 1191 beats of others called paced
_NARROW_S, _WIDE_S = 0.004, 0.012
_NARROWNESS = 0.5  # of the height over 12 ms reached within 4 ms; the top of a narrow QRS reaches a quarter
_LEADS = 1.0 / 3.0
_BENDS, _BEND_PERCENTILE = (
    3.0,
    95.0,
)  # at most 2 % of the samples bend with a spike; LUDB: no false spike at a gain of 1 to 10
_BEND_EVERY = 7  # samples; enough for a percentile, and coprime to the mains at the usual rates
_WINDOW_S = (0.14, -0.012)  # before the beat's time, which may be that of the spike itself: from, to
_ONE_SPIKE_S = 0.02


def paced_beats(
    signal_mv: np.ndarray, *, sampling_rate_hz: float, beat_time_s: np.ndarray, marker_s: np.ndarray | None = None
) -> np.ndarray:
    """Return per beat whether a stimulus precedes it within 140 ms, (n_beats,) of bool.

    `marker_s` are stimuli that the device marked, in seconds; they count beside the spikes that are seen. Below 400 Hz no spike
    is seen.
    """
    if not len(beat_time_s):
        return np.zeros(0, dtype=bool)
    stimulus_s = stimulus_times(signal_mv, sampling_rate_hz=sampling_rate_hz)
    if marker_s is not None:
        stimulus_s = np.sort(np.concatenate((stimulus_s, marker_s)))
    return follow_stimulus(beat_time_s, stimulus_s)


def follow_stimulus(beat_time_s: np.ndarray, stimulus_s: np.ndarray) -> np.ndarray:
    """Return per beat whether one of the stimuli (ascending, in seconds) lies up to 140 ms before it or at it, (n_beats,) of bool."""
    start = np.searchsorted(stimulus_s, beat_time_s - _WINDOW_S[0])
    end = np.searchsorted(stimulus_s, beat_time_s - _WINDOW_S[1])
    return np.asarray(end > start)


def stimulus_times(signal_mv: np.ndarray, *, sampling_rate_hz: float) -> np.ndarray:
    """Return the times of pacemaker spikes in seconds, ascending; none below 400 Hz, where they cannot be seen.

    A spike stands 0.14 mV, and three times as far as the lead usually bends, above or below the signal 4 ms before and after, in a
    third of the leads or more, and no more than twice that above the signal 12 ms away. Many devices filter spikes away or draw them anew: absence proves nothing.
    `signal_mv` is (n_samples, n_leads), NaN where missing.
    """
    reach = round(_NARROW_S * sampling_rate_hz)
    if sampling_rate_hz < MIN_SAMPLING_RATE_HZ or len(signal_mv) <= 2 * reach:
        return np.empty(0)
    with np.errstate(invalid="ignore"):
        steep = np.abs(signal_mv[reach:] - signal_mv[:-reach]) > SPIKE_MV
        on_both_sides = np.flatnonzero(steep[:-reach] & steep[reach:])
        at = _spikes(signal_mv, np.unique(on_both_sides // signal_mv.shape[1]) + reach, sampling_rate_hz)
    return at / sampling_rate_hz


def _spikes(signal_mv: np.ndarray, samples: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the samples that are spikes, the first of those within 20 ms."""
    if not len(samples):
        return samples
    narrow_mv = _height_mv(signal_mv, samples, round(_NARROW_S * rate_hz))
    wide_mv = _height_mv(signal_mv, samples, round(_WIDE_S * rate_hz))
    narrow_mv = np.where((narrow_mv > SPIKE_MV) & (narrow_mv > _NARROWNESS * wide_mv), narrow_mv, 0.0)
    if not (_share_of_leads(narrow_mv > 0.0) >= _LEADS).any():
        return samples[:0]  # before the costly look at how the leads usually bend
    usual_mv = _BENDS * _usual_bend_mv(signal_mv, round(_NARROW_S * rate_hz))
    spikes = samples[_share_of_leads(narrow_mv > usual_mv) >= _LEADS]
    return np.asarray(spikes[np.diff(spikes, prepend=-len(signal_mv)) > _ONE_SPIKE_S * rate_hz])


def _share_of_leads(there: np.ndarray) -> np.ndarray:
    return np.asarray(np.count_nonzero(there, axis=1) / there.shape[1])


def _usual_bend_mv(signal_mv: np.ndarray, reach: int) -> np.ndarray:
    """Return how far 5 % of the samples at least lie beside the line between those `reach` before and after, (n_leads,): noise, or the QRS.

    0 for a lead without samples. Without it noise of 0.05 mV, or a QRS of 6 mV, passes for stimuli.
    """
    at = np.arange(reach, len(signal_mv) - reach, _BEND_EVERY)
    bend_mv = np.abs(signal_mv[at] - 0.5 * (signal_mv[at - reach] + signal_mv[at + reach]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a lead without any sample
        return np.asarray(np.nan_to_num(np.nanpercentile(bend_mv, _BEND_PERCENTILE, axis=0)))


def _height_mv(signal_mv: np.ndarray, samples: np.ndarray, reach: int) -> np.ndarray:
    """Return how far the samples stand out on both sides in the same direction, (n, n_leads); 0 on a slope."""
    here = signal_mv[samples]
    before = here - signal_mv[np.maximum(samples - reach, 0)]
    after = here - signal_mv[np.minimum(samples + reach, len(signal_mv) - 1)]
    return np.where(before * after > 0.0, np.minimum(np.abs(before), np.abs(after)), 0.0)
