"""Tier 1: the evidence, the earlier studies and the suggestions that a draft rests on.

Belongs here: the three tasks and their defaults. Not here: running them (tasks.py), the index
(index.py, search.py), what a change or a suggestion is (trend.py, suggestions.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cardio_dagster.evidence.corpus import supports
from cardio_dagster.evidence.search import Searching
from cardio_dagster.evidence.suggestions import suggest
from cardio_dagster.evidence.tasks import Task, TierOptions, run_tier
from cardio_dagster.evidence.trend import KnownFeature, PriorValue, find_trends
from cardio_dagster.finding import Finding, Grade, Score
from cardio_dagster.statement import Context, Passage, Suggestion, TaskStatus, TierRun, Trend
from cardio_dagster.study import Study

TIER = "tier1"
PASSAGES_EACH = 2  # as many as a sentence may cite
_SEARCHED = 5  # some may not be meant for the finding
_ORDER = (Grade.CRITICAL, Grade.ABNORMAL, Grade.NOTE, Grade.NORMAL)

Priors = Callable[[], Sequence[PriorValue]]


def gather_context(
    study: Study,
    findings: Sequence[Finding],
    scores: Sequence[Score],
    features: Sequence[KnownFeature],
    *,
    searcher: Searching | None,
    priors: Priors | None,
    options: TierOptions,
) -> tuple[Context, TierRun]:
    """Return passages, trends and suggestions for a draft, with how the tier ran.

    `findings` are all of the study, those of the fusion too; `features` the fusion's. `searcher` None: no notes are
    indexed; `priors` None: it is not known whose study it is. What a task could not give is empty and told in
    `Context.notes`; a note on a task that is disabled is told as well, because the reader misses the same.
    """
    tasks: dict[str, Task[Any]] = {
        "evidence": Task(lambda: relevant(findings, scores, searcher), (), "No evidence was looked up", _no(searcher, "no notes are indexed")),
        "priors": Task(lambda: _trends(study, findings, features, priors), (), "Earlier studies were not looked at", _no(priors, "it is not known whose study it is")),
        "suggestions": Task(lambda: suggest(findings, scores, features), (), "Further scores and measurements were not looked for"),
    }  # fmt: skip
    switched = {n: replace(t, off="switched off") if n in options.disabled else t for n, t in tasks.items()}
    results, run = run_tier(
        TIER, switched, parallel=options.enable_parallel_tier1, timeout_ms=options.parallel_timeout_ms
    )
    passages: tuple[Passage, ...] = results["evidence"]
    trends: tuple[Trend, ...] = results["priors"]
    suggestions: tuple[Suggestion, ...] = results["suggestions"]
    return Context(passages, trends, suggestions, _notes(run)), run


def relevant(findings: Sequence[Finding], scores: Sequence[Score], searcher: Searching | None) -> tuple[Passage, ...]:
    """Return the passages that may support the findings and the scores, each once.

    First the best of every subject, then the second best: those of grave findings before those of normal ones, then
    those of scores. A passage whose topics do not name the subject is not taken, however similar its words.
    """
    if searcher is None:
        return ()
    ranked = [_best(searcher, query, subject) for subject, query in _subjects(findings, scores)]
    by_rank = [row[rank] for rank in range(PASSAGES_EACH) for row in ranked if rank < len(row)]
    return tuple({passage.passage_id: passage for passage in by_rank}.values())


def _subjects(findings: Sequence[Finding], scores: Sequence[Score]) -> list[tuple[str, str]]:
    """Return code or name with the words to search by, each subject once, the gravest first."""
    by_grade = sorted(findings, key=lambda f: _ORDER.index(f.grade))  # stable: the order of the study within a grade
    wanted: dict[str, str] = {}
    for finding in by_grade:
        wanted.setdefault(finding.code, f"{finding.text} {finding.rule}")
    for score in scores:
        wanted.setdefault(score.name, f"{score.label} {score.indications}")
    return list(wanted.items())


def _best(searcher: Searching, query: str, subject: str) -> list[Passage]:
    found = searcher.search(query, k=_SEARCHED, topics=(subject,))
    meant = [passage for passage, _ in found if supports(passage, subject)]
    return meant[:PASSAGES_EACH]


def _trends(
    study: Study, findings: Sequence[Finding], features: Sequence[KnownFeature], priors: Priors | None
) -> tuple[Trend, ...]:
    return find_trends(study.study_id, study.received_at, findings, features, priors() if priors else ())


def _no(source: object | None, why: str) -> str | None:
    return why if source is None else None


def _notes(run: TierRun) -> tuple[str, ...]:
    return tuple(task.note for task in run.tasks if task.status is not TaskStatus.DONE and task.note)
