"""Wall motion as the report reads it: measurements and findings.

Belongs here: names, units, wording, grades. Not here: how motion is measured (assess.py) or scored
(scores.py).
"""

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.echo.motion.assess import SegmentMotion, WallMotion
from cardio_dagster.modalities.echo.motion.scores import VERSION

INDEX_METHOD = "mean of the scores (1 normal to 4 dyskinetic) of the segments scored, ASE/EACVI 2015; A4C only"
EXCURSION_METHOD = "motion towards the long axis at end-systole over the end-diastolic distance, contours by network"
GLS_METHOD = (
    "change of the endocardial line's length from end-diastole to end-systole, contours by network, A4C only; "
    "not speckle tracking, with which values differ by vendor (ASE/EACVI 2015: about -20 % in the healthy), so without "
    "a reference range"
)
RULE = f"excursion against normal segments, {VERSION}; wording of ASE/EACVI 2015"
ONE_PLANE = "one plane only, to be confirmed by a reader"
ONE_BEAT = "seen in one beat only"
_KINDS = {2: "Hypokinesia", 3: "Akinesia", 4: "Dyskinesia"}
_INDEX, _GLS = "wall_motion_score_index", "gls_contour_pct"
_SEGMENTS_FOR_GLOBAL = 4


def measure_motion(motion: WallMotion) -> tuple[Measurement, ...]:
    """Return score index, longitudinal shortening and the excursion of each segment, each with a value or a reason."""
    scored = sum(segment.score is not None for segment in motion.segments)
    why = motion.reason or "no segment could be scored"
    evidence = _evidence(motion)
    index, gls = motion.wall_motion_score_index, motion.gls_pct
    return (
        Measurement(
            _INDEX, "Wall motion score index", index and round(index, 2), "1", INDEX_METHOD, 1.0, 1.0, "ASE/EACVI 2015",
            None if index else why, evidence=f"{scored} segments; {evidence}" if index else None,
            confidence=motion.confidence if index else None,
        ),
        Measurement(
            _GLS, "Global longitudinal shortening (contour)", gls, "%", GLS_METHOD,
            reason=why if gls is None else None, evidence=None if gls is None else evidence,
            confidence=None if gls is None else motion.confidence,
        ),
        *(_excursion(segment, evidence, motion.confidence) for segment in motion.segments),
    )  # fmt: skip


def motion_findings(motion: WallMotion) -> tuple[Finding, ...]:
    """Return what is abnormal, segment by segment or as a whole, or one statement that nothing is; () without a score.

    A ventricle whose scored segments (four or more) all move alike and too little is hypokinetic as a whole.
    A segment that is weak in one beat only (a clip may hold no other) is a note, and so is a hypokinetic
    segment alone: of the normal ventricles one in seven shows one.
    """
    scored = [segment for segment in motion.segments if segment.score is not None]
    abnormal = [segment for segment in scored if (segment.score or 1) > 1]
    if not scored:
        return ()
    if not abnormal:
        text = f"No wall motion abnormality in the {len(scored)} segments scored ({ONE_PLANE})"
        return (_finding("WALL_MOTION_NORMAL", text, Grade.NORMAL, motion),)
    if motion.alike and len(scored) >= _SEGMENTS_FOR_GLOBAL:
        return (_global(abnormal, motion),)
    return tuple(_regional(segment, len(abnormal) == 1, motion) for segment in abnormal)


def _excursion(segment: SegmentMotion, evidence: str | None, confidence: float | None) -> Measurement:
    name = f"excursion_{segment.name.replace(' ', '_')}_pct"
    label = f"Excursion of the {segment.name} (segment {segment.number})"
    value = segment.excursion_pct
    return Measurement(
        name, label, value, "%", EXCURSION_METHOD, reason=None if value is not None else segment.reason,
        evidence=None if value is None else f"score {segment.score}; {evidence}",
        confidence=None if value is None else confidence,
    )  # fmt: skip


def _global(abnormal: list[SegmentMotion], motion: WallMotion) -> Finding:
    kind = _KINDS[max(segment.score or 1 for segment in abnormal)]
    text = f"Global {kind.lower()}: all {len(abnormal)} segments scored ({ONE_PLANE})"
    return _finding(f"GLOBAL_{kind.upper()}", text, Grade.ABNORMAL, motion)


def _regional(segment: SegmentMotion, alone: bool, motion: WallMotion) -> Finding:
    kind = _KINDS[segment.score or 2]
    name = f"excursion_{segment.name.replace(' ', '_')}_pct"
    limits = ONE_PLANE if segment.is_confirmed else f"{ONE_BEAT}, {ONE_PLANE}"
    text = f"{kind} of the {segment.name}, excursion {segment.excursion_pct:.0f} % ({limits})"
    is_note = not segment.is_confirmed or (alone and segment.score == 2)
    grade = Grade.NOTE if is_note else Grade.ABNORMAL
    return _finding(f"{kind.upper()}_{segment.name.replace(' ', '_').upper()}", text, grade, motion, name)


def _finding(code: str, text: str, grade: Grade, motion: WallMotion, *names: str) -> Finding:
    return Finding(code, text, grade, RULE, (_INDEX, *names), evidence=_evidence(motion))


def _evidence(motion: WallMotion) -> str | None:
    if motion.ed_frame is None:
        return None
    said = f"frames {motion.ed_frame} (ED) and {motion.es_frame} (ES)"
    if motion.agreement is None:
        return said
    return f"{said}; {motion.agreement:.0%} of the scores are the same in {motion.beats - 1} other beats"
