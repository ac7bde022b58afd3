from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

import cardio_dagster
from cardio_dagster.evidence.suggestion_rules import RULES
from cardio_dagster.evidence.suggestions import suggest
from cardio_dagster.finding import Finding, Grade, Score
from cardio_dagster.fusion import fuse
from cardio_dagster.scoring import score as all_scores
from cardio_dagster_tests.fusion.analyses import analysis


def scored(*analyses):
    fusion = fuse(tuple(analyses), ())
    return suggest(fusion.findings + fusion.consistency, all_scores(fusion), fusion.features)


def named(suggestions):
    return {s.name: s for s in suggestions}


def refused(name, reason, *missing):
    return Score(name, name.upper(), None, "1", (), "whom it is for", "a source", reason, missing)


def finding(code):
    return Finding(code, code, Grade.ABNORMAL, "test")


PERSON = {
    "age_years": 70,
    "sbp_mmhg": 130,
    "total_cholesterol_mmol_l": 5.0,
    "hdl_cholesterol_mmol_l": 1.2,
    "bmi_kg_m2": 25,
}
HISTORY = {
    "sex": "female", "diabetes": False, "smoker": False, "antihypertensive_treatment": False, "statin": False,
    "hypertension": False, "stroke_or_tia": False, "vascular_disease": False, "heart_failure": False,
}  # fmt: skip


def person(**changed):
    facts = {**HISTORY, **{k: v for k, v in changed.items() if not isinstance(v, float)}}
    numbers = {**PERSON, **{k: v for k, v in changed.items() if isinstance(v, float)}}
    return analysis("clinical", "r09", numbers=numbers, facts={k: v for k, v in facts.items() if v is not None})


def test_fibrillation_without_history_asks_for_what_the_stroke_score_needs():
    found = named(scored(analysis("ecg", codes=("ECG_AFIB",), numbers={"qrs_ms": 90})))["cha2ds2_va"]
    assert "ESC 2024" in found.why
    assert {"age_years", "hypertension", "diabetes", "stroke_or_tia", "sex"} <= set(found.needs)


def test_a_score_that_has_its_value_is_not_suggested():
    assert "cha2ds2_va" not in named(scored(analysis("ecg", codes=("ECG_AFIB",)), person()))


def test_without_fibrillation_no_stroke_score():
    assert "cha2ds2_va" not in named(scored(analysis("ecg", codes=("ECG_SINUS",)), person()))


def test_fibrillation_in_the_history_counts():
    found = named(scored(person(atrial_fibrillation=True, diabetes=None)))["cha2ds2_va"]
    assert found.needs == ("diabetes",)
    assert "history" in found.why


def test_a_refusal_that_no_input_would_change_is_left_alone():
    """A mechanical valve: anticoagulated whatever the points."""
    stroke = refused("cha2ds2_va", "not indicated: mechanical valve")
    assert "cha2ds2_va" not in named(suggest([finding("ECG_AFIB")], [stroke], []))


def test_the_real_words_of_a_score_that_lacks_an_input_are_understood():
    """PREVENT without cholesterol: six scores, one suggestion, and the needed names."""
    found = scored(
        analysis(
            "clinical", numbers={**PERSON, "age_years": 50, "egfr_ml_min_1_73m2": 90}, facts={**HISTORY, "smoker": None}
        )
    )
    assert [s.name for s in found].count("prevent") == 1
    assert named(found)["prevent"].needs == ("smoker",)


def test_a_score_outside_its_indications_is_not_suggested():
    reason = "not indicated: no atrial fibrillation in the ECG, and the history does not say"
    assert suggest([], [refused("cha2ds2_va", reason, "atrial_fibrillation")], []) == ()


def test_h2fpef_is_suggested_for_dyspnoea_only():
    echo = analysis("echo", numbers={"lvef_pct": 60})
    assert "h2fpef" not in named(scored(echo, person()))
    found = named(scored(echo, person(dyspnoea=True)))["h2fpef"]
    assert {"pasp_mmhg", "e_over_e_prime"} <= set(found.needs)
    low = analysis("echo", numbers={"lvef_pct": 45})
    assert "h2fpef" not in named(scored(low, person(dyspnoea=True)))


@pytest.mark.parametrize(("lvef_pct", "is_suggested"), [(40.0, True), (40.1, False)])
def test_maggic_from_40_percent_down(lvef_pct, is_suggested):
    fusion = fuse((analysis("echo", numbers={"lvef_pct": lvef_pct}),), ())
    assert ("maggic" in named(suggest([], [], fusion.features))) is is_suggested
    assert named(suggest([], [refused("maggic_1y_pct", "missing: nyha_class", "nyha_class")], fusion.features)).get(
        "maggic"
    )


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ECG_QTC_LONG", "qtc_fridericia_ms"),
        ("ECG_QTC_CRITICAL", "qtc_fridericia_ms"),
        ("ECG_LVH_VOLTAGE", "wall_thickness"),
        ("ECG_LVH_STRAIN", "wall_thickness"),
        ("ECG_AFIB", "has_bled"),
        ("ECG_AFIB", "lvef_pct"),
        ("ECG_LBBB", "lvef_pct"),
        ("ECHO_BEATS_IRREGULAR", "qrs_ms"),
    ],
)
def test_what_follows_from_a_finding(code, name):
    assert name in named(suggest([finding(code)], [], []))


def test_what_is_there_is_not_suggested():
    both = fuse((analysis("echo", numbers={"lvef_pct": 60}), analysis("ecg", numbers={"qrs_ms": 90})), ()).features
    codes = ["ECG_AFIB", "ECG_LBBB", "ECHO_BEATS_IRREGULAR"]
    assert not {"lvef_pct", "qrs_ms"} & set(named(suggest([finding(c) for c in codes], [], both)))


def test_a_setting_of_the_site_is_not_asked_of_the_patient():
    lacking = refused("score2_10y_pct", "missing: score2_region", "score2_region")
    assert suggest([], [lacking], []) == ()
    both = replace(lacking, missing=("score2_region", "smoker"))
    assert suggest([], [both], [])[0].needs == ("smoker",)


@pytest.mark.parametrize("code", ["fusion.conflict.sex", "fusion.conflict.age_years"])
def test_nothing_is_suggested_for_files_of_different_patients(code):
    assert suggest([finding(code), finding("ECG_AFIB")], [], []) == ()


def test_the_order_of_the_findings_does_not_matter():
    codes = ["ECG_AFIB", "ECG_QTC_LONG", "ECG_LVH_VOLTAGE"]
    found = {suggest([finding(c) for c in order], [], []) for order in permutations(codes)}
    assert len(found) == 1


def test_no_name_is_suggested_twice_and_each_says_why_with_a_source():
    found = suggest([finding(c) for c in ("ECG_AFIB", "ECG_LBBB", "ECG_QTC_LONG", "ECG_QTC_CRITICAL")], [], [])
    assert len(named(found)) == len(found)
    assert all("doi:10." in s.why for s in found)


def test_every_code_of_the_rules_is_one_that_the_package_states():
    """A rule on a code that nothing states would never fire."""
    root = Path(cardio_dagster.__file__).parent / "modalities"
    sources = "".join(path.read_text() for path in sorted(root.rglob("*.py")))
    for code in {code.removesuffix("*") for rule in RULES for code in rule.codes}:
        assert f'"{code}' in sources, code
