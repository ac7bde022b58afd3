"""What metadata calls complete is what the scores ask for."""

from pathlib import Path

from cardio_dagster.fusion import fuse
from cardio_dagster.modalities.clinical import SCORE_INPUTS
from cardio_dagster.modalities.clinical.categories import BY_NAME as CATEGORIES
from cardio_dagster.modalities.clinical.history import BY_NAME as HISTORY
from cardio_dagster.modalities.clinical.quantities import BY_NAME as QUANTITIES
from cardio_dagster.modalities.ecg import statements
from cardio_dagster.scoring import SCORES, score
from cardio_dagster.scoring.inputs import AF_CODES
from cardio_dagster.scoring.score2.coefficients import REGIONS
from cardio_dagster_tests.fusion.analyses import analysis


def test_the_completeness_list_is_what_prevent_and_cha2ds2_lack_without_metadata():
    lacking = {
        name
        for s in score(fuse((analysis("ecg", codes=("ecg.rhythm.afib",)),), ()))
        for name in s.missing
        if s.name.startswith(("prevent", "cha2ds2"))
    }
    assert lacking == set(SCORE_INPUTS)


def test_every_input_has_a_field():
    indicated = analysis("clinical", facts={"heart_failure": True, "atrial_fibrillation": True})
    asked = {name for s in SCORES.values() for name in (*s(fuse((), ())).missing, *s(fuse((indicated,), ())).missing)}
    assert {"nyha_class", "hf_duration_months", "liver_disease", "alcohol_drinks_per_week", "score2_region"} <= asked
    assert asked <= {*QUANTITIES, *HISTORY, *CATEGORIES, "sex"}


def test_the_regions_of_metadata_are_those_of_score2():
    assert tuple(CATEGORIES["score2_region"].values) == REGIONS


def test_the_ecg_states_atrial_fibrillation_by_a_code_that_scoring_knows():
    source = "".join(p.read_text(encoding="utf-8") for p in Path(statements.__file__).parent.glob("*.py"))
    assert any(f'"{code}"' in source for code in AF_CODES)
