"""Review, ReviewStep, Change: what people decided on a report, as the report itself tells it.

Belongs here: the shape and what follows from it alone. Not here: making it (pipeline/reviewed.py) or drawing it.
Field names are a public interface, as those of parts.py.
"""

from dataclasses import dataclass

from cardio_dagster.finding import Grade
from cardio_dagster.stores.review_words import ROLES, Action, Choice


@dataclass(frozen=True, slots=True)
class Change:
    """One changed sentence: `before` is None where it was added, `after` where it was withdrawn.

    `findings` are the codes that the former sentence rested on, in `recording_id` or, where that is None, in any recording.
    """

    statement_id: str
    section: str
    action: Action
    before: str | None
    after: str | None
    before_grade: Grade | None
    after_grade: Grade | None
    reason: str
    findings: tuple[str, ...] = ()
    recording_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """One decision of a person: on `version`, making version `makes`; `former_status` is where the report stood before."""

    version: int
    makes: int
    report_sha256: str  # of the report.html that was looked at
    former_status: str
    choice: Choice
    reason: str
    by: str
    role: str
    at: str  # ISO 8601, UTC
    changes: tuple[Change, ...] = ()

    @property
    def role_title(self) -> str:
        """Return the role in words."""
        return ROLES[self.role].title if self.role in ROLES else self.role.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Review:
    """All decisions on a report, the first one first; there is at least one."""

    steps: tuple[ReviewStep, ...]

    @property
    def last(self) -> ReviewStep:
        """Return the decision by which the report stands."""
        return self.steps[-1]

    @property
    def is_rejected(self) -> bool:
        """Whether the report is not for use."""
        return self.last.choice is Choice.REJECT

    @property
    def is_attested(self) -> bool:
        """Whether somebody who reads hearts let it go, as it is or amended."""
        role = ROLES.get(self.last.role)
        return not self.is_rejected and role is not None and role.verifies

    @property
    def follows_release(self) -> bool:
        """Whether some version before this one was released."""
        return any(step.former_status.startswith("released") for step in self.steps)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return every change, the first one first."""
        return tuple(change for step in self.steps for change in step.changes)

    def contests(self, code: str, recording_id: str | None) -> Action | None:
        """Return what a person did to the sentence that stated a finding; None where it stands as the software wrote it."""
        for change in reversed(self.changes):
            if code in change.findings and change.recording_id in {None, recording_id}:
                return change.action
        return None

    def latest_changes(self) -> dict[str, tuple[ReviewStep, Change]]:
        """Return, for each sentence that was ever changed, the last step that did and how."""
        return {change.statement_id: (step, change) for step in self.steps for change in step.changes}
