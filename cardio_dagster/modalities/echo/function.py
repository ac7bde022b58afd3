"""What the segmented frames say of the heart's function, in millimetres where they are known.

Belongs here: chambers per frame, the volume curve, its beats. Not here: names, reference
ranges and pictures (analysis.py).
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.modalities.echo.beats import FRAMES_MIN, Beat, find_beats, representative, smooth
from cardio_dagster.modalities.echo.clip import PreparedClip, Segmentation
from cardio_dagster.modalities.echo.detection import ATRIUM, VENTRICLE
from cardio_dagster.modalities.echo.discs import Chamber, measure_chamber

UNCERTAIN = "the contours are uncertain (E_DETECT_002)"


@dataclass(frozen=True, slots=True)
class Function:
    """The ventricle over time, with the frames it was measured on.

    Volumes and lengths are in network pixels; `mm_per_pixel` is None without a pixel spacing.

    `ventricles` has one Chamber or None per chosen frame, `curve` (n,) the smoothed volumes; both
    are empty, and `beats` too, where the contours are not trusted. `beat` is the representative
    one; without it `no_beat_reason` says why.
    """

    prepared: PreparedClip
    found: Segmentation
    ventricles: tuple[Chamber | None, ...]
    curve: np.ndarray
    beats: tuple[Beat, ...]
    beat: Beat | None
    no_beat_reason: str | None
    mm_per_pixel: float | None

    @property
    def ed(self) -> int:
        """Return the position of end-diastole among the chosen frames; without a beat, of the largest ventricle."""
        return self.beat.ed if self.beat else int(self.curve.argmax())

    @property
    def es(self) -> int:
        """Return the position of end-systole; without a beat it is that of `ed`."""
        return self.beat.es if self.beat else self.ed

    def volume_ml(self, volume: float) -> float | None:
        """Return a volume of cubic network pixels in ml; None without a pixel spacing."""
        return None if self.mm_per_pixel is None else volume * self.mm_per_pixel**3 / 1000

    def frame_number(self, position: int) -> int:
        """Return the number in the file, from 1 as DICOM counts, of a chosen frame."""
        return int(self.prepared.frame_indices[position]) + 1


def assess(prepared: PreparedClip, found: Segmentation) -> Function:
    """Measure the ventricle on every frame and find the beats."""
    if not found.trusted:
        return _without_curve(prepared, found, UNCERTAIN)
    ventricles = tuple(
        measure_chamber(labels, probabilities, VENTRICLE, ATRIUM)
        for labels, probabilities in zip(found.labels, found.probabilities, strict=True)
    )
    volumes = np.array([np.nan if chamber is None else chamber.volume for chamber in ventricles])
    if not np.isfinite(volumes).any():
        return _without_curve(prepared, found, "no frame shows a ventricle that can be measured")
    rate = prepared.timing.frame_rate_hz
    curve = smooth(volumes, rate)
    beats = find_beats(curve, rate)
    beat = representative(beats) if beats else None
    reason = None if beat else _why_no_beat(len(curve))
    return Function(prepared, found, ventricles, curve, beats, beat, reason, _mm_per_pixel(prepared))


def _without_curve(prepared: PreparedClip, found: Segmentation, reason: str) -> Function:
    return Function(prepared, found, (), np.empty(0), (), None, reason, _mm_per_pixel(prepared))


def _mm_per_pixel(prepared: PreparedClip) -> float | None:
    mm, box = prepared.spacing.mm, prepared.letterbox
    return None if mm is None else mm * box.side / box.size


def measure_atrium(function: Function, frame: int) -> Chamber | None:
    """Measure the left atrium on one chosen frame; None where none is found."""
    found = function.found
    return measure_chamber(found.labels[frame], found.probabilities[frame], ATRIUM, VENTRICLE)


def _why_no_beat(frames: int) -> str:
    if frames == 1:
        return "a still shows no contraction"
    if frames < FRAMES_MIN:
        return f"{frames} frames are too few to find a contraction, {FRAMES_MIN} are needed"
    return "the clip shows no whole contraction of the ventricle"
