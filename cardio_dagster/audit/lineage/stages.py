"""The stages behind a report: the last time that each was passed before the report was closed.

Belongs here: choosing those records, and the run that computed what a checkpoint gave. Not here: why a stage ran
(../explain/).
"""

from cardio_dagster.audit.lineage.parts import Recorded, StageTraced
from cardio_dagster.audit.lineage.story import Story, Told, passed
from cardio_dagster.audit_contents import ModalityPassed
from cardio_dagster.audit_record import Record
from cardio_dagster.outcome import State


def recorded(record: Record) -> Recorded:
    """Return where and when a record stands and who it is of."""
    return Recorded(record.seq, record.at, record.actor, record.role)


def stages_behind(story: Story, revision: int, until_seq: int | None) -> tuple[StageTraced, ...]:
    """Return each stage, and each modality of it, as it was last passed up to a record; all of them if None."""
    last: dict[tuple[int, str], tuple[Told, ModalityPassed | None]] = {}
    history = story.stages(until_seq=until_seq)
    for told in history:
        content = passed(told)
        if told.record.revision != revision or content.error is not None:
            continue
        order = State[content.to_state].value
        parts: tuple[ModalityPassed | None, ...] = content.modalities or (None,)
        for part in parts:
            last[order, part.modality if part else ""] = (told, part)
    return tuple(_stage(told, part, history) for _, (told, part) in sorted(last.items(), key=lambda item: item[0]))


def _stage(told: Told, part: ModalityPassed | None, history: tuple[Told, ...]) -> StageTraced:
    content = passed(told)
    return StageTraced(
        stage=content.stage,
        modality=part.modality if part else None,
        status=part.status if part else content.status,
        code_version=content.code_version,
        modality_code_version=part.code_version if part else None,
        checkpoint=part.key if part else None,
        reused=part.reused if part else False,
        run_id=content.run_id,
        made_in_run=maker(part, content.stage, history) or content.run_id,
        door=content.door,
        recorded=recorded(told.record),
    )


def maker(part: ModalityPassed | None, stage: str, history: tuple[Told, ...]) -> str | None:
    """Return the last run that computed the checkpoint of this key; None where it was computed in this one."""
    if part is None or not part.reused:
        return None
    runs = [
        passed(told).run_id
        for told in history
        for other in passed(told).modalities
        if passed(told).stage == stage
        and other.modality == part.modality
        and other.key == part.key
        and not other.reused
    ]
    return runs[-1] if runs else None
