"""Made-up decisions and reports of many studies, for the tests of the tables and the page; no patient is behind them."""

import random

from cardio_dagster.reporting.cohort.study import CohortStudy, Decided, read_study
from cardio_dagster.reporting.json_report import to_json
from cardio_dagster_tests.reporting.samples import full

_MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")


def of_sample(status: str = "released", study_id: str = "s-00000000000000aa") -> tuple[Decided, CohortStudy]:
    """Return the full sample report, decided as `status`."""
    study = read_study(to_json(full()))
    return Decided(study_id, study.revision, study.revision, status, study.final_state, study.coverage), study


def crowd(size: int, seed: int = 7):
    """Yield `size` studies with values around those of the sample; every tenth is held, every fiftieth in error."""
    chance = random.Random(seed)
    _, sample = of_sample()
    shared = {name: getattr(sample, name) for name in sample.__struct_fields__}
    for n in range(size):
        at = f"{chance.choice(_MONTHS)}-{chance.randint(10, 28)}T10:00:00Z"
        status = "error" if n % 50 == 49 else "held" if n % 10 == 9 else "released"
        moved = tuple(_moved(m, chance) for m in sample.measurements)
        study = CohortStudy(**{**shared, "study_id": f"s-{n:016x}", "received_at": at, "measurements": moved})
        yield Decided(study.study_id, study.revision, study.revision, status, "COMPLETE", study.coverage), study


def _moved(measured, chance):
    value = measured.value and round(measured.value * chance.gauss(1, 0.12), 1)
    return type(measured)(**{**{n: getattr(measured, n) for n in measured.__struct_fields__}, "value": value})
