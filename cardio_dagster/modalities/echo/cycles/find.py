"""The cardiac cycles of a clip: from curve and R waves to the beats that are measured.

Belongs here: which source is used, which beats may be relied on. Not here: how either source finds beats
(beats.py, r_waves.py), which beats are averaged (rhythm.py).
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from cardio_dagster.modalities.echo.clip import PreparedClip
from cardio_dagster.modalities.echo.cycles.beats import FRAMES_MIN, Beat, find_beats, is_at_rest
from cardio_dagster.modalities.echo.cycles.half_emptied import with_cycle_lengths
from cardio_dagster.modalities.echo.cycles.plausible import plausible_beats
from cardio_dagster.modalities.echo.cycles.r_waves import beats_at_r_waves, disagreement
from cardio_dagster.modalities.echo.cycles.rhythm import (
    EF_RANGE_MAX_PCT,
    Selection,
    ef_range_pct,
    rate_bpm,
    representative,
    select_beats,
)

FROM_CURVE = "volume curve"
NO_MOTION = "the clip does not move: the ventricle keeps its size"
_MARGIN = 2  # frames around a beat that must be known too: the true end-diastole may hide there
_NEAR = 1  # frames that an end-diastole or end-systole may be moved to a frame that was measured


@dataclass(frozen=True, slots=True)
class Cycles:
    """The beats of a clip in order of time, and what they were found by.

    `averaged` are those of `beats` that the means rest on, `beat` the one of them to show; both are empty where
    `refused` says why no beat may be measured. `ef_range_pct` is that of rhythm.py. `source` names
    what the beats were found by, `note` what else must be known of it. `rhythm` is one of
    rhythm.BEATS_WANTED. The two heart rates are None without two beats in the images, or two R waves.
    """

    beats: tuple[Beat, ...]
    averaged: tuple[Beat, ...]
    beat: Beat | None
    rhythm: str
    source: str
    note: str | None
    image_rate_bpm: float | None
    r_wave_rate_bpm: float | None
    ef_range_pct: float | None = None
    refused: str | None = None


def find_cycles(curve: np.ndarray, measured: np.ndarray, known: np.ndarray, prepared: PreparedClip) -> Cycles:
    """Find the beats of a smoothed curve (n,) and choose those to average.

    `measured` (n,) bool are frames with a trusted volume, `known` those that may be relied on besides
    (short gaps). A beat that rests on an unknown frame between end-diastole and end-systole is left out;
    so is one whose end-diastole or end-systole lies farther than a frame from a measured one, and one whose
    systole is too short or too long. Where beats differ by more than one rhythm allows, none is measured.
    R waves are used where the file has them and they do not contradict the images.
    """
    times, rate = frame_times_s(prepared), prepared.timing.frame_rate_hz
    every = with_cycle_lengths(find_beats(curve, rate), curve, known, times)
    seen = plausible_beats(every, times)
    found, source, note = _found(curve, times, prepared, seen)
    sure = tuple(b for b in (_resting(beat, curve, measured, known) for beat in found) if b is not None)
    beats = plausible_beats(sure, times)
    implausible = len(sure) - len(beats) + (len(every) - len(seen) if source == FROM_CURVE else 0)
    selection = select_beats(beats)
    refused = _why_refused(selection, implausible)
    averaged = () if refused else selection.averaged
    trace = [float(b - a) for a, b in pairwise(np.sort(prepared.r_waves.times_s))]
    notes = [note, selection.left_out, *_dropped(len(found) - len(sure), implausible)]
    return Cycles(
        beats, averaged, representative(averaged) if averaged else None, selection.rhythm, source,
        "; ".join(n for n in notes if n) or None,
        rate_bpm([b.rr_s for b in seen if b.rr_s], selection.rhythm), rate_bpm(trace, selection.rhythm),
        ef_range_pct(selection), refused,
    )  # fmt: skip


def _dropped(uncertain: int, implausible: int) -> list[str]:
    """Return what became of the beats that are not listed."""
    said = [f"{uncertain} beats rest on uncertain frames"] if uncertain else []
    return [*said, f"{implausible} contractions too short or too long for a systole"] if implausible else said


def _why_refused(selection: Selection, implausible: int) -> str | None:
    """Return why none of the beats may be measured; None where some may, or where there never was one."""
    if not selection.averaged:
        return "no contraction of the clip lasts as long as a systole" if implausible else None
    spread = ef_range_pct(selection)
    if spread is None or spread <= EF_RANGE_MAX_PCT:
        return None
    listed = ", ".join(f"{beat.ef_pct:.0f}" for beat in selection.averaged)
    return f"the beats of the clip contradict each other: ejection fractions of {listed} % in no irregular rhythm"


def frame_times_s(prepared: PreparedClip) -> np.ndarray | None:
    """Return the times (n,) of the prepared frames from the first frame of the file; None without a frame rate."""
    rate, indices = prepared.timing.frame_rate_hz, prepared.frame_indices
    if rate is None:
        return None
    step = int(indices[1] - indices[0]) if len(indices) > 1 else 1
    return np.asarray(indices / (rate * step))


def why_no_beat(curve: np.ndarray) -> str:
    """Return why a clip of this volume curve (n,) yields no beat."""
    frames = len(curve)
    if frames == 1:
        return "a still shows no contraction"
    if frames < FRAMES_MIN:
        return f"{frames} frames are too few to find a contraction, {FRAMES_MIN} are needed"
    return NO_MOTION if is_at_rest(curve) else "the clip shows no whole contraction of the ventricle"


def _found(
    curve: np.ndarray, times: np.ndarray | None, prepared: PreparedClip, seen: tuple[Beat, ...]
) -> tuple[tuple[Beat, ...], str, str | None]:
    """Return the beats, their source and why R waves that the file has were not used."""
    r_times = prepared.r_waves.times_s
    if times is None or not len(r_times) or not seen:
        return seen, FROM_CURVE, None
    contradiction = disagreement(curve, times, r_times, seen)
    if contradiction:
        return seen, FROM_CURVE, contradiction
    beats = beats_at_r_waves(curve, times, r_times)
    if not beats:
        return seen, FROM_CURVE, "no whole cycle between R waves lies in the clip"
    return beats, f"R waves ({prepared.r_waves.source})", None


def _resting(beat: Beat, curve: np.ndarray, measured: np.ndarray, known: np.ndarray) -> Beat | None:
    """Move a beat to measured frames; None where it rests on frames that cannot be relied on."""
    first, last = sorted((beat.ed, beat.es))
    if not known[max(first - _MARGIN, 0) : last + _MARGIN + 1].all():
        return None
    ed, es = _nearest(beat.ed, measured), _nearest(beat.es, measured)
    if ed is None or es is None:
        return None
    return replace(beat, ed=ed, es=es, edv=float(curve[ed]), esv=float(curve[es]))


def _nearest(position: int, measured: np.ndarray) -> int | None:
    near = [p for p in (position, position - _NEAR, position + _NEAR) if 0 <= p < len(measured) and measured[p]]
    return near[0] if near else None
