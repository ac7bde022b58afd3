"""Simulated four-chamber clips: our ejection fraction and volume against those of the simulator.

Belongs here: what is varied, and the sums. Not here: the simulator (demo/simulated_echo/). The seeds are others than those of
the stills that training mixes in, and of the benchmark's clips.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cardio_dagster.demo.simulated_echo import SimulatedClip, simulate_clip
from cardio_dagster.evaluation.observed import Observed, Sums, error, hit
from cardio_dagster.evaluation.truth.choose import band
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.document import EchoDocument, describe

FIRST_SEED = 6_000_000
EF_PCT, RATES_HZ, DURATION_S = (18.0, 72.0), (25.0, 30.0, 40.0), 1.4


def observe(options: Options, count: int) -> Iterator[Observed]:
    """Yield what each of `count` clips says, always the same ones."""
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        clip = draw(seed)
        yield observed(seed, clip, _describe(clip, options))


def draw(seed: int) -> SimulatedClip:
    """Draw the clip of one seed: ejection fraction, rate, gain, shadows, size and frame rate all vary."""
    rng = np.random.default_rng(seed)
    return simulate_clip(
        seed,
        lvef_pct=float(rng.uniform(*EF_PCT)),
        heart_rate_bpm=float(rng.uniform(55, 105)),
        gain_db=float(rng.uniform(-6, 6)),
        shadow=float(rng.uniform(0, 0.6)),
        drop_out=float(rng.uniform(0, 0.6)),
        rotation_deg=float(rng.uniform(-12, 12)),
        scale=float(rng.uniform(0.85, 1.15)),
        frame_rate_hz=float(rng.choice(RATES_HZ)),
        duration_s=DURATION_S,
    )


def _describe(clip: SimulatedClip, options: Options) -> EchoDocument:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.npz"
        np.savez(path, image=clip.frames, pixel_spacing_mm=clip.pixel_spacing_mm, frame_rate_hz=clip.frame_rate_hz)
        return describe(path, options)


def observed(seed: int, clip: SimulatedClip, found: EchoDocument) -> Observed:
    """Return the sums of one clip; without an ejection fraction it says only that it was refused."""
    off_pct = error(found.lvef_pct, clip.lvef_pct)
    sums: dict[str, Sums] = {"sim_echo_refused_pct": hit(off_pct is None)}
    if off_pct is not None:
        sums |= {"sim_echo_lvef_mae_pct": (abs(off_pct), 1.0), "sim_echo_lvef_bias_pct": (off_pct, 1.0)}
    if found.lv_edv_ml is not None:
        true_ml = float(max(clip.lv_volume_ml))
        sums["sim_echo_edv_bias_pct"] = (100 * (found.lv_edv_ml / true_ml - 1), 1.0)
    groups = {
        "frame rate": f"{clip.frame_rate_hz:g} Hz",
        "true ejection fraction": band(clip.lvef_pct, (40.0, 55.0), "%"),
        "picture quality": "all gates passed" if found.quality == 1.0 else "a gate failed",
    }
    return Observed("sim_echo", f"clip-{seed}", sums, groups, None if off_pct is None else found.confidence)
