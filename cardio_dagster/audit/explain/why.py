"""Why each stage ran or did not: from what changed between two passes.

Belongs here: choosing the reason and saying it. Not here: what changed (changed.py), what a study waits for (waiting.py).
"""

from collections.abc import Iterator

from cardio_dagster.audit.explain.changed import failed_by_machine, what_changed
from cardio_dagster.audit.explain.course import FAN_OUT, STAGES, Course
from cardio_dagster.audit.explain.parts import StageExplained, What
from cardio_dagster.audit.lineage.stages import maker, recorded
from cardio_dagster.audit.lineage.story import Told, passed
from cardio_dagster.audit_contents import ModalityPassed

_CUT = 12
_ANSWERS = {  # what a study in ERROR passes through gets no record of its own but the closing
    "report": "all the same, for the error response that every study in ERROR gets",
    "release": "all the same, to close the study with its error",
}
_WORST = {"failed": What.FAILED, "skipped": What.SKIPPED}


def explain_stages(course: Course, modalities: tuple[str, ...], closing: Told | None) -> tuple[StageExplained, ...]:
    """Return why each stage, and each of the study's modalities in it, ran or did not, in the order of the states.

    `closing` is the record of the report's closing; None where none is closed.
    """
    return tuple(told for stage in STAGES for told in _of_stage(course, stage, modalities, closing))


def _of_stage(
    course: Course, stage: str, modalities: tuple[str, ...], closing: Told | None
) -> Iterator[StageExplained]:
    now = course.now.get(stage)
    if now is None and closing is not None and stage in _ANSWERS and _ended_in(course, closing):
        yield StageExplained(stage, None, What.RAN, _ANSWERS[stage], recorded=recorded(closing.record))
    elif now is None:
        yield _not_reached(course, stage)
    elif stage in FAN_OUT:
        parts = {part.modality: part for part in passed(now).modalities}
        for modality in dict.fromkeys((*modalities, *parts)):
            part = parts.get(modality)
            yield _absent(course, stage, modality) if part is None else _of_part(course, now, part)
    else:
        yield _single(course, now)


def _ended_in(course: Course, closing: Told) -> bool:
    """Return whether the error of the last pass is the one that was closed."""
    return course.error is not None and course.error.record.seq < closing.record.seq


def _not_reached(course: Course, stage: str) -> StageExplained:
    if course.error is not None:
        error = passed(course.error)
        why = f"because the study was in ERROR since {error.from_state}, with {error.error}"
        return StageExplained(stage, None, What.NOT_RUN, why)
    if stage in course.stale:
        earlier = passed(course.stale[stage]).run_id[:_CUT]
        return StageExplained(
            stage, None, What.NOT_REACHED, f"again: run {earlier} passed it, a later run has not come so far"
        )
    return StageExplained(stage, None, What.NOT_REACHED, "yet")


def _absent(course: Course, stage: str, modality: str) -> StageExplained:
    """Explain a modality that a stage left out: it had dropped out in an earlier one."""
    for earlier in FAN_OUT[: FAN_OUT.index(stage)]:
        told = course.now.get(earlier)
        for part in passed(told).modalities if told else ():
            if part.modality == modality and part.status in _WORST:
                return StageExplained(stage, modality, What.NOT_RUN, f"because it {_past(part)} in {earlier}")
    return StageExplained(stage, modality, What.NOT_RUN, "and no record says why")


def _single(course: Course, now: Told) -> StageExplained:
    """Explain a stage that keeps no checkpoint."""
    former = course.former(now)
    if former is None:
        what, why = What.RAN, "for the first time"
    else:
        what, why = What.AGAIN, f"as every run repeats it; {_outcome(former, now)} run {passed(former).run_id[:_CUT]}"
    return _told(now, None, what, why, None)


def _outcome(former: Told, now: Told) -> str:
    same = passed(former).data_version == passed(now).data_version
    return "the result is that of" if same else "the result is another than that of"


def _of_part(course: Course, now: Told, part: ModalityPassed) -> StageExplained:
    if part.reused:
        source = maker(part, passed(now).stage, course.history)
        made = f"run {source[:_CUT]} made it" if source else "no record says which run made it"
        why = f"because files, code and models are the same, and {made}{_with(part)}"
        return _told(now, part, What.REUSED, why, part.key)
    former = _former(course, now, part)
    what = _WORST.get(part.status, What.RAN if former is None else What.AGAIN)
    reason = _reason(course, former, (now, part))
    why = f"{_codes(part)}; it ran {reason}" if part.status in _WORST else f"{reason}{_with(part)}"
    return _told(now, part, what, why, part.key)


def _reason(course: Course, former: tuple[Told, ModalityPassed] | None, now: tuple[Told, ModalityPassed]) -> str:
    if former is None:
        return "for the first time"
    changes = what_changed(course, former, now)
    if changes:
        return f"because {'; '.join(changes)}"
    failed = failed_by_machine(former[1])
    if failed:
        return f"because the former attempt failed by the machine ({', '.join(failed)})"
    if former[1].key != now[1].key:
        return "because what it is made from changed, in a way that no record names"
    if now[1].key is None:
        return "as every run repeats it"
    return "although nothing changed: its checkpoint was gone or did not read"


def _former(course: Course, now: Told, part: ModalityPassed) -> tuple[Told, ModalityPassed] | None:
    """Return the last time before this one that the modality passed the stage, in whichever revision."""
    found = [
        (told, other)
        for told in course.of(passed(now).stage, until_seq=now.record.seq - 1)
        for other in passed(told).modalities
        if other.modality == part.modality
    ]
    return found[-1] if found else None


def _with(part: ModalityPassed) -> str:
    return f" ({part.status}: {', '.join(part.problems)})" if part.problems else ""


def _codes(part: ModalityPassed) -> str:
    if part.status == "skipped":
        return "by design"
    return f"with {', '.join(part.problems)}" if part.problems else "without a code"


def _past(part: ModalityPassed) -> str:
    return f"was {part.status}" if part.status == "skipped" else f"{part.status} {_codes(part)}"


def _told(now: Told, part: ModalityPassed | None, what: What, why: str, key: str | None) -> StageExplained:
    content = passed(now)
    return StageExplained(
        content.stage,
        part.modality if part else None,
        what,
        why,
        content.run_id,
        content.door,
        key,
        recorded(now.record),
    )
