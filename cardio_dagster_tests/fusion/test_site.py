"""What is known beside the recordings: the region of the installation, and files of different patients."""

from dataclasses import replace

import pytest

from cardio_dagster.errors import problem
from cardio_dagster.finding import Analysis, Fact, Grade
from cardio_dagster.fusion import fuse
from cardio_dagster.fusion.patients import with_mixed_patients
from cardio_dagster.fusion.site import REGION, with_site_region
from cardio_dagster.scoring import SCORES, score, summarise

PERSON = Analysis(
    "clinical", "r01", facts=(
        Fact("sex", "male"), Fact("age_years", 50.0, "a"), Fact("sbp_mmhg", 140.0, "mm[Hg]"),
        Fact("total_cholesterol_mmol_l", 6.3, "mmol/L"), Fact("hdl_cholesterol_mmol_l", 1.4, "mmol/L"),
        Fact("smoker", True), Fact("diabetes", False),
    ),
)  # fmt: skip


def test_the_region_of_the_site_decides_where_the_study_is_silent():
    fusion = fuse((PERSON,), ())
    assert SCORES["score2_10y_pct"](fusion).value is None
    told = SCORES["score2_10y_pct"](with_site_region(fusion, "low"))
    assert told.value == pytest.approx(6.3, abs=0.05)
    assert "score2_region = low (site)" in told.inputs
    assert SCORES["score2_10y_pct"](with_site_region(fusion, "very_high")).value == pytest.approx(15.1, abs=0.05)


def test_what_the_study_states_stands():
    stated = replace(PERSON, facts=(*PERSON.facts, Fact(REGION, "high")))
    fusion = fuse((stated,), ())
    assert with_site_region(fusion, "low") == fusion


def test_nothing_is_added_without_a_setting_and_no_other_word_is_taken():
    fusion = fuse((PERSON,), ())
    assert with_site_region(fusion, None) is fusion
    with pytest.raises(ValueError, match="very_high"):
        with_site_region(fusion, "medium")


def test_files_of_two_patients_refuse_every_score_and_are_told_first():
    noticed = problem(
        "E_INTAKE_009", "the recordings state different patients", seen="2 different identifiers: r01 against r02"
    )
    fusion = with_mixed_patients(with_site_region(fuse((PERSON,), ()), "low"), (noticed,))
    assert fusion.consistency[0].code == "fusion.patients"
    assert fusion.consistency[0].grade is Grade.CRITICAL
    assert {s.value for s in score(fusion)} == {None}
    assert summarise(fusion.consistency, ()).value is None
    assert with_mixed_patients(fusion, ()) is fusion
