"""What changed between two passes of one modality through one stage.

Belongs here: naming each difference, from what to what. Not here: what follows from it (why.py).
"""

from collections.abc import Iterator

from cardio_dagster.audit.explain.course import STAGES, Course
from cardio_dagster.audit.lineage.story import Told, passed
from cardio_dagster.audit_contents import ModalityPassed
from cardio_dagster.errors import CODES, FailureClass

_CUT = 12
_LASTING = (FailureClass.VALIDATION, FailureClass.CORRUPTED_INPUT)  # come out the same again, and so are kept


def what_changed(
    course: Course, then: tuple[Told, ModalityPassed], now: tuple[Told, ModalityPassed]
) -> tuple[str, ...]:
    """Return the changes that gave a stage another checkpoint key: contents, code of it or of an earlier stage, models."""
    (old_told, old), (new_told, new) = then, now
    return (
        *_between("its files", old.inputs_sha256, new.inputs_sha256),
        *_between(f"the code of {new.modality}", old.code_version, new.code_version),
        *_of_stages(course, old_told, new_told),
        *_of_models(old.models, new.models),
    )


def failed_by_machine(part: ModalityPassed) -> tuple[str, ...]:
    """Return the codes of a part that a machine had its hand in; such a result is not taken again."""
    return tuple(c for c in part.problems if c in CODES and CODES[c].failure_class not in _LASTING)


def _between(what: str, then: str | None, now: str | None) -> Iterator[str]:
    if then != now:
        yield f"{what} changed from {_cut(then)} to {_cut(now)}"


def _of_stages(course: Course, then: Told, now: Told) -> Iterator[str]:
    """Tell each stage up to this one whose own code is not what it was when the former result was made."""
    for stage in list(STAGES)[: list(STAGES).index(passed(now).stage) + 1]:
        one, other = (_own_version(course, stage, told) for told in (then, now))
        if one and other and one != other:
            yield f"the code of {stage} changed from {one} to {other}"


def _own_version(course: Course, stage: str, told: Told) -> str | None:
    """Return the version of a stage's own code as of a record: the first word, before those of its modalities."""
    found = course.of(stage, until_seq=told.record.seq)
    return passed(found[-1]).code_version.split(" ")[0] if found else None


def _of_models(then: str | None, now: str | None) -> Iterator[str]:
    old, new = (then or "").split(), (now or "").split()
    if old != new:
        gone = ", ".join(h[:_CUT] for h in old if h not in new) or "none"
        come = ", ".join(h[:_CUT] for h in new if h not in old) or "none"
        yield f"its models changed from {gone} to {come}"


def _cut(value: str | None) -> str:
    return (value or "nothing")[:_CUT]
