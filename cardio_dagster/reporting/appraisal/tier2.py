"""Tier 2: quality, citations and cost of a written report, side by side.

Belongs here: the three tasks and their defaults. Not here: running them (evidence/tasks.py) or
what each computes (quality.py, citations.py, cost.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cardio_dagster.evidence.tasks import Task, TierOptions, run_tier
from cardio_dagster.finding import Analysis
from cardio_dagster.outcome import Verdict
from cardio_dagster.reporting.appraisal.citations import citation_faults, number_references
from cardio_dagster.reporting.appraisal.cost import count_cost
from cardio_dagster.reporting.appraisal.quality import assess_quality
from cardio_dagster.statement import (
    Context,
    Cost,
    Fault,
    Passage,
    Quality,
    Reference,
    Statement,
    TaskStatus,
    TierRun,
    Verification,
)
from cardio_dagster.study import Study

TIER = "tier2"


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What tier 2 found. Where a task failed its part is empty (`cost` None) and `notes` say so.

    `faults` are citations that do not hold; None if the check itself did not come to an end, which is no pass.
    """

    quality: Quality
    references: tuple[Reference, ...]
    faults: tuple[Fault, ...] | None
    cost: Cost | None
    notes: tuple[str, ...]
    run: TierRun


def appraise(
    study: Study,
    analyses: Sequence[Analysis],
    statements: Sequence[Statement],
    context: Context,
    verdicts: Sequence[Verdict],
    *,
    corpus: Sequence[Passage],
    verification: Verification | None,
    cpu_s: float,
    folders: Sequence[Path],
    options: TierOptions,
) -> Appraisal:
    """Return quality, numbered references with the faults of their citations, and cost, with how the tier ran.

    `corpus` are all passages of the installation, against which the cited ones are compared; `verification` None if
    the verifier runs later; `cpu_s` and `folders` as in `count_cost`.
    """
    passages = context.passages
    tasks: dict[str, Task[Any]] = {
        "quality": Task(
            lambda: assess_quality(
                analyses, statements, verdicts, passages=passages, corpus=corpus, verification=verification
            ),
            Quality(None),
            "The quality of the report was not judged",
        ),
        "citations": Task(
            lambda: (number_references(statements, passages), citation_faults(statements, passages, corpus)),
            ((), None),
            "The citations were not checked and are not listed",
        ),
        "cost": Task(lambda: count_cost(study, cpu_s=cpu_s, folders=folders), None, "The cost was not counted"),
    }
    switched = {n: replace(t, off="switched off") if n in options.disabled else t for n, t in tasks.items()}
    results, run = run_tier(
        TIER, switched, parallel=options.enable_parallel_tier2, timeout_ms=options.parallel_timeout_ms
    )
    references, faults = results["citations"]
    notes = tuple(task.note for task in run.tasks if task.status is not TaskStatus.DONE and task.note)
    return Appraisal(results["quality"], references, faults, results["cost"], notes, run)
