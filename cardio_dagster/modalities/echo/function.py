"""What the segmented frames say of the heart's function: the hub that measuring, motion and drawing read.

Belongs here: chambers per frame, the volume curve, its beats, whether any of it may be used. Not here: names,
units and reference ranges (measuring/, references.py), pictures (drawing/).
"""

from dataclasses import dataclass, replace

import numpy as np

from cardio_dagster.modalities.echo.clip import PreparedClip, Segmentation
from cardio_dagster.modalities.echo.cycles.beats import Beat
from cardio_dagster.modalities.echo.cycles.curve import known_frames, smooth
from cardio_dagster.modalities.echo.cycles.find import NO_MOTION, Cycles, find_cycles, why_no_beat
from cardio_dagster.modalities.echo.cycles.rhythm import EF_RANGE_MAX_PCT
from cardio_dagster.modalities.echo.gates import FRAME_CONFIDENCE_MIN
from cardio_dagster.modalities.echo.triage import placement
from cardio_dagster.modalities.echo.triage.placement import foreshortening, ventricle_inside
from cardio_dagster.modalities.echo.volumes.annulus import Annulus
from cardio_dagster.modalities.echo.volumes.discs import Chamber
from cardio_dagster.modalities.echo.volumes.frame import FrameChambers, measure_frame
from cardio_dagster.outcome import Gate, Verdict

UNCERTAIN = "the contours are uncertain (E_DETECT_002), functional analysis is skipped"
OTHER_VIEW = "the view is not apical four-chamber"
LENGTH_GATE = Gate("echo_plausible_size", "1", "Length of the left ventricle, as calibrated", "cm", 4, 14)
VOLUME_GATE = Gate("echo_plausible_volume", "1", "Largest volume of the left ventricle, as calibrated", "mL", 15, 600)
BEAT_GATE = Gate("echo_beats", "1", "Whole contractions found in a clip", "1", minimum=1)
AGREEMENT_GATE = Gate(
    "echo_beats_agree", "1", "Range of the ejection fraction over the beats of a rhythm that is not irregular", "%",
    maximum=EF_RANGE_MAX_PCT,
)  # fmt: skip
# Larger hearts exist and are measured, but a wrong pixel spacing is likelier: such a study is held. A ventricle of 400 mL
# is 8.6 cm wide; 44 severely dilated ones were 7.1 +- 0.7 cm wide (PMID 27404697). An atrium of 200 mL is a sphere of
# 7.3 cm; 163 of 68,519 patients had one above 6.5 cm (PMC5658293). A stroke of 200 mL is twice a usual one; severe
# regurgitation begins at 60 mL of it (Zoghbi et al. 2017, doi:10.1016/j.echo.2017.01.007).
USUAL_VOLUME_GATE = Gate(
    "echo_usual_volume", "1", "Largest volume of the left ventricle in almost any heart", "mL", maximum=400
)
USUAL_ATRIUM_GATE = Gate(
    "echo_usual_atrium", "1", "Largest volume of the left atrium in almost any heart", "mL", maximum=200
)
USUAL_STROKE_GATE = Gate("echo_usual_stroke", "1", "Stroke volume at rest of almost any heart", "mL", maximum=200)
USUAL_GATES = (USUAL_VOLUME_GATE, USUAL_ATRIUM_GATE, USUAL_STROKE_GATE)
GATES = (*placement.GATES, LENGTH_GATE, VOLUME_GATE, BEAT_GATE, AGREEMENT_GATE, *USUAL_GATES)


@dataclass(frozen=True, slots=True)
class Function:
    """The left heart over time, with the frames it was measured on.

    Volumes and lengths are in pixels of the answer grid; `mm_per_pixel` is None, with `no_size_reason`,
    without a pixel spacing or where it makes the ventricle implausibly small or large. `verdicts` are
    those of this module's gates.

    `ventricles`, `atria` and `annuli` have one entry per chosen frame, None where nothing was found and on
    frames of low confidence; `curve` (n,) are the smoothed volumes, a straight line over
    frames without one. All are empty, and `beats` too, where nothing may be measured (another view,
    uncertain contours). `beats` are all whole beats; `beat` is the one to show, whose EF is nearest to the
    mean; it is None too where the beats contradict each other. Without it `no_beat_reason` says why. `cycles` says which beats are averaged, how they were
    found, and the heart rates.
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
    atria: tuple[Chamber | None, ...] = ()
    annuli: tuple[Annulus | None, ...] = ()
    cycles: Cycles | None = None

    @property
    def averaged(self) -> tuple[Beat, ...]:
        """Return the beats that means rest on."""
        return self.cycles.averaged if self.cycles else ()

    @property
    def ed(self) -> int:
        """Return the position of end-diastole among the chosen frames; without a beat, of the largest ventricle."""
        if self.beat:
            return self.beat.ed
        measured = np.array([chamber is not None for chamber in self.ventricles])
        return int(np.where(measured, self.curve, -1.0).argmax())

    @property
    def es(self) -> int:
        """Return the position of end-systole; without a beat it is that of `ed`."""
        return self.beat.es if self.beat else self.ed

    @property
    def is_at_rest(self) -> bool:
        """Return whether the clip does not move."""
        return self.no_beat_reason == NO_MOTION

    @property
    def unusual(self) -> tuple[Verdict, ...]:
        """Return the verdicts on sizes that almost no heart has."""
        names = {gate.name for gate in USUAL_GATES}
        return tuple(verdict for verdict in self.verdicts if verdict.gate in names and not verdict.passed)

    def volume_ml(self, volume: float) -> float | None:
        """Return a volume of cubic pixels in ml; None without a pixel spacing."""
        return None if self.mm_per_pixel is None else volume * self.mm_per_pixel**3 / 1000

    def frame_number(self, position: int) -> int:
        """Return the number in the file, from 1 as DICOM counts, of a chosen frame."""
        return int(self.prepared.frame_indices[position]) + 1


def assess(prepared: PreparedClip, found: Segmentation) -> Function:
    """Measure the chambers on every frame and find the beats.

    Frames below FRAME_CONFIDENCE_MIN are left out of the curve. Nothing is measured where the contours as a
    whole are not trusted, or where the view is another than the apical four-chamber one ("unknown" is measured).
    """
    trusted = np.asarray(found.confidence >= FRAME_CONFIDENCE_MIN)
    if prepared.view.view == "other":
        return _nothing(prepared, found, OTHER_VIEW)
    if not found.trusted or not trusted.any():
        return _nothing(prepared, found, UNCERTAIN)
    frames = [measure_frame(found, position) if ok else FrameChambers() for position, ok in enumerate(trusted)]
    volumes = np.array([np.nan if frame.ventricle is None else frame.ventricle.volume for frame in frames])
    if not np.isfinite(volumes).any():
        return _nothing(prepared, found, "no frame shows a ventricle that can be measured")
    return _judged(_with_beats(prepared, found, frames, volumes))


def _with_beats(
    prepared: PreparedClip, found: Segmentation, frames: list[FrameChambers], volumes: np.ndarray
) -> Function:
    rate = prepared.timing.frame_rate_hz
    curve = smooth(volumes, rate)
    cycles = find_cycles(curve, np.isfinite(volumes), known_frames(volumes, rate), prepared)
    return Function(
        prepared=prepared,
        found=found,
        ventricles=tuple(frame.ventricle for frame in frames),
        curve=curve,
        beats=cycles.beats,
        beat=cycles.beat,
        no_beat_reason=None if cycles.beat else cycles.refused or why_no_beat(curve),
        mm_per_pixel=_mm_per_pixel(prepared),
        no_size_reason=prepared.spacing.reason,
        verdicts=(),
        atria=tuple(frame.atrium for frame in frames),
        annuli=tuple(frame.annulus for frame in frames),
        cycles=cycles,
    )


def _judged(function: Function) -> Function:
    """Judge plane, number of beats and size of the ventricle; an implausible size takes the spacing away."""
    verdicts = _judge_plane(function)
    sizes = _judge_size(function)
    if all(verdict.passed for verdict in sizes):
        return replace(function, verdicts=verdicts + sizes + _judge_usual(function))
    seen = ", ".join(f"{verdict.value:.3g} {verdict.unit}" for verdict in sizes)
    reason = f"the pixel spacing is implausible: it makes the ventricle {seen}"
    return replace(function, mm_per_pixel=None, no_size_reason=reason, verdicts=verdicts + sizes)


def _judge_plane(function: Function) -> tuple[Verdict, ...]:
    """Judge whether the plane holds the ventricle; what needs its motion, on a clip only."""
    inside = ventricle_inside(function.found.labels, function.prepared.sector)
    if len(function.prepared.frame_indices) == 1:
        return (inside,)
    missing = (np.nan, np.nan)
    sizes = np.array([missing if c is None else (c.axis.length, c.area) for c in function.ventricles])
    beats = (BEAT_GATE.judge(float(len(function.beats))), *_judge_agreement(function))
    return (inside, *foreshortening(sizes[:, 0], sizes[:, 1]), *beats)


def _judge_agreement(function: Function) -> tuple[Verdict, ...]:
    spread = function.cycles.ef_range_pct if function.cycles else None
    return () if spread is None else (AGREEMENT_GATE.judge(round(spread, 1)),)


def _judge_size(function: Function) -> tuple[Verdict, ...]:
    mm, volume = function.mm_per_pixel, function.volume_ml(float(function.curve[function.ed]))
    if mm is None or volume is None:
        return ()
    chamber = function.ventricles[function.ed]
    lengths = () if chamber is None else (LENGTH_GATE.judge(chamber.axis.length * mm / 10),)
    return (*lengths, VOLUME_GATE.judge(volume))


def _judge_usual(function: Function) -> tuple[Verdict, ...]:
    """Judge sizes that are possible, and yet speak for a wrong pixel spacing; () without a spacing."""
    atria = [chamber.volume for chamber in function.atria if chamber is not None]
    strokes = [beat.edv - beat.esv for beat in function.averaged]
    sizes = (
        (USUAL_VOLUME_GATE, [float(function.curve[function.ed])]),
        (USUAL_ATRIUM_GATE, [float(np.percentile(atria, 90))] if atria else []),
        (USUAL_STROKE_GATE, [float(np.mean(strokes))] if strokes else []),
    )
    known = [(gate, function.volume_ml(size)) for gate, sizes_px in sizes for size in sizes_px]
    return tuple(gate.judge(round(ml, 1)) for gate, ml in known if ml is not None)


def _nothing(prepared: PreparedClip, found: Segmentation, reason: str) -> Function:
    return Function(
        prepared, found, (), np.empty(0), (), None, reason, _mm_per_pixel(prepared), prepared.spacing.reason, ()
    )


def _mm_per_pixel(prepared: PreparedClip) -> float | None:
    mm, box = prepared.spacing.mm, prepared.letterbox
    return None if mm is None else mm * box.side / box.size
