"""What metadata calls complete is what the scores ask for."""

from pathlib import Path

from cardio_dagster.fusion import fuse
from cardio_dagster.modalities.clinical import SCORE_INPUTS
from cardio_dagster.modalities.clinical.history import BY_NAME as HISTORY
from cardio_dagster.modalities.clinical.quantities import BY_NAME as QUANTITIES
from cardio_dagster.modalities.ecg import statements
from cardio_dagster.scoring import SCORES, score
from cardio_dagster.scoring.inputs import AF_CODES
from cardio_dagster_tests.fusion.analyses import analysis


def test_the_completeness_list_is_what_prevent_and_cha2ds2_lack_without_metadata():
    lacking = {
        name
        for s in score(fuse((analysis("ecg", codes=("ecg.rhythm.afib",)),), ()))
        for name in s.missing
        if s.name != "h2fpef"
    }
    assert lacking == set(SCORE_INPUTS)


def test_every_input_has_a_field():
    asked = {name for s in SCORES.values() for name in s(fuse((), ())).missing}
    assert asked <= set(QUANTITIES) | set(HISTORY) | {"sex"}


def test_the_ecg_states_atrial_fibrillation_by_a_code_that_scoring_knows():
    source = "".join(p.read_text(encoding="utf-8") for p in Path(statements.__file__).parent.glob("*.py"))
    assert any(f'"{code}"' in source for code in AF_CODES)
