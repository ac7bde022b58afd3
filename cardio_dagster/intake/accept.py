"""From a claim to a registered study, exactly once, whatever crashes on the way.

Belongs here: the order of the steps. Not here: judging files (files.py), the registry's
own rules (stores/studies.py), the claims (claim.py).

The claim's files are only read until the study is registered: its input folder
`inputs/<study id>/r<revision>-<claim>/` is made of links to them and takes its place by one
rename. After registration the refused files go to quarantine and the claim is closed. Each step can be repeated; a claim
that was registered already is recognised by its id, and only the steps after that are done.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cardio_dagster.errors import MachineError, StudyError, problem
from cardio_dagster.intake.assemble import Arrival, assemble, study_id_of
from cardio_dagster.intake.claim import Claim
from cardio_dagster.intake.control import Control, read_control
from cardio_dagster.intake.files import GoodFile, Inspection, Inspector, Refusal, Sniff, content_hash
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.moving import link_or_copy, locked
from cardio_dagster.intake.names import CONTROL_FILE, judge_name
from cardio_dagster.intake.quarantine import DUPLICATES, Reason, set_aside
from cardio_dagster.outcome import Problem
from cardio_dagster.stores.studies import StudyRegistry, StudyRow
from cardio_dagster.study import Priority, Study

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

    def accept(self, claim: Claim) -> Taken:
        """Register what the claim holds and set aside what is refused; the caller closes the claim.

        Raises what the machine raises (database, disk); the claim then stays for the next scan.
        """
        try:
            inspection = self._inspect(claim)
        except StudyError as error:
            return self.quarantine(claim, (error.problem,))
        row = self.registry.by_claim(claim.claim_id)
        if row:
            return self._settle(claim, inspection, row, Fate.REGISTERED if row.study.revision == 1 else Fate.REOPENED)
        if not inspection.content:
            nothing = problem("E_HARD_001", "nothing in the drop can be a recording")
            return self.quarantine(claim, inspection.problems or (nothing,))
        with locked(self.store / "claims" / f".source-{claim.ticket.source[:2]}"):
            return self._enter(claim, inspection)

    def quarantine(self, claim: Claim, problems: tuple[Problem, ...]) -> Taken:
        """Set aside all that the claim still holds."""
        if claim.files.exists():
            set_aside(claim.files, self.store / "quarantine", _reason(claim, None, problems))
        return Taken(Fate.QUARANTINED, claim.claim_id, claim.ticket.source, None, None, problems)

    def _inspect(self, claim: Claim) -> Inspection:
        if claim.ticket.is_folder:
            refused = judge_name(claim.ticket.names[0])
            if refused and refused.code == "E_INTAKE_004" and "UTF-8" not in refused.message:
                raise StudyError(refused.code, refused.message, seen=refused.seen)
        workdir = claim.folder / "unpacked"
        shutil.rmtree(workdir, ignore_errors=True)
        return Inspector(workdir, self.sniff, self.limits).inspect(claim.root)

    def _enter(self, claim: Claim, inspection: Inspection) -> Taken:
        for _ in range(_TRIES):
            earlier = self._to_reopen(claim)
            files, lost = self._joined(claim, inspection, earlier)
            digest = content_hash(files)
            holder = self.registry.by_content(digest)
            if holder:
                return self._set_duplicate_aside(claim, inspection, holder)
            inspection.refused.extend(lost)
            row = self._register(claim, inspection, files, digest, earlier)
            if row:
                return self._settle(claim, inspection, row, Fate.REOPENED if earlier else Fate.REGISTERED)
        raise RegistryBusyError("the registry changed under every try to register a drop; scan again")

    def _to_reopen(self, claim: Claim) -> StudyRow | None:
        """Return the study that a drop of this name belongs to, if it came not long ago and its files are there."""
        row = self.registry.by_source(claim.ticket.source)
        if row is None or not row.folder(self.store).is_dir():
            return None
        since = datetime.fromisoformat(claim.ticket.received_at) - datetime.fromisoformat(row.study.received_at)
        return row if since.total_seconds() <= self.limits.reopen_within_s else None

    def _joined(
        self, claim: Claim, inspection: Inspection, earlier: StudyRow | None
    ) -> tuple[list[GoodFile], list[Refusal]]:
        """Return the study's files, and which earlier ones cannot be had any more.

        They are the earlier ones, and those that are new or take the place of one by path.
        """
        if earlier is None:
            return inspection.files, []
        shutil.rmtree(claim.folder / "unpacked-before", ignore_errors=True)
        before = Inspector(claim.folder / "unpacked-before", self.sniff, self.limits).inspect(
            earlier.folder(self.store)
        )
        held = {file.sha256 for file in before.content}
        joined = {file.relative: file for file in before.files}
        joined |= {file.relative: file for file in inspection.files if file.sha256 not in held}
        return [joined[relative] for relative in sorted(joined)], before.refused

    def _register(
        self, claim: Claim, inspection: Inspection, files: list[GoodFile], digest: str, earlier: StudyRow | None
    ) -> StudyRow | None:
        """Build the input folder and enter the study; None, with nothing left behind, if another was quicker."""
        control = _control(inspection)
        arrival = Arrival(
            study_id=earlier.study.study_id if earlier else study_id_of(digest),
            revision=earlier.study.revision + 1 if earlier else 1,
            content_sha256=digest,
            received_at=claim.ticket.received_at,
            priority=_priority(control, earlier),
        )
        place = Path("inputs") / arrival.study_id / f"r{arrival.revision}-{claim.claim_id[2:10]}"
        folder = self.store / place
        _build(claim.folder / "tree", files, folder)
        history = self.registry.history(arrival.study_id) if earlier else ()
        known = tuple(recording for row in history for recording in row.study.recordings)
        study = assemble(folder, files, arrival, sniff=self.sniff, known=known)
        problems = inspection.problems + (control.problems if control else ())
        if not self._write(study, earlier, claim, str(place), problems):
            shutil.rmtree(folder)
            return None
        return self.registry.by_claim(claim.claim_id)

    def _write(
        self, study: Study, earlier: StudyRow | None, claim: Claim, place: str, problems: tuple[Problem, ...]
    ) -> bool:
        if earlier:
            return self.registry.reopen(study, input_path=place, claim=claim.claim_id, problems=problems)
        return self.registry.register(
            study, source=claim.ticket.source, input_path=place, claim=claim.claim_id, problems=problems
        )

    def _settle(self, claim: Claim, inspection: Inspection, row: StudyRow, fate: Fate) -> Taken:
        """Set aside what was refused, after registration, so that the registered problems name all of it."""
        self._set_refused_aside(claim, inspection.refused, row.study.study_id)
        study = row.study
        return Taken(fate, claim.claim_id, claim.ticket.source, study.study_id, study.revision, row.problems)

    def _set_refused_aside(self, claim: Claim, refused: list[Refusal], study_id: str) -> None:
        for refusal in refused:
            if refusal.path.is_relative_to(claim.files):  # members of archives are kept in their archive
                set_aside(refusal.path, self.store / "quarantine", _reason(claim, study_id, refusal.problems))

    def _set_duplicate_aside(self, claim: Claim, inspection: Inspection, holder: StudyRow) -> Taken:
        study = holder.study
        self._set_refused_aside(claim, inspection.refused, study.study_id)
        if claim.files.exists():
            set_aside(claim.files, self.store / "quarantine" / DUPLICATES, _reason(claim, study.study_id, ()))
        problems = inspection.problems
        return Taken(Fate.DUPLICATE, claim.claim_id, claim.ticket.source, study.study_id, study.revision, problems)


def _build(draft: Path, files: list[GoodFile], folder: Path) -> None:
    shutil.rmtree(draft, ignore_errors=True)
    for file in files:
        link_or_copy(file.path, draft / file.relative)
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)  # this claim's own, from before a crash, and not registered
    draft.rename(folder)


def _control(inspection: Inspection) -> Control | None:
    found = [file for file in inspection.files if file.relative == CONTROL_FILE]
    return read_control(found[0].path) if found else None


def _priority(control: Control | None, earlier: StudyRow | None) -> Priority:
    if control:
        return control.priority
    return earlier.study.priority if earlier else Priority.ROUTINE


def _reason(claim: Claim, study_id: str | None, problems: tuple[Problem, ...]) -> Reason:
    return Reason(claim.claim_id, claim.ticket.source, claim.ticket.received_at, study_id, problems)
