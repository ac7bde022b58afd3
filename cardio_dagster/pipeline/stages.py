"""The stages that do not fan out: receipt, fusion, scoring, release. Each takes and returns a Dossier.

Belongs here: what these stages do. Not here: the fan-out stages (branch_stage.py, barrier.py),
writing the response (formatting.py), or the order of all (study_run.py).
"""

import time
from dataclasses import replace
from pathlib import Path

from cardio_dagster.finding import Analysis, Finding, Grade
from cardio_dagster.fusion import fuse
from cardio_dagster.fusion.patients import with_mixed_patients
from cardio_dagster.fusion.site import with_site_region
from cardio_dagster.modalities.branch import Options
from cardio_dagster.outcome import Problem, Severity, State, Status
from cardio_dagster.pipeline.branch_stage import kept_analyses
from cardio_dagster.pipeline.branch_task import BranchTask, Workplace
from cardio_dagster.pipeline.dossier import Dossier, Release, ReleaseStatus
from cardio_dagster.pipeline.fallback import refused_scores, was_not_fused
from cardio_dagster.pipeline.memory import peak_memory_mb, reset_peak_memory
from cardio_dagster.pipeline.received import RECEIPT_STOPS, receipt_problems
from cardio_dagster.scoring import score, summarise
from cardio_dagster.study import Study

_WORDS = dict.fromkeys(("fusion.child", "fusion.pregnancy"), "for review")  # held, though they contradict nothing


class Stopwatch:
    """Time and peak memory of one stage."""

    def __init__(self) -> None:
        reset_peak_memory()
        self._start = time.perf_counter()

    def enter(self, dossier: Dossier, state: State, status: Status = Status.OK) -> Dossier:
        """Move the dossier to `state` with the cost since this stopwatch was made."""
        elapsed_ms = (time.perf_counter() - self._start) * 1000
        return dossier.enter(state, status=status, duration_ms=elapsed_ms, peak_memory_mb=peak_memory_mb())


def receive(study: Study, input_dir: Path, options: Options, *, problems: tuple[Problem, ...] = ()) -> Dossier:
    """Open the dossier and confirm that every recording lies where intake put it, and is the one that came.

    `problems` are those that intake met. A file over the size limit ends the study with
    E_HARD_004, a missing one with E_INTAKE_006, one whose SHA-256 is not the registered one with E_INTAKE_010.
    """
    watch = Stopwatch()
    met = (
        *problems,
        *(p for r in study.recordings for p in receipt_problems(r, input_dir, options)),
    )
    dossier = watch.enter(Dossier(study, study_problems=met), State.RECEIPT)
    stop = next((p.code for p in met if p.code in RECEIPT_STOPS and p.recording_id), None)
    if stop is None and not study.recordings:
        stop = met[0].code if met else "E_HARD_001"
    return dossier.fail(stop) if stop else dossier


def fusion_stage(dossier: Dossier, place: Workplace) -> Dossier:
    """Combine the analyses of all modalities that reached ANALYSIS."""
    if dossier.failed:
        return dossier
    watch = Stopwatch()
    analyses, lost = analyses_of(dossier, place)
    fusion = with_site_region(fuse(analyses, lost), place.options.score2_region)
    fusion = with_mixed_patients(fusion, dossier.study_problems)
    return watch.enter(replace(dossier, analyses=(*analyses, *fusion.indexed), fusion=fusion), State.FUSION)


def analyses_of(dossier: Dossier, place: Workplace) -> tuple[tuple[Analysis, ...], tuple[str, ...]]:
    """Return the analyses of all recordings of the living modalities, and the names of those that were lost."""
    alive = dossier.alive()
    tasks = (BranchTask(dossier.study, State.ANALYSIS, modality) for modality in alive)
    analyses = tuple(a for task in tasks for a in kept_analyses(task, place).values())
    return analyses, tuple(m for m in dossier.study.modalities if m not in alive)


def scoring_stage(dossier: Dossier) -> Dossier:
    """Compute every score and the summary tier; one that is not indicated is refused with its reason.

    Where FUSION failed, all are refused: a score joins modalities that nobody compared.
    """
    if dossier.failed or dossier.fusion is None:
        return dossier
    if was_not_fused(dossier.fusion):
        return scores_refused(dossier, "refused: the modalities could not be combined")
    watch = Stopwatch()
    scores = score(dossier.fusion)
    tier = summarise(dossier.fusion.findings + dossier.fusion.consistency, scores)
    return watch.enter(replace(dossier, scores=(*scores, tier)), State.SCORING)


def scores_refused(dossier: Dossier, reason: str) -> Dossier:
    """Enter SCORING with every score refused for one reason."""
    watch = Stopwatch()
    return watch.enter(replace(dossier, scores=refused_scores(reason)), State.SCORING, Status.FAILED)


def release_decision(dossier: Dossier) -> Release:
    """Release a complete study of which nothing was lost and whose gates all passed; hold any other with the reasons.

    A grave problem of a single recording, anything that intake left out and a contradiction
    between modalities hold it too, and a sentence that does not verify. A critical finding does not, it makes the
    report urgent.
    """
    if dossier.failed:
        return Release(ReleaseStatus.ERROR, (dossier.error.code,) if dossier.error else ())
    gates = [f"gate {v.gate} did not pass ({v.modality} {v.recording_id})" for v in dossier.verdicts if not v.passed]
    parts = [f"{o.modality} failed in {o.state.name}" for o in dossier.outcomes if o.status is Status.FAILED]
    clashes = [
        f"{_WORDS.get(f.code, 'contradiction')}: {f.text}"
        for f in _contradictions(dossier)
        if f.grade is not Grade.NORMAL
    ]
    losses = [f"{p.code} {' '.join(filter(None, (p.modality, p.recording_id)))}".strip() for p in _losses(dossier)]
    reasons = tuple(dict.fromkeys(gates + parts + losses + clashes + _unverified(dossier)))
    return Release(ReleaseStatus.HELD if reasons else ReleaseStatus.RELEASED, reasons)


def _losses(dossier: Dossier) -> list[Problem]:
    grave = [p for o in dossier.outcomes for p in o.problems if p.severity in (Severity.ERROR, Severity.CRITICAL)]
    return [*(p for p in dossier.study_problems if p.severity is not Severity.INFO), *grave]


def _unverified(dossier: Dossier) -> list[str]:
    verification = dossier.written.verification if dossier.written else None
    return [f"the report does not verify: {f.message}" for f in verification.faults] if verification else []


def _contradictions(dossier: Dossier) -> tuple[Finding, ...]:
    return dossier.fusion.consistency if dossier.fusion else ()


def complete(dossier: Dossier) -> Dossier:
    """Enter COMPLETE once the response is written; an ERROR stays one."""
    return dossier if dossier.failed else Stopwatch().enter(dossier, State.COMPLETE)
