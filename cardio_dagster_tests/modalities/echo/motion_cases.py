"""Functions to measure motion on: simulated hearts with their true masks instead of a network's."""

import numpy as np
from PIL import Image

from cardio_dagster.demo.simulated_echo import SimulatedTruth
from cardio_dagster.modalities.echo.clip import (
    Letterbox,
    PreparedClip,
    RWaves,
    Segmentation,
    Spacing,
    Timing,
    ViewVerdict,
)
from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.function import Function

SIZE = 192


def soft(mask, size=SIZE):
    """Labels (size, size) and probabilities (3, size, size) of a mask (h, w), centred in a square."""
    square = np.zeros((max(mask.shape),) * 2, np.uint8)
    top, left = ((side - n) // 2 for side, n in zip(square.shape, mask.shape, strict=True))
    square[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    shares = [
        np.asarray(Image.fromarray(np.uint8(255 * (square == k))).resize((size, size), Image.Resampling.BILINEAR))
        for k in (1, 2, 3)
    ]
    probabilities = np.stack(shares).astype(int)
    probabilities = (probabilities * np.minimum(255 / np.maximum(probabilities.sum(0), 1), 1)).astype(np.uint8)
    background = 255 - probabilities.sum(0, dtype=int)
    labels = np.argmax(np.concatenate([background[None], probabilities]), axis=0).astype(np.uint8)
    return labels, probabilities


def function_of(masks, volumes, *, beats, rate=40.0, mm=1.0, sector=None, no_beat_reason=None):
    """A Function over masks (n, h, w): `beats` are pairs (ed, es), the first is the representative one."""
    frames = [soft(mask) for mask in masks]
    labels, probabilities = np.stack([f[0] for f in frames]), np.stack([f[1] for f in frames])
    n, side = len(masks), max(masks.shape[1:])
    prepared = PreparedClip(
        format="npz",
        images=np.zeros((n, SIZE, SIZE), np.uint8),
        pictures=np.zeros((n, 1, 1), np.uint8),
        sector=np.ones((SIZE, SIZE), bool) if sector is None else sector,
        frame_indices=np.arange(n, dtype=np.int32),
        frames_in_file=n,
        letterbox=Letterbox(side, side, 0, 0, side, side, SIZE),
        spacing=Spacing(mm, None, None if mm else "no spacing"),
        timing=Timing(rate, None, None if rate else "no rate"),
        r_waves=RWaves(np.empty(0), None, "none"),
        mode="b_mode",
        device={},
        view=ViewVerdict("A4C", True, 1.0, None),
        quality=1.0,
    )
    found = Segmentation(labels, probabilities, np.ones(n, np.float32), 1.0, True, "truth", "0")
    found_beats = tuple(Beat(ed, es, float(volumes[ed]), float(volumes[es])) for ed, es in beats)
    return Function(
        prepared=prepared,
        found=found,
        ventricles=(None,) * n,
        curve=np.asarray(volumes, float),
        beats=found_beats,
        beat=found_beats[0] if found_beats else None,
        no_beat_reason=no_beat_reason,
        mm_per_pixel=mm,
        no_size_reason=None if mm else "no spacing",
        verdicts=(),
    )


def function_of_truth(truth: SimulatedTruth, **options):
    """The Function of a simulated clip with its true masks; beats start at the true end-diastoles."""
    beats = [
        (int(ed), int(truth.es_frames[truth.es_frames > ed][0]))
        for ed in truth.ed_frames
        if (truth.es_frames > ed).any()
    ]
    mm = truth.pixel_spacing_mm * max(truth.masks.shape[1:]) / SIZE
    return function_of(truth.masks, truth.lv_volume_ml, beats=beats, rate=truth.frame_rate_hz, **{"mm": mm, **options})
