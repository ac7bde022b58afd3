"""The made-up recordings keep what they promise about their truth."""

import numpy as np
import pytest

from cardio_dagster.demo.synthetic_ecg import LEADS, synthetic_ecg
from cardio_dagster.demo.synthetic_echo import synthetic_clip


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


@pytest.mark.parametrize("lvef_pct", [25.0, 60.0])
def test_area_of_the_drawn_ventricle_gives_its_volume(lvef_pct):
    clip = synthetic_clip(lvef_pct=lvef_pct, n_frames=30)
    assert clip.lvef_pct == pytest.approx(lvef_pct, abs=0.5)
    # Half ellipsoid of length l and radius r: area pi/2 r l, volume 2/3 pi r^2 l, with l = 3.6 r.
    frame = clip.frames[0].astype(float)
    middle = round(frame.shape[1] * 0.55)
    column = frame[:, middle - 3 : middle + 4].mean(1)  # through the apex, speckle averaged
    dark = np.flatnonzero((column < 70) & (np.arange(column.size) > 55) & (np.arange(column.size) < 236))
    leaflets_mm = 1.5
    length_mm = (dark.max() - dark.min() + 1) * clip.pixel_spacing_mm + leaflets_mm
    volume_ml = 2 / 3 * np.pi * (length_mm / 3.6) ** 2 * length_mm / 1000
    assert volume_ml == pytest.approx(clip.volume_ml[0], rel=0.12)


def test_same_seed_same_pixels():
    assert np.array_equal(synthetic_clip(seed=7, n_frames=3).frames, synthetic_clip(seed=7, n_frames=3).frames)
    assert not np.array_equal(synthetic_clip(seed=7, n_frames=3).frames, synthetic_clip(seed=8, n_frames=3).frames)
