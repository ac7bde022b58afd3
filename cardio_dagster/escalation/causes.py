"""What of a study is worth telling somebody at once, and how much it bears on the patient.

Belongs here: critical findings, failures, and the decision on the report. Not here: whom it goes to (policy.py), what
the notice says (text.py), or causes without a study (machine.py).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cardio_dagster.escalation.impacts import MIXED_PATIENTS, audience_of, graver, impact_of, is_of_machine
from cardio_dagster.finding import Finding, Grade
from cardio_dagster.outcome import Impact, Severity
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.stores.notices import Audience, Cause
from cardio_dagster.study import Priority

REPORT_HELD, REPORT_MISSING = "REPORT_HELD", "REPORT_MISSING"
_GRAVE = (Severity.ERROR, Severity.CRITICAL)
_AWAITED = (Priority.STAT, Priority.URGENT)


@dataclass(frozen=True, slots=True)
class _Reason:
    code: str
    impact: Impact
    audience: Audience


def causes(dossier: Dossier) -> tuple[Cause, ...]:
    """Return what somebody must be told of a finished study; empty where nothing is.

    | what | impact | audience |
    |---|---|---|
    | a finding of Grade.CRITICAL, also one of the files of two patients | CRITICAL | clinical |
    | the code of an ERROR response | by its failure class; a STAT study HIGH at least | technical |
    | no report of a STAT or urgent study | HIGH, MEDIUM | clinical |
    | a held report | MEDIUM, of a STAT study HIGH | clinical |
    | a failure of the machine that took a part of the study away | by its failure class | technical |

    ABNORMAL findings and bad recordings beside good ones raise none: the report says them, and is held where it must be.
    One cause for a code and audience, with how often it was met, in the order of audience, gravity and code.
    """
    study = dossier.study
    found = list(_reasons(dossier))
    count = Counter((r.audience, r.code) for r in found)
    gravest: dict[tuple[Audience, str], Impact] = {}
    for reason in found:
        key = reason.audience, reason.code
        gravest[key] = graver(gravest.get(key, reason.impact), reason.impact)
    return tuple(
        Cause(code, impact, audience, study.study_id, study.revision, study.priority.value, count[audience, code])
        for (audience, code), impact in sorted(gravest.items(), key=lambda i: (i[0][0], -i[1].rank, i[0][1]))
    )


def _reasons(dossier: Dossier) -> Iterator[_Reason]:
    for finding in _findings(dossier):
        if finding.grade is Grade.CRITICAL:
            yield _Reason(finding.code, Impact.CRITICAL, Audience.CLINICAL)
    yield from _failures(dossier)
    yield from _decision(dossier)


def _findings(dossier: Dossier) -> tuple[Finding, ...]:
    """Return every finding once, also those of recordings whose findings were not chosen for the report."""
    fused = dossier.fusion.findings if dossier.fusion else ()
    of_recordings = tuple(f for a in dossier.analyses for f in a.findings)
    return tuple(dict.fromkeys((*of_recordings, *fused, *dossier.fusion_findings)))


def _failures(dossier: Dossier) -> Iterator[_Reason]:
    stat = dossier.study.priority is Priority.STAT
    ended_by = dossier.error.code if dossier.error else None
    grave = {p.code for p in dossier.problems if p.severity in _GRAVE and is_of_machine(p.code)}
    mixed = {p.code for p in dossier.problems if p.code in MIXED_PATIENTS}
    if ended_by is not None:
        least = Impact.HIGH if stat else Impact.LOW
        yield _Reason(ended_by, graver(impact_of(ended_by), least), audience_of(ended_by))
    for code in sorted((grave | mixed) - {ended_by}):
        yield _Reason(code, impact_of(code), audience_of(code))


def _decision(dossier: Dossier) -> Iterator[_Reason]:
    status = dossier.release.status if dossier.release else None
    stat = dossier.study.priority is Priority.STAT
    if status is ReleaseStatus.HELD:
        yield _Reason(REPORT_HELD, Impact.HIGH if stat else Impact.MEDIUM, Audience.CLINICAL)
    if dossier.failed and dossier.study.priority in _AWAITED:
        yield _Reason(REPORT_MISSING, Impact.HIGH if stat else Impact.MEDIUM, Audience.CLINICAL)
