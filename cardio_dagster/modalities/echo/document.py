"""The echo document: one clip's results as plain data, for `cardio echo FILE --json`.

Belongs here: running the verbs on one file and naming the keys of the document. Not here:
measuring, and printing (cli.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.analyse import measure, problems_of
from cardio_dagster.modalities.echo.clip import EchoClip, PreparedClip, Segmentation
from cardio_dagster.modalities.echo.detect import detect
from cardio_dagster.modalities.echo.function import Function, assess
from cardio_dagster.modalities.echo.segmentation.letterbox import native_labels
from cardio_dagster.modalities.echo.formats.limits import allocate_frames
from cardio_dagster.modalities.echo.preprocess import prepare, preprocess
from cardio_dagster.modalities.echo.validate import validate
from cardio_dagster.outcome import Problem, Severity, Step, Verdict

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BeatEntry:
    """One beat: frame numbers in the file, from 1; volumes None without a pixel spacing."""

    ed_frame: int
    es_frame: int
    lvef_pct: float
    lv_edv_ml: float | None
    lv_esv_ml: float | None


@dataclass(frozen=True, slots=True)
class EchoDocument:
    """What one echo file yielded; every null key has its reason under the same name in `reasons`.

    `quality` is the share of the image gates that passed, `confidence` the median over the
    frames of the probability along the ventricle's boundary, both from 0 to 1.
    """

    format: str | None
    view: str | None
    frames: int | None
    frame_rate_hz: float | None
    pixel_spacing_mm: float | None
    quality: float | None
    lvef_pct: float | None
    lv_edv_ml: float | None
    lv_esv_ml: float | None
    la_volume_ml: float | None
    beats: tuple[BeatEntry, ...]
    wall_motion: tuple[float, ...] | None
    confidence: float | None
    model_sha256: str | None
    measurements: tuple[Measurement, ...]
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
    """Return the document and the masks of `native_masks`, decoding the file once.

    The masks are None where there is no segmentation; the document's problems say why.
    """
    examined = _examine(path, options, every_frame=True)
    return _document(examined), _masks(examined, options)


def native_masks(path: Path, options: Options) -> np.ndarray | None:
    """Return the label maps (t, h, w) uint8 of every frame, in the file's own pixels, uncropped.

    Labels: 0 background, 1 left-ventricle cavity, 2 myocardium, 3 left atrium. Unlike for the
    measurements, no frame is passed over, however long or fast the clip is. None where the file
    cannot be read or shows no ventricle; StudyError E_HARD_002 where masks exceed the memory limit.
    """
    return _masks(_examine(path, options, every_frame=True), options)


def _examine(path: Path, options: Options, *, every_frame: bool = False) -> _Examination:
    log = _Log([], [])
    clip = log.take(lambda: validate(path, options, every_frame=every_frame))
    prepared = None if clip is None else log.take(lambda: preprocess(clip, options))
    found = None if prepared is None else log.take(lambda: detect(prepared, options))
    return _Examination(clip, prepared, found, tuple(log.problems), tuple(log.verdicts))


def _masks(examined: _Examination, options: Options) -> np.ndarray | None:
    clip, prepared, found = examined.clip, examined.prepared, examined.found
    if clip is None or prepared is None or found is None:
        return None
    if len(found.labels) < len(clip.frames):
        prepared = prepare(clip, np.arange(len(clip.frames))).data
        found = None if prepared is None else detect(prepared, options).data
        if prepared is None or found is None:
            return None
    masks = allocate_frames(len(clip.frames), clip.full_height, clip.full_width, options)
    for index, labels in enumerate(native_labels(found, prepared.letterbox)):
        masks[index] = labels
    return masks


def _document(examined: _Examination) -> EchoDocument:
    clip, prepared, found = examined.clip, examined.prepared, examined.found
    function = assess(prepared, found) if prepared and found else None
    measurements = measure(function) if function else ()
    values = {m.name: m.value for m in measurements}
    document = EchoDocument(
        format=clip.format if clip else None,
        view=None,
        frames=clip.frames_in_file if clip else None,
        frame_rate_hz=clip.timing.frame_rate_hz if clip else None,
        pixel_spacing_mm=clip.spacing.mm if clip else None,
        quality=prepared.quality if prepared else None,
        lvef_pct=values.get("lvef_pct"),
        lv_edv_ml=values.get("lv_edv_ml"),
        lv_esv_ml=values.get("lv_esv_ml"),
        la_volume_ml=values.get("la_volume_ml"),
        beats=_beats(function) if function else (),
        wall_motion=None,
        confidence=found.median_confidence if found else None,
        model_sha256=found.model_sha256 if found else None,
        measurements=measurements,
        verdicts=examined.verdicts + (function.verdicts if function else ()),
        problems=examined.problems + (problems_of(function) if function else ()),
        reasons={},
    )
    return replace(document, reasons=_reasons(document, clip))


def _beats(function: Function) -> tuple[BeatEntry, ...]:
    return tuple(
        BeatEntry(
            function.frame_number(beat.ed),
            function.frame_number(beat.es),
            round(beat.ef_pct, 1),
            _rounded(function.volume_ml(beat.edv)),
            _rounded(function.volume_ml(beat.esv)),
        )
        for beat in function.beats
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _reasons(document: EchoDocument, clip: EchoClip | None) -> dict[str, str]:
    """Return for each null key of the document the reason why it is null."""
    stopped = next(
        (p.message for p in document.problems if p.severity in (Severity.ERROR, Severity.CRITICAL)), "not reached"
    )
    known = {m.name: m.reason for m in document.measurements if m.reason}
    known |= {"view": "views are not classified yet", "wall_motion": "regional wall motion is not measured yet"}
    if clip is not None:
        known |= {"pixel_spacing_mm": clip.spacing.reason or "", "frame_rate_hz": clip.timing.reason or ""}
    nulls = [field.name for field in fields(document) if getattr(document, field.name) is None]
    return {name: known.get(name) or stopped for name in nulls}
