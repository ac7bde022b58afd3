"""Segmentations of a beating heart of known volume, as a perfect network would give them.

The ventricle is half a prolate ellipsoid of revolution, cut open at the mitral plane: 2/3 pi r^2 l.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from cardio_dagster.modalities.echo.clip import (
    Letterbox,
    PreparedClip,
    RWaves,
    Segmentation,
    Spacing,
    Timing,
    ViewVerdict,
)

SIZE = 144  # pixels of the answer grid
EJECTION, FILLING, KICK = 0.32, 0.2, 0.12  # shares of a cycle of one second: ejection, rapid filling, atrial kick
STILL_S = 0.05  # before ejection and before filling both valves are closed
LENGTH_MM, EXCURSION_MM, WALL_MM = 85.0, 12.0, 9.0
NO_R_WAVES = RWaves(np.empty(0), None, "the file has no ECG")


@dataclass(frozen=True)
class Heart:
    prepared: PreparedClip
    found: Segmentation
    volume_ml: np.ndarray
    ed: list[int]
    es: list[int]

    def with_r_waves(self, times_s) -> "Heart":
        waves = RWaves(np.asarray(times_s, float), "test trace", None)
        return replace(self, prepared=replace(self.prepared, r_waves=waves))

    def with_confidence(self, confidence) -> "Heart":
        return replace(self, found=replace(self.found, confidence=np.asarray(confidence, np.float32)))

    def with_view(self, view: str) -> "Heart":
        verdict = ViewVerdict(view, True, 0.5, None if view != "unknown" else "test")
        return replace(self, prepared=replace(self.prepared, view=verdict))


def filled_share(phase_s: np.ndarray, cycle_s: float) -> np.ndarray:
    """Share of the stroke volume in the ventricle, `phase_s` after end-diastole: ejection, filling, diastasis, kick."""
    ejection, early, late = EJECTION * np.sqrt(cycle_s), FILLING * np.sqrt(cycle_s), KICK * cycle_s
    ejected = 0.5 * (1 + np.cos(np.pi * np.clip((phase_s - STILL_S) / ejection, 0, 1)))
    rapid = 0.75 * 0.5 * (1 - np.cos(np.pi * np.clip((phase_s - ejection - 2 * STILL_S) / early, 0, 1)))
    kick = 0.25 * 0.5 * (1 - np.cos(np.pi * np.clip((phase_s - cycle_s + late) / late, 0, 1)))
    return ejected + rapid + kick


def volume_curve(cycles_s, efs_pct, edv_ml: float, rate_hz: float, start_s: float = 0.0):
    """Volumes on frames, with the frames of each ED and ES that the clip shows; the last cycle ends the clip."""
    onsets = np.concatenate([[0], np.cumsum(cycles_s)])
    times = np.arange(start_s, onsets[-1] - 0.5 / rate_hz, 1 / rate_hz)
    beat = np.clip(np.searchsorted(onsets, times + 1e-9, side="right") - 1, 0, len(cycles_s) - 1)
    share = np.array([filled_share(np.array(t - onsets[b]), cycles_s[b]) for t, b in zip(times, beat, strict=True)])
    volume = edv_ml * (1 - np.asarray(efs_pct)[beat] / 100 * (1 - share))
    ed = [round((onset - start_s) * rate_hz) for onset in onsets[:-1] if onset >= start_s]
    ends = onsets[:-1] + STILL_S + EJECTION * np.sqrt(cycles_s)
    es = [round((end - start_s) * rate_hz) for end in ends if end >= start_s]
    return volume, share, ed, es, onsets


def frame_masks(volume_ml, share, mm_per_pixel, angle_deg=0.0, mirrored=False, sides=(WALL_MM, WALL_MM)):
    """(3, SIZE, SIZE) coverage of ventricle, myocardium and atrium; the base moves to the apex as the heart ejects."""
    fine = (np.arange(2 * SIZE) + 0.5) / 2 - 0.5
    rows, columns = np.meshgrid((fine - SIZE / 2) * mm_per_pixel, (fine - SIZE / 2) * mm_per_pixel, indexing="ij")
    turn = np.deg2rad(angle_deg)
    up = 12.0 - (rows * np.cos(turn) - columns * np.sin(turn))
    right = rows * np.sin(turn) + columns * np.cos(turn)
    if mirrored:
        right = -right
    base = EXCURSION_MM * (1 - share)
    long = LENGTH_MM - base
    radius = np.sqrt(3000 * volume_ml / (2 * np.pi * long))
    up = up + 20.0  # the heart's middle is the image's
    above = up - base
    cavity = (above >= 0) & ((right / radius) ** 2 + (above / long) ** 2 <= 1)
    wall = np.where(right < 0, sides[0], sides[1])
    outer = (above >= 0) & ((right / (radius + wall)) ** 2 + (above / (long + WALL_MM)) ** 2 <= 1)
    tall = 18.0 + 6.0 * (1 - share)
    atrium = (above < 0) & ((right / 19) ** 2 + ((above + 0.6 * tall) / tall) ** 2 <= 1)
    parts = np.stack([cavity, outer & ~cavity, atrium])
    return parts.reshape(3, SIZE, 2, SIZE, 2).mean(axis=(2, 4))


def segmentation(parts: np.ndarray, confidence: float = 0.95) -> Segmentation:
    probabilities = np.floor(parts * 255).astype(np.uint8)
    background = 255 - probabilities.sum(axis=1, dtype=int)
    labels = np.argmax(np.concatenate([background[:, None], probabilities], axis=1), axis=1).astype(np.uint8)
    sure = np.full(len(parts), confidence, np.float32)
    return Segmentation(labels, probabilities, sure, confidence, True, "painted", "0" * 64)


def prepared_clip(frames: int, mm_per_pixel: float | None, rate_hz: float | None) -> PreparedClip:
    blank = np.zeros((frames, 8, 8), np.uint8)
    return PreparedClip(
        format="test", images=blank, pictures=np.zeros((frames, SIZE, SIZE), np.uint8), sector=np.ones((SIZE, SIZE), bool),
        frame_indices=np.arange(frames, dtype=np.int32), frames_in_file=frames,
        letterbox=Letterbox(SIZE, SIZE, 0, 0, SIZE, SIZE, SIZE),
        spacing=Spacing(mm_per_pixel, None if mm_per_pixel is None else "test", None if mm_per_pixel else "no spacing"),
        timing=Timing(rate_hz, None if rate_hz is None else "test", None if rate_hz else "no frame rate"),
        r_waves=NO_R_WAVES, mode="b_mode", device={}, view=ViewVerdict("A4C", True, 0.99, None), quality=1.0,
    )  # fmt: skip


def heart(
    *, cycles_s=(0.85, 0.85), efs_pct=None, edv_ml=110.0, rate_hz=30.0, mm_per_pixel=1.0, start_s=0.0, noise_mm=0.0,
    **shape,
) -> Heart:  # fmt: skip
    efs_pct = [60.0] * len(cycles_s) if efs_pct is None else efs_pct
    volume, share, ed, es, _ = volume_curve(cycles_s, efs_pct, edv_ml, rate_hz, start_s)
    rng = np.random.default_rng(5)
    seen = volume * (1 + rng.normal(0, noise_mm / 22, len(volume)) * 2)  # a shift of the contour on a radius of 22 mm
    parts = np.stack([frame_masks(v, s, mm_per_pixel, **shape) for v, s in zip(seen, share, strict=True)])
    return Heart(prepared_clip(len(volume), mm_per_pixel, rate_hz), segmentation(parts), volume, ed, es)


def with_spacing(made: Heart, mm: float | None) -> Heart:
    return replace(made, prepared=replace(made.prepared, spacing=Spacing(mm, None, None if mm else "no spacing")))


def thinned(made: Heart, step: int) -> Heart:
    """The same clip with every `step`-th frame."""
    found, prepared = made.found, made.prepared
    return replace(
        made,
        found=replace(
            found, labels=found.labels[::step], probabilities=found.probabilities[::step],
            confidence=found.confidence[::step],
        ),
        prepared=replace(
            prepared, frame_indices=prepared.frame_indices[::step], pictures=prepared.pictures[::step],
            timing=replace(prepared.timing, frame_rate_hz=prepared.timing.frame_rate_hz / step),
        ),
        volume_ml=made.volume_ml[::step],
    )  # fmt: skip


def reversed_in_time(made: Heart) -> Heart:
    found = made.found
    turned = replace(found, labels=found.labels[::-1], probabilities=found.probabilities[::-1])
    return replace(made, found=turned, volume_ml=made.volume_ml[::-1])


def from_masks(masks: np.ndarray, spacing_mm: float, rate_hz: float | None, size: int = 192) -> Heart:
    """True masks (t, h, w) as a perfect network answers on its grid: letter-boxed, averaged over each pixel."""
    box = Letterbox(*masks.shape[1:], 0, 0, *masks.shape[1:], size)
    square = np.zeros((len(masks), box.side, box.side), np.uint8)
    square[:, box.pad_top : box.pad_top + box.height, box.pad_left : box.pad_left + box.width] = masks
    parts = np.stack([[_resized(frame == label, size) for label in (1, 2, 3)] for frame in square])
    prepared = replace(
        prepared_clip(len(masks), spacing_mm, rate_hz), letterbox=box, sector=np.ones((size, size), bool)
    )
    return Heart(prepared, segmentation(parts), np.empty(0), [], [])


def _resized(mask: np.ndarray, size: int) -> np.ndarray:
    grey = Image.fromarray(mask.astype(np.float32))
    return np.clip(np.asarray(grey.resize((size, size), Image.Resampling.BOX)), 0, 1) * 0.999
