"""The made-up recordings keep what they promise about their truth."""

import numpy as np

from cardio_dagster.demo.synthetic_ecg import LEADS, synthetic_ecg


def test_limb_leads_obey_einthoven_and_goldberger():
    signal = synthetic_ecg(sampling_rate_hz=500, noise_mv=0.0).signal_mv.T
    lead = dict(zip(LEADS, signal, strict=True))
    np.testing.assert_allclose(lead["I"] + lead["III"], lead["II"], atol=1e-6)
    np.testing.assert_allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0, atol=1e-6)


def test_r_peaks_lie_where_they_are_said_to_be():
    ecg = synthetic_ecg(sampling_rate_hz=1000, noise_mv=0.0)
    lead_ii = ecg.signal_mv[:, 1]
    for peak_s in ecg.r_peaks_s:
        around = lead_ii[round((peak_s - 0.05) * 1000) : round((peak_s + 0.05) * 1000)]
        assert abs(int(np.argmax(around)) - 50) <= 1


def test_fibrillation_is_irregular_and_sinus_rhythm_is_not():
    spread = [
        np.std(np.diff(synthetic_ecg(sampling_rate_hz=250, duration_s=60, irregular=i).r_peaks_s)) for i in (0, 1)
    ]
    assert spread[0] < 0.03
    assert spread[1] > 0.1
