"""Machine rules of the metadata's findings: beyond the printed limit, and critical beyond the critical one.

Belongs here: the direction of a limit and the critical limits. Not here: reference ranges, which every measurement carries.

Critical limits: blood pressure ESC 2024 (doi:10.1093/eurheartj/ehae178); creatinine and eGFR KDIGO (doi:10.1038/kisup.2012.1,
doi:10.1016/j.kint.2023.10.018); glucose ADA 2024 (doi:10.2337/dc24-S002); ejection fraction ASE/EACVI 2015.
"""

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.reporting.verification.conditions import MachineRule as R
from cardio_dagster.reporting.verification.conditions import beyond_reference
from cardio_dagster.reporting.verification.material import Material

CRITICAL: dict[str, tuple[float | None, float | None]] = {  # critical below the first, from the second upwards
    "sbp_mmhg": (70.0, 180.0),
    "dbp_mmhg": (None, 110.0),
    "heart_rate_bpm": (30.0, 150.0),
    "creatinine_umol_l": (None, 353.6),
    "egfr_ml_min_1_73m2": (15.0, None),
    "glucose_mmol_l": (3.0, None),
    "lvef_pct": (30.0, None),
}


def _critical_as_it_should(finding: Finding, material: Material) -> bool:
    name = finding.measurements[0] if finding.measurements else ""
    found, (low, high) = material.value(name, finding.recording_id), CRITICAL.get(name, (None, None))
    if found is None:
        return False
    beyond = (low is not None and found < low) or (high is not None and found >= high)
    return beyond == (finding.grade is Grade.CRITICAL)


CLINICAL_RULES: dict[str, R] = {
    "clinical.*.high": R((beyond_reference("high"), _critical_as_it_should), ("above",), ("below", "within")),
    "clinical.*.low": R((beyond_reference("low"), _critical_as_it_should), ("below",), ("above", "within")),
}
