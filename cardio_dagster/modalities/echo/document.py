"""The echo document: one clip's results as plain data, for `cardio echo FILE --json`.

Belongs here: running the verbs on one file and naming the keys of the document. Not here:
measuring (measuring/, motion/), masks (masks.py) and printing (commands/).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Finding, Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.analyse import Reading, interpret
from cardio_dagster.modalities.echo.clip import EchoClip, PreparedClip, Segmentation
from cardio_dagster.modalities.echo.detect import detect
from cardio_dagster.modalities.echo.masks import native_masks
from cardio_dagster.modalities.echo.measuring.beats import BeatResult, beat_results
from cardio_dagster.modalities.echo.motion.assess import WallMotion
from cardio_dagster.modalities.echo.preprocess import preprocess
from cardio_dagster.modalities.echo.validate import validate
from cardio_dagster.outcome import Problem, Severity, Step, Verdict

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """One wall segment: its number in the 17-segment model; a score from 1 to 4 or the reason why there is none."""

    number: int
    name: str
    score: int | None
    excursion_pct: float | None
    thickening_pct: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class WallMotionEntry:
    """The wall over the beat shown; null values have their reason in the segments."""

    wall_motion_score_index: float | None
    gls_pct: float | None
    segments: tuple[SegmentEntry, ...]


@dataclass(frozen=True, slots=True)
class EchoDocument:
    """What one echo file yielded; every null key has its reason under the same name in `reasons`.

    `view` is "A4C", "other" or "unknown". `quality` is the share of the picture's gates that passed,
    `confidence` the median over the frames of the Dice that is to be expected of the ventricle, both
    from 0 to 1. `mode` is "b_mode" or "colour_doppler", `device` what the header says of the machine.
    """

    format: str | None
    view: str | None
    view_probability: float | None
    is_cardiac: bool | None
    mode: str | None
    frames: int | None
    frame_rate_hz: float | None
    pixel_spacing_mm: float | None
    quality: float | None
    lvef_pct: float | None
    lv_edv_ml: float | None
    lv_esv_ml: float | None
    la_volume_ml: float | None
    beats: tuple[BeatResult, ...]
    wall_motion: WallMotionEntry | None
    confidence: float | None
    model_sha256: str | None
    device: dict[str, str]
    measurements: tuple[Measurement, ...]
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    problems: tuple[Problem, ...]
    reasons: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Examination:
    """What the verbs made of one file, as far as they came."""

    clip: EchoClip | None
    prepared: PreparedClip | None
    found: Segmentation | None
    problems: tuple[Problem, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class _Log:
    """Problems and verdicts gathered on the way."""

    problems: list[Problem]
    verdicts: list[Verdict]

    def take(self, verb: Callable[[], Step[T]]) -> T | None:
        """Run a verb, keep what it says, and return its data; None where the study is at fault."""
        try:
            step = verb()
        except StudyError as error:
            self.problems.append(error.problem)
            return None
        self.problems.extend(step.problems)
        self.verdicts.extend(step.verdicts)
        return step.data


def describe(path: Path, options: Options) -> EchoDocument:
    """Run every verb on one file and return the document.

    A file that cannot be read or measured yields a document of nulls with its problems; machine
    failures (model, memory) are raised.
    """
    return _document(_examine(path, options))


def describe_with_masks(path: Path, options: Options) -> tuple[EchoDocument, np.ndarray | None]:
    """Return the document, and the labels of every frame as `masks.native_masks` has them.

    The masks are None where there is no segmentation; the document's problems say why.
    """
    examined = _examine(path, options)
    if examined.prepared is None or examined.found is None:
        return _document(examined), None
    return _document(examined), native_masks(path, examined.prepared, examined.found, options)


def _examine(path: Path, options: Options) -> _Examination:
    log = _Log([], [])
    clip = log.take(lambda: validate(path, options))
    prepared = None if clip is None else log.take(lambda: preprocess(clip, options))
    found = None if prepared is None else log.take(lambda: detect(prepared, options))
    return _Examination(clip, prepared, found, tuple(log.problems), tuple(log.verdicts))


def _document(examined: _Examination) -> EchoDocument:
    clip, prepared, found = examined.clip, examined.prepared, examined.found
    reading = interpret(prepared, found) if prepared and found else None
    values = {m.name: m.value for m in reading.measurements} if reading else {}
    document = EchoDocument(
        format=clip.format if clip else None,
        view=prepared.view.view if prepared else None,
        view_probability=prepared.view.probability if prepared else None,
        is_cardiac=prepared.view.is_cardiac if prepared else None,
        mode=clip.mode if clip else None,
        frames=clip.frames_in_file if clip else None,
        frame_rate_hz=clip.timing.frame_rate_hz if clip else None,
        pixel_spacing_mm=clip.spacing.mm if clip else None,
        quality=prepared.quality if prepared else None,
        lvef_pct=values.get("lvef_pct"),
        lv_edv_ml=values.get("lv_edv_ml"),
        lv_esv_ml=values.get("lv_esv_ml"),
        la_volume_ml=values.get("la_volume_ml"),
        beats=beat_results(reading.function) if reading else (),
        wall_motion=_wall_motion(reading.motion) if reading else None,
        confidence=found.median_confidence if found else None,
        model_sha256=found.model_sha256 if found else None,
        device=clip.device if clip else {},
        measurements=reading.measurements if reading else (),
        findings=reading.findings if reading else (),
        verdicts=examined.verdicts + (reading.function.verdicts if reading else ()),
        problems=examined.problems + (reading.problems if reading else ()),
        reasons={},
    )
    return replace(document, reasons=_reasons(document, examined, reading))


def _wall_motion(motion: WallMotion) -> WallMotionEntry | None:
    """Return the wall's entry; None where no segment could be measured."""
    entries = tuple(
        SegmentEntry(s.number, s.name, s.score, s.excursion_pct, s.thickening_pct, s.reason) for s in motion.segments
    )
    if motion.gls_pct is None and all(entry.score is None for entry in entries):
        return None
    return WallMotionEntry(motion.wall_motion_score_index, motion.gls_pct, entries)


def _reasons(document: EchoDocument, examined: _Examination, reading: Reading | None) -> dict[str, str]:
    """Return for each null key of the document the reason why it is null."""
    stopped = next(
        (p.message for p in document.problems if p.severity in (Severity.ERROR, Severity.CRITICAL)), "not reached"
    )
    known = {m.name: m.reason for m in document.measurements if m.reason}
    if examined.clip is not None:
        known["pixel_spacing_mm"] = examined.clip.spacing.reason or ""
        known["frame_rate_hz"] = examined.clip.timing.reason or ""
    if examined.prepared is not None:
        unseen = examined.prepared.view.reason or "not told apart in this view"
        known |= {"view_probability": unseen, "is_cardiac": unseen}
    if reading is not None:
        known["wall_motion"] = reading.motion.reason or next(
            (s.reason for s in reading.motion.segments if s.reason), ""
        )
    nulls = [field.name for field in fields(document) if getattr(document, field.name) is None]
    return {name: known.get(name) or stopped for name in nulls}
