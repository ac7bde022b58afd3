"""Building a study's input folder and entering the study in the registry.

Belongs here: joining a late drop to its study, the folder, the registration. Not here:
what is set aside (accept.py). A name says little of the patient: a late drop may add files
to a study, never replace one, and the join is told, so that a person looks at it.

The folder `inputs/<study id>/r<revision>-<claim>-<try>/` is made of links to the claim's files and takes
its place by one rename. Every revision has a folder of its own, which never changes again:
a run of an earlier revision reads what it began with, and an auditor finds all of them.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Self

from cardio_dagster.errors import problem
from cardio_dagster.intake.assemble import Arrival, assemble, study_id_of
from cardio_dagster.intake.claim import Claim
from cardio_dagster.intake.control import Control, read_control
from cardio_dagster.intake.files import GoodFile, Inspection, Inspector, Sniff, content_hash
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.moving import link_or_copy
from cardio_dagster.intake.names import CONTROL_FILE
from cardio_dagster.intake.patient import Identify, Whose, whose
from cardio_dagster.outcome import Problem
from cardio_dagster.stores.studies import StudyRegistry, StudyRow
from cardio_dagster.study import Priority, Study


@dataclass(frozen=True, slots=True)
class Entry:
    """A study that was registered: with what problems, and whose it is."""

    study: Study
    problems: tuple[Problem, ...]
    whose: Whose


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A study about to be registered: all its files, and the study that it re-opens, if any."""

    claim: Claim
    registry: StudyRegistry
    store: Path
    sniff: Sniff
    files: list[GoodFile]
    control: Control | None
    earlier: StudyRow | None
    problems: tuple[Problem, ...]

    @classmethod
    def prepare(
        cls,
        claim: Claim,
        inspection: Inspection,
        *,
        registry: StudyRegistry,
        store: Path,
        sniff: Sniff,
        limits: IntakeLimits,
    ) -> Self:
        """Join the claim's files to those of the study that they arrive late for, if there is one."""
        earlier = _to_reopen(claim, registry.by_source(claim.ticket.source), store, limits)
        files, problems = inspection.files, inspection.problems
        if earlier:
            workdir = claim.folder / "unpacked-before"
            before = Inspector(workdir, sniff, limits).inspect(earlier.folder(store))
            if _replaces_content(before.files, files):
                earlier = None
            else:
                joined = problem("E_INTAKE_008", "files came later under the name of a study and were joined to it")
                files, problems = _join(before.files, files), (*problems, *before.problems, joined)
        control = _control(inspection)
        if control:
            problems += control.problems
        return cls(claim, registry, store, sniff, files, control, earlier, problems)

    def enter(self, identify: Identify) -> Entry | None:
        """Build the folder and register the study; None, with nothing left behind, if another was quicker.

        That its recordings are of different patients is a problem of the study, and registered with it.
        """
        arrival = self._arrival()
        place = Path("inputs") / arrival.study_id / f"r{arrival.revision}-{self.claim.claim_id[2:10]}-{token_hex(2)}"
        folder = self.store / place
        _build(self.claim.folder / "tree", self.files, folder)
        history = self.registry.history(arrival.study_id) if self.earlier else ()
        known = tuple(recording for row in history for recording in row.study.recordings)
        study = assemble(folder, self.files, arrival, sniff=self.sniff, known=known)
        found = whose(folder, study.recordings, identify)
        problems = (*self.problems, *found.problems)
        if self._register(study, str(place), problems):
            if self.claim.is_resumed:
                clear_attempts(self.store, study.study_id, self.claim.claim_id, registered=str(place))
            return Entry(study, problems, found)
        shutil.rmtree(folder)
        return None

    def _arrival(self) -> Arrival:
        digest, earlier = content_hash(self.files), self.earlier
        return Arrival(
            study_id=earlier.study.study_id if earlier else study_id_of(digest),
            revision=earlier.study.revision + 1 if earlier else 1,
            content_sha256=digest,
            received_at=self.claim.ticket.received_at,
            priority=self._priority(),
        )

    def _priority(self) -> Priority:
        if self.control:
            return self.control.priority
        return self.earlier.study.priority if self.earlier else Priority.ROUTINE

    def _register(self, study: Study, place: str, problems: tuple[Problem, ...]) -> bool:
        claim = self.claim
        if self.earlier:
            return self.registry.reopen(study, input_path=place, claim=claim.claim_id, problems=problems)
        source = claim.ticket.source
        return self.registry.register(study, source=source, input_path=place, claim=claim.claim_id, problems=problems)


def _to_reopen(claim: Claim, row: StudyRow | None, store: Path, limits: IntakeLimits) -> StudyRow | None:
    """Return the study that a drop of this name may belong to: one that is open or came just now."""
    if row is None or not row.folder(store).is_dir():
        return None
    since = datetime.fromisoformat(claim.ticket.received_at) - datetime.fromisoformat(row.study.received_at)
    allowed_s = limits.reopen_within_s if row.finished_at else limits.reopen_open_within_s
    return row if since.total_seconds() <= allowed_s else None


def _replaces_content(before: list[GoodFile], new: list[GoodFile]) -> bool:
    """Return whether a new file differs from one already held under its path; then it is another patient's, or may be."""
    held = {file.relative: file for file in before}
    pairs = [(held[file.relative], file) for file in new if file.relative in held]
    return any(old.sha256 != file.sha256 and (old.is_content or file.is_content) for old, file in pairs)


def _join(before: list[GoodFile], new: list[GoodFile]) -> list[GoodFile]:
    """Return the earlier files and those that are new; a new control file takes the place of the old."""
    held = {file.sha256 for file in before if file.is_content}
    joined = {file.relative: file for file in before}
    joined |= {file.relative: file for file in new if file.sha256 not in held}
    return [joined[relative] for relative in sorted(joined)]


def _control(inspection: Inspection) -> Control | None:
    found = [file for file in inspection.files if file.relative == CONTROL_FILE]
    return read_control(found[0].path) if found else None


def _build(draft: Path, files: list[GoodFile], folder: Path) -> None:
    if draft.exists():
        shutil.rmtree(draft)
    for file in files:
        link_or_copy(file.path, draft / file.relative)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft.rename(folder)


def clear_attempts(store: Path, study_id: str, claim_id: str, *, registered: str) -> None:
    """Remove the folders that a claim built before a crash, all but the one that was `registered`.

    A folder is never built twice under one name: a scanner that died while its registration
    was on the way may have registered after all.
    """
    for folder in (store / "inputs" / study_id).glob(f"r*-{claim_id[2:10]}-*"):
        if folder != store / registered:
            shutil.rmtree(folder)
