"""Files of different patients in one study, as intake noticed them: a contradiction like any other.

Belongs here: turning intake's problem into the finding that holds the report and refuses the scores. Not here: reading
identifiers (intake/patient.py), or sex and age that differ (consistency.py).
"""

from collections.abc import Iterable
from dataclasses import replace

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.fusion.fused import Fusion
from cardio_dagster.outcome import Problem

NOTICED = "E_INTAKE_009"
CODE = "fusion.patients"


def with_mixed_patients(fusion: Fusion, problems: Iterable[Problem]) -> Fusion:
    """Return the fusion with a critical contradiction where `problems` of the study name different patients."""
    noticed = next((p for p in problems if p.code == NOTICED), None)
    if noticed is None:
        return fusion
    finding = Finding(
        code=CODE,
        text="The files name different patients: no value of this report can be taken as one person's",
        grade=Grade.CRITICAL,
        rule=f"patient identifiers in the files differ ({NOTICED})",
        modality="fusion",
        evidence=noticed.seen,
    )
    return replace(fusion, consistency=(finding, *fusion.consistency))
