"""What stands on a closed part of the page, so that nobody must open it to know whether to: counts and groups.

Belongs here: counting and grouping. Not here: any judgement, or the key numbers (summary.py).
"""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from cardio_dagster.finding import Score
from cardio_dagster.outcome import Status
from cardio_dagster.reporting.parts import Flag, Report, ReportedMeasurement, StageRow

_STEP_WORDS = {Status.OK: "done", Status.DEGRADED: "degraded", Status.FAILED: "failed", Status.SKIPPED: "skipped"}


@dataclass(frozen=True, slots=True)
class RefusedScores:
    """Scores that were refused for the same reason and say the same about what they could be."""

    scores: tuple[Score, ...]
    reason: str
    interpretation: str | None
    missing: tuple[str, ...]  # those that the reason does not name


def counts_of_measurements(measurements: list[ReportedMeasurement]) -> str:
    """Return how many values there are, how many lie outside their range and how many could not be had."""
    absent = sum(m.value is None for m in measurements)
    outside = sum(m.flag in {Flag.LOW, Flag.HIGH} for m in measurements)
    measured = len(measurements) - absent
    parts = [f"{measured} value{'' if measured == 1 else 's'}"]
    parts += [f"{outside} outside the range"] if outside else []
    return ", ".join(parts + ([f"{absent} not measured"] if absent else []))


def counts_of_steps(report: Report) -> str:
    """Return how many stages were done, degraded, failed, skipped and not reached.

    A stage that one modality did not pass whole counts as degraded; FORMATTING, which made this page, as done.
    """
    words = Counter(_word(stage, report) for stage in report.stages)
    return ", ".join(f"{words[word]} {word}" for word in (*_STEP_WORDS.values(), "not reached") if words[word])


def _word(stage: StageRow, report: Report) -> str:
    if stage.status is None:
        return "done" if stage.state == "FORMATTING" and report.error is None else "not reached"
    hurt = any(step.status in {Status.DEGRADED, Status.FAILED} for step in stage.modalities)
    return _STEP_WORDS[Status.DEGRADED if hurt and stage.status is Status.OK else stage.status]


def counts_of_gates(report: Report) -> str:
    """Return how many gates passed and how many did not."""
    passed = sum(v.passed for v in report.verdicts)
    failed = len(report.verdicts) - passed
    return f"{passed} passed" + (f", {failed} not passed" if failed else "")


def refused_scores(report: Report) -> tuple[RefusedScores, ...]:
    """Return the refused scores; neighbours with the same reason and the same meaning stand together."""
    refused = [score for score in report.scores if score.value is None]
    groups = groupby(refused, key=lambda s: (s.reason or "no reason was recorded", s.interpretation, s.missing))
    return tuple(
        RefusedScores(tuple(scores), reason, meaning, tuple(name for name in missing if name not in reason))
        for (reason, meaning, missing), scores in groups
    )
