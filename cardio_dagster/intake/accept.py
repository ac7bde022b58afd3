"""From a claim to a registered study, exactly once, whatever crashes on the way.

Belongs here: the order of the steps, and what is set aside. Not here: judging files
(files.py), building and registering (enrol.py), the claims (claim.py).

The claim's files are only read until the study is registered; after that the refused ones go to
quarantine and the caller closes the claim. Each step can be repeated; a claim that
was registered already is recognised by its id, and only the steps after that are done, of which
the first notes whose study it is.
"""

import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cardio_dagster.errors import MachineError, StudyError, problem
from cardio_dagster.intake.claim import Claim
from cardio_dagster.intake.enrol import Enrolment, clear_attempts
from cardio_dagster.intake.files import Inspection, Inspector, Refusal, Sniff, content_hash
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.moving import locked
from cardio_dagster.intake.names import judge_characters
from cardio_dagster.intake.patient import PatientDesk, whose
from cardio_dagster.intake.quarantine import DUPLICATES, Reason, set_aside
from cardio_dagster.outcome import Problem
from cardio_dagster.stores.studies import StudyRegistry, StudyRow
from cardio_dagster.study import Study

_TRIES = 5


class Fate(StrEnum):
    """What became of a drop."""

    REGISTERED = "registered"
    REOPENED = "reopened"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one claim. `study_id` is None if all of it went to quarantine; `source` is a pseudonym."""

    fate: Fate
    claim_id: str
    source: str
    study_id: str | None
    revision: int | None
    problems: tuple[Problem, ...]


class RegistryBusyError(MachineError):
    """Others changed the same study again and again while it was being registered."""


@dataclass(frozen=True, slots=True)
class Acceptor:
    """The means of accepting claims into one store."""

    registry: StudyRegistry
    store: Path
    sniff: Sniff
    limits: IntakeLimits
    patients: PatientDesk

    def accept(self, claim: Claim) -> Taken:
        """Register what the claim holds and set aside what is refused; the caller closes the claim.

        Raises what the machine raises (database, disk); the claim then stays for the next scan.
        """
        try:
            inspection = self._inspect(claim)
        except StudyError as error:
            return self.quarantine(claim, (error.problem,))
        with locked(self.store / "claims" / f".source-{claim.ticket.source[:2]}"):
            row = self.registry.by_claim(claim.claim_id) if claim.is_resumed else None
            if row:
                return self._settle_again(claim, inspection, row)
            if not inspection.content:
                nothing = problem("E_HARD_001", "nothing in the drop can be a recording")
                return self.quarantine(claim, inspection.problems or (nothing,))
            return self._enter(claim, inspection)

    def quarantine(self, claim: Claim, problems: tuple[Problem, ...]) -> Taken:
        """Set aside all that the claim still holds."""
        if claim.files.exists():
            set_aside(claim.files, self.store / "quarantine", _reason(claim, None, problems))
        return Taken(Fate.QUARANTINED, claim.claim_id, claim.ticket.source, None, None, problems)

    def _inspect(self, claim: Claim) -> Inspection:
        # the name of the dropped folder is no part of any path, so bytes that are not UTF-8 do no harm in it
        refused = judge_characters(claim.root.name, is_stored=False)
        if refused:
            raise StudyError(refused.code, refused.message, seen=refused.seen)
        workdir = claim.folder / "unpacked"
        shutil.rmtree(workdir, ignore_errors=True)
        return Inspector(workdir, self.sniff, self.limits).inspect(claim.root)

    def _enter(self, claim: Claim, inspection: Inspection) -> Taken:
        for _ in range(_TRIES):
            enrolment = Enrolment.prepare(
                claim, inspection, registry=self.registry, store=self.store, sniff=self.sniff, limits=self.limits
            )
            holder = self.registry.by_content(content_hash(enrolment.files))
            if holder and holder.claim == claim.claim_id:  # a scanner died while its registration was on the way
                return self._settle_again(claim, inspection, holder)
            if holder:
                return self._set_duplicate_aside(claim, inspection, holder)
            entry = enrolment.enter(self.patients.identify)
            if entry:
                self.patients.link(entry.study.study_id, entry.whose)
                return self._settle(claim, inspection, entry.study, entry.problems)
        raise RegistryBusyError("the registry changed under every try to register a drop; scan again")

    def _settle(self, claim: Claim, inspection: Inspection, study: Study, problems: tuple[Problem, ...]) -> Taken:
        """Set aside what was refused, after registration, so that the registered problems name all of it."""
        self._set_refused_aside(claim, inspection.refused, study.study_id)
        fate = Fate.REGISTERED if study.revision == 1 else Fate.REOPENED
        return Taken(fate, claim.claim_id, claim.ticket.source, study.study_id, study.revision, problems)

    def _settle_again(self, claim: Claim, inspection: Inspection, row: StudyRow) -> Taken:
        study = row.study
        clear_attempts(self.store, study.study_id, claim.claim_id, registered=row.input_path)
        if study.revision == row.current_revision:  # the word of a later revision is newer
            found = whose(row.folder(self.store), study.recordings, self.patients.identify)
            self.patients.link(study.study_id, found)
        return self._settle(claim, inspection, study, row.problems)

    def _set_refused_aside(self, claim: Claim, refused: list[Refusal], study_id: str) -> None:
        for refusal in refused:
            if refusal.path.is_relative_to(claim.files):  # members of archives are kept in their archive
                set_aside(refusal.path, self.store / "quarantine", _reason(claim, study_id, refusal.problems))

    def _set_duplicate_aside(self, claim: Claim, inspection: Inspection, holder: StudyRow) -> Taken:
        study = holder.study
        if claim.is_resumed:
            clear_attempts(self.store, study.study_id, claim.claim_id, registered=holder.input_path)
        self._set_refused_aside(claim, inspection.refused, study.study_id)
        if claim.files.exists():
            set_aside(claim.files, self.store / "quarantine" / DUPLICATES, _reason(claim, study.study_id, ()))
        problems = inspection.problems
        return Taken(Fate.DUPLICATE, claim.claim_id, claim.ticket.source, study.study_id, study.revision, problems)


def _reason(claim: Claim, study_id: str | None, problems: tuple[Problem, ...]) -> Reason:
    return Reason(claim.claim_id, claim.ticket.source, claim.ticket.received_at, study_id, problems)
