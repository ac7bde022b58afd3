"""The written part of a report: evidence, draft, appraisal and verification in their order.

Belongs here: calling tier 1, the draft, the verifier and tier 2, and what is left where one of them
breaks. Not here: any of them (evidence/, reporting/), the formats (formatting.py) or the release (stages.py).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cardio_dagster.evidence.cache import CachingSearcher, open_searcher
from cardio_dagster.evidence.corpus import NoteError, load_passages
from cardio_dagster.evidence.retrieval import Priors, gather_context
from cardio_dagster.evidence.trend import PriorValue
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.reporting.appraisal.tier2 import Appraisal, appraise
from cardio_dagster.reporting.drafting import draft
from cardio_dagster.reporting.parts import Written
from cardio_dagster.reporting.verification import verify
from cardio_dagster.statement import Context, Cost, Fault, Passage, Statement, TierRun, Verification
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.priors import PriorStore


@dataclass(frozen=True, slots=True)
class Manuscript:
    """The written part with how it came about."""

    written: Written
    tiers: tuple[TierRun, ...] = ()
    cost: Cost | None = None


def write(dossier: Dossier, desk: Desk, *, cpu_started_s: float) -> Manuscript:
    """Return the written part of a study; empty for one in ERROR, of which nothing was fused.

    A fault of our own in it never fails the study: it leaves what was written so far and a verification
    that did not pass, so that the report is held. `cpu_started_s` is `time.process_time()` of when this process
    began with the study. MemoryError passes.
    """
    if dossier.failed or dossier.fusion is None:
        return Manuscript(Written())
    try:
        return _write(dossier, desk, cpu_started_s)
    except MemoryError:
        raise
    except Exception as error:  # its message may name a person
        broken = Fault(None, "draft", f"the written part could not be made: {type(error).__name__}")
        unverified = Verification(0, 0, 0, (), (broken,))
        return Manuscript(Written(verification=unverified, notes=(broken.message,)))


def _write(dossier: Dossier, desk: Desk, cpu_started_s: float) -> Manuscript:
    fusion = dossier.fusion
    assert fusion is not None
    searcher, corpus, unread = _notes_of(desk)
    findings = (*fusion.findings, *dossier.fusion_findings)
    context, first = gather_context(
        dossier.study,
        findings,
        dossier.scores,
        fusion.features,
        searcher=searcher,
        priors=_priors(dossier, desk),
        options=desk.tiers,
    )
    statements = draft(dossier.analyses, fusion, dossier.scores, context)
    verification = verify(statements, dossier.analyses, fusion, dossier.scores, context.passages)
    appraisal = appraise(
        dossier.study,
        dossier.analyses,
        statements,
        context,
        dossier.verdicts,
        corpus=corpus,
        verification=verification,
        cpu_s=time.process_time() - cpu_started_s,
        folders=_stored(dossier, desk),
        options=desk.tiers,
    )
    context = replace(context, notes=(*context.notes, *unread))
    written = _gathered(statements, context, verification, appraisal)
    return Manuscript(written, (first, appraisal.run), appraisal.cost)


def _gathered(
    statements: tuple[Statement, ...], context: Context, verification: Verification, appraisal: Appraisal
) -> Written:
    cited = {citation for statement in statements for citation in statement.citations}
    return Written(
        statements=statements,
        passages=tuple(p for p in context.passages if p.passage_id in cited),
        references=appraisal.references,
        trends=context.trends,
        suggestions=context.suggestions,
        verification=_joined(verification, appraisal.faults),
        quality=appraisal.quality,
        notes=(*context.notes, *appraisal.notes),
    )


def _joined(verification: Verification, faults: tuple[Fault, ...] | None) -> Verification:
    """Add what the check of the citations found; a check that did not come to an end is no pass."""
    found = (Fault(None, "citation", "the citations could not be checked"),) if faults is None else faults
    return replace(verification, faults=(*verification.faults, *found))


def _stored(dossier: Dossier, desk: Desk) -> tuple[Path, ...]:
    folder = Path(desk.stored_dir) / dossier.study.study_id if desk.stored_dir else None
    return (folder,) if folder and folder.is_dir() else ()


def _priors(dossier: Dossier, desk: Desk) -> Priors | None:
    """Return how to ask for the patient's earlier studies; None where it is not known whose study it is."""
    if desk.database_url is None:
        return None
    study, store = dossier.study, PriorStore(connect(desk.database_url))
    ask: Callable[[], tuple[PriorValue, ...]] = lambda: store.before(study.study_id, study.received_at)  # noqa: E731
    return ask if store.is_linked(study.study_id) else None


def _notes_of(desk: Desk) -> tuple[CachingSearcher, tuple[Passage, ...], tuple[str, ...]]:
    """Return search, passages and what to tell; a site's notes that cannot be used leave the packaged ones."""
    try:
        return _searcher(desk.evidence_dir, desk.site_notes), _corpus(desk.site_notes), ()
    except (NoteError, OSError) as error:
        why = str(error) if isinstance(error, NoteError) else type(error).__name__  # a path may name somebody
        return _searcher(None, None), _corpus(None), (f"The site's own protocol notes were not used: {why}",)


@lru_cache(maxsize=4)
def _searcher(evidence_dir: str | None, site_notes: str | None) -> CachingSearcher:
    return open_searcher(
        Path(evidence_dir) if evidence_dir else None, site_dir=Path(site_notes) if site_notes else None
    )


_corpus = lru_cache(maxsize=4)(lambda site_notes: load_passages(Path(site_notes) if site_notes else None))
