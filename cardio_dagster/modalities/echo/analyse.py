"""ANALYSIS of an echo clip: assess, measure, state, draw.

Belongs here: the order of these four. Not here: how volumes and beats are found (function.py, cycles/,
volumes/), names and units (measuring/), statements (findings.py), pictures (drawing/).
"""

from dataclasses import dataclass, replace

from cardio_dagster.errors import problem
from cardio_dagster.finding import Analysis, Figure, Finding, Measurement
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import PreparedClip, Segmentation
from cardio_dagster.modalities.echo.drawing.curve import draw_curve
from cardio_dagster.modalities.echo.drawing.frames import draw_frames
from cardio_dagster.modalities.echo.drawing.loop import draw_loop
from cardio_dagster.modalities.echo.drawing.motion import draw_motion
from cardio_dagster.modalities.echo.findings import find_statements, with_caveats
from cardio_dagster.modalities.echo.function import (
    LENGTH_GATE,
    OTHER_VIEW,
    USUAL_GATES,
    VOLUME_GATE,
    Function,
    assess,
)
from cardio_dagster.modalities.echo.measuring.measure import measure
from cardio_dagster.modalities.echo.measuring.quantity import UNKNOWN_VIEW
from cardio_dagster.modalities.echo.motion.assess import WallMotion, assess_motion
from cardio_dagster.modalities.echo.motion.measures import measure_motion, motion_findings
from cardio_dagster.outcome import Problem, Step


@dataclass(frozen=True, slots=True)
class Reading:
    """All that is said of one clip, before it belongs to a recording."""

    function: Function
    motion: WallMotion
    measurements: tuple[Measurement, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]


def analyse(prepared: PreparedClip, found: Segmentation, recording_id: str, options: Options) -> Step[Analysis]:
    """Measure function and size of the left heart and draw what was measured.

    What cannot be measured is null with its reason; with uncertain contours or in another view that is
    everything. A clip without a beat and an implausible size of the ventricle fail a gate.
    """
    reading = interpret(prepared, found)
    measurements = tuple(replace(m, recording_id=recording_id) for m in reading.measurements)
    findings = tuple(replace(f, modality="echo", recording_id=recording_id) for f in reading.findings)
    figures = tuple(replace(f, recording_id=recording_id) for f in _draw(reading.function, reading.motion))
    analysis = Analysis("echo", recording_id, measurements, findings, (), figures)
    return Step(analysis, reading.problems, reading.function.verdicts)


def interpret(prepared: PreparedClip, found: Segmentation) -> Reading:
    """Measure and state everything, without drawing; the one reading that report and document share."""
    function = assess(prepared, found)
    motion = assess_motion(function)
    measured = (*measure(function), *measure_motion(motion))
    stated = with_caveats((*find_statements(function, measured), *motion_findings(motion)), function)
    return Reading(function, motion, measured, stated, problems_of(function))


def problems_of(function: Function) -> tuple[Problem, ...]:
    """Return E_VALID_005 for an impossible size, E_QUALITY_002 for unusual ones, a doubtful view, beats or motion."""
    return (
        *_size_problems(function),
        *_unusual_problems(function),
        *_view_problems(function),
        *_beat_problems(function),
    )


def _size_problems(function: Function) -> tuple[Problem, ...]:
    if all(v.passed for v in function.verdicts if v.gate in (LENGTH_GATE.name, VOLUME_GATE.name)):
        return ()
    allowed = "a ventricle of 4 to 14 cm and 15 to 600 mL"
    return (problem("E_VALID_005", function.no_size_reason or "", allowed=allowed),)


def _unusual_problems(function: Function) -> tuple[Problem, ...]:
    if not function.unusual:
        return ()
    seen = ", ".join(f"{v.gate.removeprefix('echo_usual_')} {v.value:.0f} {v.unit}" for v in function.unusual)
    allowed = ", ".join(f"{gate.name.removeprefix('echo_usual_')} up to {gate.maximum:g} mL" for gate in USUAL_GATES)
    message = "almost no heart is so large: the pixel spacing is probably wrong"
    return (problem("E_QUALITY_002", message, seen=seen, allowed=allowed, cure="Check the calibration of the images."),)


def _beat_problems(function: Function) -> tuple[Problem, ...]:
    """Say that a clip does not move, or that its beats may not be measured."""
    refused = function.cycles and function.cycles.refused
    if not refused and not function.is_at_rest:
        return ()
    cure = "Record the clip again, or let a reader measure by hand."
    return (
        problem("E_QUALITY_002", refused or function.no_beat_reason or "", allowed="whole, alike beats", cure=cure),
    )


def _view_problems(function: Function) -> tuple[Problem, ...]:
    verdict = function.prepared.view
    if verdict.view == "A4C":
        return ()
    message = UNKNOWN_VIEW if verdict.view == "unknown" else f"{OTHER_VIEW}, nothing was measured"
    return (problem("E_QUALITY_002", message, seen=verdict.reason, allowed="apical four-chamber view"),)


def _draw(function: Function, motion: WallMotion) -> tuple[Figure, ...]:
    loop = draw_loop(function) if function.ventricles else None  # contours that nothing rests on do not move
    drawn = (draw_frames(function), draw_curve(function), loop, draw_motion(motion, function))
    return tuple(figure for figure in drawn if figure is not None)
