"""Whether a candidate may take the place of what stands.

Belongs here: the rule. Not here: measuring either (measure.py) or putting the candidate in force (promoting.py).

The rule is that of non-inferiority (Piaggio et al. 2012, doi:10.1001/jama.2012.87802): no primary metric may be worse by more than its
margin, and the 95 % interval of the paired change must say so; too few cases to tell is no permission.
"""

from dataclasses import dataclass

from cardio_dagster.evaluation.compare import Change, Verdict, compare
from cardio_dagster.evaluation.measure import Run
from cardio_dagster.evaluation.metrics import BY_NAME, BY_SET
from cardio_dagster.evaluation.page.words import change_text, shown

PROMOTING_SIZES = ("nightly", "full")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Every change, and the reasons why the candidate may not be promoted; none means that it may."""

    changes: tuple[Change, ...]
    reasons: tuple[str, ...]

    @property
    def may_be_promoted(self) -> bool:
        """Return whether nothing speaks against it."""
        return not self.reasons


def judge(standing: Run, candidate: Run) -> Judgement:
    """Return what speaks against a candidate; both runs must be over the same cases."""
    changes = compare(standing.observed, candidate.observed)
    return Judgement(changes, (*_of_runs(standing, candidate), *(r for c in changes if (r := _of_change(c)))))


def _of_runs(standing: Run, candidate: Run) -> list[str]:
    reasons = []
    if candidate.size != standing.size:
        reasons.append("the runs are of different sizes; measure both anew")
    if candidate.size not in PROMOTING_SIZES:
        reasons.append(
            f"a run of size {candidate.size} is too small to promote anything; use {' or '.join(PROMOTING_SIZES)}"
        )
    if not (standing.has_reference and candidate.has_reference):
        reasons.append("no reference data: synthetic truth alone promotes nothing; set CARDIO_REFERENCE_DATA")
    missing = {o.case_set for o in standing.observed} ^ {o.case_set for o in candidate.observed}
    return [*reasons, *(f"{BY_SET[name].title}: measured on one side alone" for name in sorted(missing))]


def _of_change(change: Change) -> str | None:
    metric = BY_NAME[change.metric]
    if not metric.is_primary or change.verdict in (Verdict.NOT_WORSE, Verdict.NOT_COMPARED):
        return None
    where = f"{metric.label} ({BY_SET[metric.case_set].title})"
    margin = f"margin {metric.margin:g}"
    if change.verdict is Verdict.UNCLEAR:
        return f"{where}: too few cases to exclude that it is worse, {change_text(change)}, {margin}; use --size full"
    return f"{where}: {figures_text(change)}, {change_text(change)}, {margin}"


def figures_text(change: Change) -> str:
    """Return standing and new value as they stand in the ledger."""
    return f"{shown(change.metric, change.standing.value)} -> {shown(change.metric, change.now.value)}"
