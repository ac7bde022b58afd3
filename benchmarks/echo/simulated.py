"""The ejection fraction of simulated beating clips of known volume, through the whole branch.

Belongs here: what is varied and how far off the branch is. Not here: the simulator (demo/simulated_echo/).
The seeds are others than those of the stills that training mixes in.
"""

import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.demo.simulated_echo import simulate_clip
from cardio_dagster.modalities.branch import Options

FIRST_SEED = 5_000_000
EF_PCT = (15.0, 75.0)


@dataclass(frozen=True)
class Answer:
    """One clip: the truth, and what the branch made of it (None with what stood in the way)."""

    seed: int
    true_ef_pct: float
    ef_pct: float | None
    true_edv_ml: float
    edv_ml: float | None
    reason: str | None


def answer(seed: int) -> Answer:
    """Draw the clip of one seed, varied in everything, and analyse it."""
    from cardio_dagster.modalities.echo.document import describe

    clip = simulate_clip(seed, **_variation(seed))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.npz"
        np.savez(path, image=clip.frames, pixel_spacing_mm=clip.pixel_spacing_mm, frame_rate_hz=clip.frame_rate_hz)
        found = describe(path, Options(threads=1))
    reason = found.reasons.get("lvef_pct")
    return Answer(seed, clip.lvef_pct, found.lvef_pct, float(max(clip.lv_volume_ml)), found.lv_edv_ml, reason)


def _variation(seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    return {
        "lvef_pct": float(rng.uniform(*EF_PCT)),
        "heart_rate_bpm": float(rng.uniform(50, 110)),
        "gain_db": float(rng.uniform(-6, 6)),
        "shadow": float(rng.uniform(0, 0.6)),
        "drop_out": float(rng.uniform(0, 0.6)),
        "rotation_deg": float(rng.uniform(-12, 12)),
        "scale": float(rng.uniform(0.85, 1.15)),
    }


def answers(count: int) -> list[Answer]:
    """Return the answers on `count` clips, one process a core."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(answer, range(FIRST_SEED, FIRST_SEED + count), chunksize=4))


def figures(found: list[Answer]) -> dict[str, float]:
    """Return error, bias and correlation of EF, error of the volumes, and how many clips were refused."""
    known = [a for a in found if a.ef_pct is not None]
    pairs = np.array([(a.ef_pct, a.true_ef_pct) for a in known], float)
    error = pairs[:, 0] - pairs[:, 1]
    volumes = [a.edv_ml / a.true_edv_ml - 1 for a in known if a.edv_ml is not None]
    return {
        "EF mean absolute error": float(np.abs(error).mean()),
        "EF bias": float(error.mean()),
        "EF correlation": float(np.corrcoef(pairs.T)[0, 1]),
        "EDV bias %": float(100 * np.mean(volumes)),
        "clips without an EF": float(len(found) - len(known)),
    }
