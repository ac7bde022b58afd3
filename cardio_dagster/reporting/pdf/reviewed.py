"""What people decided on the report: each version with its reason and its changes, the old text struck through.

Belongs here: the review. Not here: the rest of the first page (front.py), or the head of each page (pages.py).
"""

from reportlab.platypus import Flowable, Paragraph

from cardio_dagster.finding import Finding
from cardio_dagster.reporting.parts import Report
from cardio_dagster.reporting.pdf.fonts import markup
from cardio_dagster.reporting.pdf.headings import Heading, bullets
from cardio_dagster.reporting.pdf.look import BODY
from cardio_dagster.reporting.review_parts import Change, ReviewStep
from cardio_dagster.reporting.wording import moment
from cardio_dagster.stores.review_words import Action, Choice

_DONE = {Choice.ACCEPT: "accepted", Choice.AMEND: "amended", Choice.REJECT: "rejected"}
_DID = {Action.WITHDRAW: "withdrawn", Action.REPLACE: "changed", Action.ADD: "added"}


def review(report: Report) -> list[Flowable]:
    """Return the decisions, the newest first; nothing where nobody decided."""
    if report.review is None:
        return []
    return [Heading("Review"), *(part for step in reversed(report.review.steps) for part in _step(step))]


def withdrawn_sections(report: Report) -> list[str]:
    """Return the sections in which a sentence was withdrawn."""
    return [change.section for change in _withdrawn(report)]


def withdrawn(report: Report, section: str) -> list[str]:
    """Return the withdrawn sentences of a section as markup, struck through."""
    return [
        f"<strike>{markup(c.before or '')}</strike> (withdrawn)" for c in _withdrawn(report) if c.section == section
    ]


def contested(report: Report, finding: Finding) -> str:
    """Return what a person did to the sentence that stated a finding, as markup; empty where nobody did."""
    action = report.review.contests(finding.code, finding.recording_id) if report.review else None
    return f" <b>[its sentence was {_DID[action]} in review]</b>" if action else ""


def _withdrawn(report: Report) -> list[Change]:
    latest = report.review.latest_changes().values() if report.review else ()
    return [change for _, change in latest if change.after is None]


def _step(step: ReviewStep) -> list[Flowable]:
    head = (
        f"<b>Version {step.makes}: {_DONE[step.choice]}</b> by {markup(step.by)}, {markup(step.role_title)}, "
        f"{markup(moment(step.at))}, on version {step.version} ({markup(step.former_status)}). Reason: {markup(step.reason)}"
    )
    return [Paragraph(head, BODY), *bullets([_change(change, step) for change in step.changes])]


def _change(change: Change, step: ReviewStep) -> str:
    before = f" <strike>{markup(change.before)}</strike>" if change.before else ""
    after = f" {markup(change.after)}" if change.after else ""
    why = f" Reason: {markup(change.reason)}" if change.reason != step.reason else ""
    return f"{markup(change.statement_id)} {_DID[change.action]}:{before}{after}{why}"
