"""What each stage leaves in the audit ledger: the same through both doors.

Belongs here: from a dossier before and after a stage to ledger entries, and recording them. Not here: the ledger
(stores/ledger/) or the closing of a study (releasing.py). Entries have keys, so that an op tried again records once.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cardio_dagster.audit_contents import (
    Decision,
    DecisionsMade,
    ErrorMet,
    GatesJudged,
    ModalityPassed,
    ScoreGiven,
    StagePassed,
)
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.errors import impact_of
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.orchestration.actors import actor_of
from cardio_dagster.orchestration.configuration import configuration, models_in_force, record_configuration
from cardio_dagster.orchestration.events import STAGES, data_version
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import Outcome, Problem, Severity, State
from cardio_dagster.pipeline.branch_task import BranchTask
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.versions import FAN_OUT_STATES, code_version, digest


@dataclass(frozen=True)
class Teller:
    """The run that tells the ledger what it did."""

    stores: Stores
    actor: Actor
    run_id: str
    door: str

    @classmethod
    def of(cls, context: Any, stores: Stores, *, door: str) -> "Teller":
        """Return the teller of a running op or asset."""
        return cls(stores, actor_of(context.run), context.run.run_id, door)

    def record(self, before: Dossier | None, after: Dossier, stage: str) -> None:
        """Record that a study passed a stage; nothing for one that was in ERROR before it.

        `before` is None at RECEIPT. Raises what the database raises.
        """
        record_configuration(self.stores, self.actor)
        self._append(stage_entries(self, before, after, stage))

    def record_through(self, passed: dict[State, Dossier]) -> None:
        """Record every stage up to the report of a study that ran as a whole, in one transaction."""
        record_configuration(self.stores, self.actor)
        states = [(stage, state) for stage, state in STAGES.items() if state is not State.COMPLETE]
        befores = [None, *(passed[state] for _, state in states)]
        told = [
            stage_entries(self, b, passed[state], stage) for b, (stage, state) in zip(befores, states, strict=False)
        ]
        self._append(tuple(entry for entries in told for entry in entries))

    def _append(self, entries: tuple[Entry, ...]) -> None:
        if entries:
            self.stores.ledger().append(*entries)


def stage_entries(teller: Teller, before: Dossier | None, after: Dossier, stage: str) -> tuple[Entry, ...]:
    """Return what a stage leaves: its transitions, its verdicts, its errors, and at `report` the decisions."""
    if before is not None and before.failed:
        return ()
    told: list[tuple[Kind, Any]] = [
        *((Kind.STAGE_PASSED, passed) for passed in _transitions(teller, before, after, stage)),
        *((Kind.ERROR_MET, met) for met in _errors(before, after, stage)),
    ]
    verdicts = tuple(v for o in _outcomes(after, stage) for v in o.verdicts)
    if verdicts:
        told.append((Kind.GATES_JUDGED, GatesJudged(stage, verdicts)))
    if stage == "report" and not after.failed:
        told.append((Kind.DECISIONS_MADE, _decisions(after, teller.stores)))
    study = after.study
    return tuple(
        Entry(kind, teller.actor, content, study.study_id, study.revision, _key(teller, study.study_id, stage, n))
        for n, (kind, content) in enumerate(told)
    )


def _key(teller: Teller, study_id: str, stage: str, n: int) -> str:
    return f"{teller.run_id}:{study_id}:{stage}:{n}"


def _transitions(teller: Teller, before: Dossier | None, after: Dossier, stage: str) -> Iterator[StagePassed]:
    """Yield the transition into the stage's state, and the one from there into ERROR where the study ended in it."""
    state = STAGES[stage]
    entry = next((e for e in after.trail if e.state is state), None)
    former = before.state if before is not None else State.INIT
    steps: list[tuple[State, State, str | None]] = [(former, state, None)] if entry is not None else []
    if after.failed:
        steps.append((state if entry is not None else former, State.ERROR, after.error.code if after.error else None))
    for start, end, error in steps:
        yield StagePassed(
            stage=stage,
            from_state=start.name,
            to_state=end.name,
            status=entry.status.value if entry is not None and error is None else None,
            run_id=teller.run_id,
            door=teller.door,
            code_version=code_version(state),
            data_version=data_version(after, stage),
            config_sha256=configuration(teller.stores).sha256,
            modalities=tuple(_modality(teller, after, o) for o in _outcomes(after, stage)) if error is None else (),
            error=error,
        )


def _outcomes(dossier: Dossier, stage: str) -> list[Outcome]:
    return [o for o in dossier.outcomes if o.state is STAGES[stage]]


def _modality(teller: Teller, dossier: Dossier, outcome: Outcome) -> ModalityPassed:
    name, codes = outcome.modality, tuple(dict.fromkeys(p.code for p in outcome.problems))
    if name not in BRANCHES or outcome.state not in FAN_OUT_STATES:
        return ModalityPassed(name, outcome.status.value, outcome.reused, problems=codes)
    task = BranchTask(dossier.study, outcome.state, name)
    return ModalityPassed(
        modality=name,
        status=outcome.status.value,
        reused=outcome.reused,
        key=dossier.keys.get(f"{outcome.state.name}/{name}"),
        inputs_sha256=digest(*(r.sha256 for r in dossier.study.of(name))),
        code_version=BRANCHES[name].code_version,
        models=task.models(teller.stores.options()),
        problems=codes,
    )


def _errors(before: Dossier | None, after: Dossier, stage: str) -> Iterator[ErrorMet]:
    known = before.study_problems if before is not None else ()
    for met in after.study_problems:
        if met not in known and _is_grave(met):
            yield _error(met, stage)
    for outcome in _outcomes(after, stage):
        yield from (_error(met, stage) for met in outcome.problems if _is_grave(met))


def _is_grave(met: Problem) -> bool:
    return met.severity in (Severity.ERROR, Severity.CRITICAL)


def _error(met: Problem, stage: str) -> ErrorMet:
    impact = impact_of(met).value
    return ErrorMet(met.code, met.severity.value, impact, stage, met.modality, met.recording_id, met.seen)


def _decisions(dossier: Dossier, stores: Stores) -> DecisionsMade:
    written = dossier.written
    return DecisionsMade(
        tuple(
            Decision(
                s.statement_id,
                s.grade.value,
                s.findings,
                s.recording_id,
                s.citations,
                hashlib.sha256(s.text.encode()).hexdigest(),
            )
            for s in (written.statements if written is not None else ())
        ),
        tuple(ScoreGiven(s.name, s.value, s.unit, s.reason) for s in dossier.scores),
        models_in_force(stores).models,
    )
