"""Each sentence against the rule of its finding, and the study against its sentences: nothing contradicts, nothing is left out.

Belongs here: applying the machine rules. Not here: the rules (ecg_rules.py, echo_rules.py, clinical_rules.py, fusion_rules.py, score_rules.py).
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.verification.clinical_rules import CLINICAL_RULES
from cardio_dagster.reporting.verification.conditions import MachineRule
from cardio_dagster.reporting.verification.ecg_rules import ECG_RULES
from cardio_dagster.reporting.verification.echo_rules import ECHO_RULES
from cardio_dagster.reporting.verification.fusion_rules import FUSION_RULES
from cardio_dagster.reporting.verification.material import Material, gravest
from cardio_dagster.statement import QuoteKind, Statement

MACHINE_RULES: dict[str, MachineRule] = {**ECG_RULES, **ECHO_RULES, **CLINICAL_RULES, **FUSION_RULES}
_NOT_MEASURED = "Not measured"


@lru_cache(maxsize=1024)
def rule_for(code: str) -> MachineRule | None:
    """Return the machine rule of a finding code, the exact code before a pattern; None where there is none."""
    if code in MACHINE_RULES:
        return MACHINE_RULES[code]
    return next((rule for pattern, rule in MACHINE_RULES.items() if fnmatchcase(code, pattern)), None)


def asked(finding: Finding, material: Material) -> list[bool | None]:
    """Return what each condition of the finding's rule answers; empty without a rule."""
    rule = rule_for(finding.code)
    return [condition(finding, material) for condition in rule.conditions] if rule else []


def is_checked(finding: Finding, material: Material) -> bool:
    """Return whether a machine rule could be asked of the finding to the full."""
    answers = asked(finding, material)
    return bool(answers) and None not in answers


def rule_faults(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each contradiction between a sentence, its finding and the values."""
    findings = material.findings_of(statement)
    for code in statement.findings:
        if not any(f.code == code for f in findings):
            yield f"there is no finding {code} in {statement.recording_id or 'the study'}"
    if findings and not any(f.grade is statement.grade for f in findings):
        yield f"the sentence is graded {statement.grade.value}, its finding {gravest(findings).value}"
    if not statement.findings and statement.grade is not Grade.NORMAL:
        yield f"the sentence is graded {statement.grade.value} without a finding"
    for finding in findings:
        yield from _of_finding(finding, statement, material)
    yield from _wrongly_absent(statement, material)


def _of_finding(finding: Finding, statement: Statement, material: Material) -> Iterator[str]:
    rule = rule_for(finding.code)
    if rule is None:
        return
    if False in asked(finding, material):
        yield f"the values contradict the rule of {finding.code}"
    grade = rule.grade(finding, material) if callable(rule.grade) else rule.grade
    if grade is not None and grade is not finding.grade:
        yield f"{finding.code} is graded {finding.grade.value}, by its rule it is {grade.value}"
    text = statement.text.lower()
    yield from (f"a sentence on {finding.code} must say {w!r}" for w in rule.says if not _says(text, w))
    yield from (f"a sentence on {finding.code} must not say {w!r}" for w in rule.never if _says(text, w))


def _says(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}\b", text) is not None


def _wrongly_absent(statement: Statement, material: Material) -> Iterator[str]:
    if not statement.text.startswith(_NOT_MEASURED):
        return
    listed = {label.strip(" .").lower() for label in statement.text.partition(":")[2].split(",")}
    for m in material.measurements:
        if m.recording_id == statement.recording_id and m.value is not None and m.label.lower() in listed:
            yield f"{m.name} was measured, the sentence says it was not"


def coverage_faults(statements: tuple[Statement, ...], material: Material) -> Iterator[str]:
    """Give a message for each finding without a sentence, and for each value outside its range of which nothing speaks."""
    said = [(code, s.recording_id, s.grade) for s in statements for code in s.findings]
    found = [(f.code, f.recording_id, f.grade) for f in material.findings]
    for key in dict.fromkeys(found):
        if said.count(key) < found.count(key):
            yield f"no sentence speaks of {key[0]}, graded {key[2].value}, in {key[1] or 'the study'}"
    quoted = {(q.name, q.recording_id) for s in statements for q in s.quotes if q.kind is QuoteKind.MEASUREMENT}
    rested = {(name, f.recording_id) for f in material.findings for name in f.measurements}
    for m in material.measurements:
        if m.within_reference is False and (m.name, m.recording_id) not in quoted | rested:
            yield f"no sentence speaks of {m.name} in {m.recording_id}, which lies outside its range"
