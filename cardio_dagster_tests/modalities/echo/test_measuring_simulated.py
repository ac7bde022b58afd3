"""The true masks of simulated clips through cycles, volumes and measuring: what the method itself costs."""

import numpy as np
import pytest

from cardio_dagster.demo.simulated_echo import simulate_truth
from cardio_dagster.modalities.echo.function import assess
from cardio_dagster.modalities.echo.measuring.measure import measure
from cardio_dagster_tests.modalities.echo.hearts import from_masks


@pytest.mark.parametrize(
    ("seed", "options"),
    [
        (0, {"lvef_pct": 62.0, "heart_rate_bpm": 85.0, "frame_rate_hz": 30.0}),
        (3, {"lvef_pct": 25.0, "heart_rate_bpm": 95.0, "frame_rate_hz": 40.0, "rotation_deg": 15.0}),
        (5, {"lvef_pct": 45.0, "heart_rate_bpm": 80.0, "frame_rate_hz": 25.0, "scale": 1.1, "rr_spread": 0.2}),
    ],
)
def test_against_the_truth(seed, options):
    truth = simulate_truth(seed, duration_s=2.0, **options)
    made = from_masks(truth.masks, truth.pixel_spacing_mm, truth.frame_rate_hz, size=160)
    function = assess(made.prepared, made.found)
    found = {m.name: m.value for m in measure(function)}
    assert found["lvef_pct"] == pytest.approx(truth.lvef_pct, abs=1.5)
    assert found["lv_edv_ml"] == pytest.approx(truth.lv_volume_ml.max(), rel=0.04)
    assert found["lv_esv_ml"] == pytest.approx(truth.lv_volume_ml.min(), rel=0.04)
    assert found["lv_length_cm"] == pytest.approx(truth.length_mm.max() / 10, rel=0.03)
    for beat in function.beats:
        assert np.abs(truth.ed_frames - beat.ed).min() <= 2
        assert np.abs(truth.es_frames - beat.es).min() <= 2
    if not options.get("rr_spread"):
        assert found["echo_heart_rate_bpm"] == pytest.approx(truth.heart_rate_bpm, rel=0.02)
    waved = made.with_r_waves(truth.r_wave_s)
    by_waves = assess(waved.prepared, waved.found)
    assert by_waves.cycles.source == "R waves (test trace)"
    assert by_waves.beat.ef_pct == pytest.approx(truth.lvef_pct, abs=1.5)
