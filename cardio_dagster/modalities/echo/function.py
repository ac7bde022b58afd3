"""What the segmented frames say of the heart's function, in millimetres where they are known.

Belongs here: chambers per frame, the volume curve, its beats. Not here: names, reference
ranges and pictures (analysis.py).
"""

from dataclasses import dataclass, replace

import numpy as np

from cardio_dagster.modalities.echo.cycles.beats import FRAMES_MIN, Beat, find_beats, representative, smooth
from cardio_dagster.modalities.echo.clip import PreparedClip, Segmentation
from cardio_dagster.modalities.echo.detect import ATRIUM, VENTRICLE
from cardio_dagster.modalities.echo.volumes.discs import Chamber, measure_chamber
from cardio_dagster.outcome import Gate, Verdict

UNCERTAIN = "the contours are uncertain (E_DETECT_002)"
LENGTH_GATE = Gate("echo_plausible_size", "1", "Length of the left ventricle, as calibrated", "cm", 4, 14)
VOLUME_GATE = Gate("echo_plausible_volume", "1", "Largest volume of the left ventricle, as calibrated", "mL", 15, 600)
BEAT_GATE = Gate("echo_beats", "1", "Whole contractions found in a clip", "1", minimum=1)
GATES = (LENGTH_GATE, VOLUME_GATE, BEAT_GATE)


@dataclass(frozen=True, slots=True)
class Function:
    """The ventricle over time, with the frames it was measured on.

    Volumes and lengths are in network pixels; `mm_per_pixel` is None, with `no_size_reason`, without
    a pixel spacing or where it makes the ventricle implausibly small or large. `verdicts` are those of
    this module's gates.

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
    no_size_reason: str | None
    verdicts: tuple[Verdict, ...]

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
    mm, why = _mm_per_pixel(prepared), prepared.spacing.reason
    return _judged(Function(prepared, found, ventricles, curve, beats, beat, reason, mm, why, ()))


def _judged(function: Function) -> Function:
    """Judge number of beats and size of the ventricle; an implausible size takes the spacing away."""
    is_clip = len(function.prepared.frame_indices) > 1
    verdicts = (BEAT_GATE.judge(float(len(function.beats))),) if is_clip else ()
    sizes = _judge_size(function)
    if all(verdict.passed for verdict in sizes):
        return replace(function, verdicts=verdicts + sizes)
    seen = ", ".join(f"{verdict.value:.3g} {verdict.unit}" for verdict in sizes)
    reason = f"the pixel spacing is implausible: it makes the ventricle {seen}"
    return replace(function, mm_per_pixel=None, no_size_reason=reason, verdicts=verdicts + sizes)


def _judge_size(function: Function) -> tuple[Verdict, ...]:
    mm, volume = function.mm_per_pixel, function.volume_ml(float(function.curve[function.ed]))
    if mm is None or volume is None:
        return ()
    chamber = function.ventricles[function.ed]
    lengths = () if chamber is None else (LENGTH_GATE.judge(chamber.axis.length * mm / 10),)
    return (*lengths, VOLUME_GATE.judge(volume))


def _without_curve(prepared: PreparedClip, found: Segmentation, reason: str) -> Function:
    return Function(
        prepared, found, (), np.empty(0), (), None, reason, _mm_per_pixel(prepared), prepared.spacing.reason, ()
    )


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
