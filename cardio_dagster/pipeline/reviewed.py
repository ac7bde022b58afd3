"""reviewed: what a person's decision makes of a dossier, and the report of it.

Belongs here: pure functions; the same dossier and decision give the same bytes in every format. Not here: who may decide
(review/deciding.py), files and rows (review/continuing.py).
"""

from dataclasses import replace

from cardio_dagster.finding import Grade
from cardio_dagster.pipeline.dossier import Dossier, Release, ReleaseStatus
from cardio_dagster.pipeline.rendering import rendered
from cardio_dagster.pipeline.reported import as_report
from cardio_dagster.reporting.parts import NOTHING_WRITTEN, Report, Written
from cardio_dagster.reporting.review_parts import Change, Review, ReviewStep
from cardio_dagster.reporting.wording import moment
from cardio_dagster.statement import Statement
from cardio_dagster.stores.review_words import Action, Amendment, Choice, ReviewDecision

ADDED = "fusion"  # the section of an added sentence that names none: it speaks of the patient as a whole


def reviewed(dossier: Dossier, decision: ReviewDecision) -> Dossier:
    """Return the dossier of the version that a decision makes of the version before it.

    A sentence that was withdrawn stands in `review` only; one that a person wrote rests on that person, so that it has no
    findings, numbers or citations of the draft, and keeps its section, recording and, unless told otherwise, its grade. The
    findings of a changed sentence are marked as contested (Review.contests). Measurements, scores and the verification of the draft stay as they are. Raises KeyError for a sentence that is not there.
    """
    written, changes = _amended(dossier.written or NOTHING_WRITTEN, decision.amendments)
    step = ReviewStep(
        version=decision.version,
        makes=decision.makes,
        report_sha256=decision.report_sha256,
        former_status=dossier.release.status.value if dossier.release else "",
        choice=decision.choice,
        reason=decision.reason,
        by=decision.by,
        role=decision.role,
        at=decision.at,
        changes=changes,
    )
    review = Review((*(dossier.review.steps if dossier.review else ()), step))
    release = Release(_status(dossier, decision.choice), (decision.reason,))
    return replace(dossier, written=written, release=release, version=decision.makes, review=review, report_path=None)


def reviewed_report(dossier: Dossier) -> Report:
    """Return the report of a dossier that `reviewed` made; raises ValueError for one that nobody decided on."""
    if dossier.review is None:
        raise ValueError(f"nobody decided on {dossier.study.study_id}; as_report gives the pipeline's own report")
    status = _status_text(dossier.review, failed=dossier.failed)
    return replace(as_report(dossier), release_status=status, version=dossier.version, review=dossier.review)


def reviewed_files(dossier: Dossier) -> dict[str, bytes]:
    """Return the report of a reviewed dossier in every format, by file name; one that breaks is left out and named as a problem."""
    files, broken = rendered(dossier, reviewed_report(dossier), without=())
    if broken:
        dossier = replace(dossier, study_problems=(*dossier.study_problems, *broken.values()))
        files, _ = rendered(dossier, reviewed_report(dossier), without=tuple(broken))
    return files


def _status(dossier: Dossier, choice: Choice) -> ReleaseStatus:
    if choice is Choice.REJECT:
        return ReleaseStatus.REJECTED
    return ReleaseStatus.CONFIRMED if dossier.failed else ReleaseStatus.REVIEWED


def _status_text(review: Review, *, failed: bool) -> str:
    """Return where the report stands, by whom and why; what follows the colon is parted at semicolons."""
    last = review.last
    who = f"by {last.by}, {last.role_title}, {moment(last.at)}"
    why = last.reason.replace(";", ",")
    if review.is_rejected:
        return f"rejected, not for use: {who}; {why}"
    done = "amended" if last.changes else "accepted"
    start = "error response, seen by a person" if failed else "released after review"
    return f"{start}: {done} {who}; {why}"


def _amended(written: Written, amendments: tuple[Amendment, ...]) -> tuple[Written, tuple[Change, ...]]:
    statements = {s.statement_id: s for s in written.statements}
    changes = []
    for amendment in amendments:
        before = None if amendment.action is Action.ADD else statements[amendment.statement_id]
        after = None if amendment.action is Action.WITHDRAW else _by_hand(amendment, before)
        changes.append(_change(amendment, before, after))
        if after is not None:
            statements[amendment.statement_id] = after  # in the place of the former
        else:
            del statements[amendment.statement_id]
    return _without_uncited(replace(written, statements=tuple(statements.values()))), tuple(changes)


def _by_hand(amendment: Amendment, before: Statement | None) -> Statement:
    """Return the sentence of a person: nothing of the draft's basis is claimed for it."""
    section = before.section if before else amendment.section or ADDED
    grade = amendment.grade or (before.grade if before else Grade.NOTE)
    recording_id = before.recording_id if before else None
    return Statement(amendment.statement_id, section, amendment.text or "", grade, recording_id=recording_id)


def _change(amendment: Amendment, before: Statement | None, after: Statement | None) -> Change:
    told = after or before
    assert told is not None
    return Change(
        statement_id=amendment.statement_id,
        section=told.section,
        action=amendment.action,
        before=before.text if before else None,
        after=after.text if after else None,
        before_grade=before.grade if before else None,
        after_grade=after.grade if after else None,
        reason=amendment.reason,
        findings=before.findings if before else (),
        recording_id=before.recording_id if before else None,
    )


def _without_uncited(written: Written) -> Written:
    """Leave out what no sentence cites any more; numbers of references stay, so that versions can be laid side by side."""
    cited = {citation for statement in written.statements for citation in statement.citations}
    return replace(
        written,
        passages=tuple(p for p in written.passages if p.passage_id in cited),
        references=tuple(r for r in written.references if cited & set(r.passages)),
    )
