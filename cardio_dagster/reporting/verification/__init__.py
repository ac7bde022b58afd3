"""Verification: every number, citation and rule of a draft, checked by somebody who did not write it.

Belongs here: `verify`. Not here: writing sentences; nothing of drafting/ is imported (a test proves it), so that a mistake
there is not repeated here. docs/verification.md says what is and what is not caught.
"""

from cardio_dagster.finding import Analysis, Score
from cardio_dagster.reporting.verification.citations import citation_faults
from cardio_dagster.reporting.verification.grounding import word_faults
from cardio_dagster.reporting.verification.material import Fused, Material, gather
from cardio_dagster.reporting.verification.numbers import read_numbers
from cardio_dagster.reporting.verification.polarity import polarity_faults
from cardio_dagster.reporting.verification.quotes import number_faults
from cardio_dagster.reporting.verification.rules import coverage_faults, is_checked, rule_faults
from cardio_dagster.reporting.verification.score_grounding import proviso_faults
from cardio_dagster.reporting.verification.score_rules import score_coverage, score_faults
from cardio_dagster.statement import Fault, Passage, Statement, Verification

__all__ = ["CODE_VERSION", "faults_in", "verify"]

CODE_VERSION = "2"
_CHECKS = (
    ("number", number_faults),
    ("citation", citation_faults),
    ("rule", rule_faults),
    ("rule", polarity_faults),
    ("rule", score_faults),
    ("rule", word_faults),
)


def verify(
    statements: tuple[Statement, ...],
    analyses: tuple[Analysis, ...],
    fusion: Fused | None,
    scores: tuple[Score, ...],
    passages: tuple[Passage, ...],
) -> Verification:
    """Return the verdict on a draft: what was checked, what could not be, and every fault.

    `passages` are those that may be cited. Counts: numbers in sentences, citations, and findings of
    which a machine rule could be asked; `rules_unchecked` are the codes of the other findings.
    """
    material = gather(analyses, fusion, scores, passages)
    faults = [fault for statement in statements for fault in faults_in(statement, material)]
    left_out = (
        *coverage_faults(statements, material),
        *score_coverage(statements, material),
        *proviso_faults(statements, material),
    )
    checked = [is_checked(finding, material) for finding in material.findings]
    unchecked = {f.code for f, is_known in zip(material.findings, checked, strict=True) if not is_known}
    return Verification(
        numbers_checked=sum(len(read_numbers(s.text)) for s in statements),
        citations_checked=sum(len(s.citations) for s in statements),
        rules_checked=sum(checked),
        rules_unchecked=tuple(sorted(unchecked)),
        faults=(*faults, *(Fault(None, "rule", message) for message in left_out), *_twice(statements)),
    )


def faults_in(statement: Statement, material: Material) -> tuple[Fault, ...]:
    """Return the faults of one sentence by itself; what the draft as a whole leaves out is not among them."""
    found = ((kind, message) for kind, check in _CHECKS for message in check(statement, material))
    return tuple(Fault(statement.statement_id, kind, message) for kind, message in found)


def _twice(statements: tuple[Statement, ...]) -> tuple[Fault, ...]:
    ids, texts = [s.statement_id for s in statements], [(s.section, s.text) for s in statements]
    same_id = [Fault(i, "rule", "two sentences have this number") for i in dict.fromkeys(ids) if ids.count(i) > 1]
    same = [
        Fault(s.statement_id, "rule", "another sentence says the same")
        for s in statements
        if texts.count((s.section, s.text)) > 1
    ]
    return (*same_id, *same)
