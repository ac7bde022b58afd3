"""Each check of one modality against another: where it speaks, where it is silent, and whether it holds the report."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.fusion import fuse
from cardio_dagster.fusion.clashes import CONTRADICTIONS, RELATIONS, RULES
from cardio_dagster.fusion.clashes import walls as walls_rule
from cardio_dagster.fusion.clashes.arithmetic import ckd_epi_2021
from cardio_dagster.fusion.clashes.ejection import expected_ef_pct
from cardio_dagster.modalities.clinical.derive import egfr_ckd_epi_2021
from cardio_dagster_tests.fusion.analyses import DEMO, SEGMENTS, SEPTUM, analysis, clip, ecg

PAGE = Path(__file__).parents[2] / "docs" / "fusion.md"
OLD = analysis("clinical", "r01", numbers={"heart_rate_bpm": 110})
AFIB = ecg(rhythm="afib", codes=("ECG_AFIB",))
SINUS = ecg(codes=("ECG_SINUS",))
LBBB = ecg(codes=("ECG_SINUS", "ECG_LBBB"), numbers={"qrs_ms": 152})
PACED = ecg(rhythm="paced", codes=("ECG_PACED",))
LOW = ecg(codes=("ECG_SINUS", "ECG_LOW_VOLTAGE_LIMB"))
UNSCALED = replace(
    LOW,
    findings=tuple(replace(f, text=f"low; read with care: the leads have {walls_rule.UNSCALED}") for f in LOW.findings),
)
HIGH = replace(
    ecg(numbers={"sokolow_lyon_mv": 4.1}),
    findings=(Finding("ECG_LVH_VOLTAGE", "high", Grade.NOTE, "test", ("sokolow_lyon_mv",), "ecg", "r02"),),
)


def walls(septal, lateral):
    return clip(numbers={"septal_thickness_a4c_mm": septal, "lateral_thickness_a4c_mm": lateral})


def motion(ef, index, segments=SEGMENTS, codes=(), recording_id="r03"):
    values = {"lvef_pct": ef, "wall_motion_score_index": index, **segments}
    return clip(recording_id, numbers=values, codes=codes)


def stated(numbers=None, recording_id="r01", **facts):
    return analysis("clinical", recording_id, numbers=numbers, facts=facts)


def body(bmi, height_cm=171, weight_kg=78):  # weight over height squared is 26.67
    return stated({"bmi_kg_m2": bmi, "height_cm": height_cm, "weight_kg": weight_kg})


def kidney(egfr, *, creatinine=88.42, age=50, sex="male"):  # CKD-EPI 2021 gives 91.7 (test_values.py)
    return stated({"egfr_ml_min_1_73m2": egfr, "creatinine_umol_l": creatinine, "age_years": age}, sex=sex)


def derived(document):
    """Return the document as if its first measurement were derived."""
    first, *others = document.measurements
    return replace(document, measurements=(replace(first, method="derived: from others"), *others))


NO_PRESSURE = stated(hypertension=False)
TREATED = stated(recording_id="r02", antihypertensive_treatment=True)
NO_FAILURE = stated(heart_failure=False)
HOLDS = {  # code: (analyses that contradict), (analyses that do not)
    "fusion.heart_rate": [
        ((ecg(rate=60), clip(rate=86)), (ecg(rate=60), clip(rate=85))),
        ((ecg(rate=60), OLD), (ecg(rate=60), clip(rate=84), replace(OLD, measurements=clip(rate=84).measurements))),
        ((ecg(rate=120), clip(rate=161)), (ecg(rate=120), clip(rate=159))),
        ((ecg(rhythm="afib", rate=90), clip(rate=141)), (ecg(rhythm="afib", rate=90), clip(rate=139))),
        ((ecg(rate=60), clip(rate=100)), (ecg(rate=60), ecg("r04", rate=100), clip(rate=100))),
        ((ecg(rate=60), clip(rate=60), OLD), (clip(rate=60), clip("r05", rate=100))),
    ],
    "fusion.afib_regular_clip": [
        ((AFIB, clip(beats=9)), (AFIB, clip(beats=8))),
        ((AFIB, clip(beats=9)), (AFIB, clip(beats=9, rhythm="irregular"))),
        ((AFIB, clip(beats=9)), (AFIB, clip(beats=9, rhythm="unknown"))),
        ((AFIB, clip(beats=9)), (AFIB, ecg("r05"), clip(beats=9))),
        ((AFIB, clip(beats=9)), (replace(AFIB, findings=(*AFIB.findings, *PACED.findings)), clip(beats=9))),
    ],
    "fusion.sinus_chaotic_clip": [
        (
            (SINUS, clip(beats=5, rhythm="irregular", numbers={"lvef_sd_pct": 5.0})),
            (SINUS, clip(beats=5, rhythm="irregular", numbers={"lvef_sd_pct": 4.9})),
        ),
        (
            (SINUS, clip(beats=5, rhythm="irregular", numbers={"lvef_sd_pct": 9.0})),
            (SINUS, clip(beats=4, rhythm="irregular", numbers={"lvef_sd_pct": 9.0})),
        ),
        (
            (SINUS, clip(beats=8, rhythm="irregular", numbers={"lvef_sd_pct": 9.0})),
            (SINUS, AFIB, clip(beats=8, rhythm="irregular", numbers={"lvef_sd_pct": 9.0})),
        ),
        (
            (SINUS, clip(beats=8, rhythm="irregular", numbers={"lvef_sd_pct": 9.0})),
            (ecg(codes=("ECG_PVC",)), clip(beats=8, rhythm="irregular", numbers={"lvef_sd_pct": 9.0})),
        ),
        (
            (SINUS, clip(beats=8, rhythm="irregular", numbers={"lvef_sd_pct": 9.0})),
            (ecg(codes=("ECG_SINUS", "ECG_AFIB")), clip(beats=8, rhythm="irregular", numbers={"lvef_sd_pct": 9.0})),
        ),
    ],
    "fusion.ef_wall_motion": [
        ((motion(39.9, 1.0),), (motion(40.1, 1.0),)),
        ((motion(61.0, 1.7),), (motion(60.9, 1.7),)),
        ((motion(60.0, 2.5),), (motion(85.0, 1.0),)),  # far above normal with no abnormality is no contradiction
        ((motion(30.0, 1.0),), (motion(30.0, 1.0, dict(list(SEGMENTS.items())[:3])),)),
    ],
    "fusion.bmi_height_weight": [
        ((body(28.7),), (body(28.6),)),
        ((body(45),), (derived(body(45)),)),
        ((body(24.6),), (replace(body(24.6), measurements=body(24.6).measurements[:2]),)),
    ],
    "fusion.egfr_creatinine": [
        ((kidney(131.1),), (kidney(130.9),)),
        ((kidney(64.1),), (kidney(64.3),)),
        ((kidney(95, creatinine=600),), (kidney(95, creatinine=600, age=17),)),
        ((kidney(95, creatinine=600),), (kidney(95, creatinine=600, sex=None),)),
        ((kidney(95, creatinine=600),), (derived(kidney(95, creatinine=600)),)),
        ((kidney(30, creatinine=600),), (kidney(23, creatinine=600),)),  # 9 expected: a third, but only 14 mL/min
    ],
    "fusion.hypertension_denied": [
        ((stated(hypertension=False, antihypertensive_treatment=True),), (stated(hypertension=True, antihypertensive_treatment=True),)),
        ((NO_PRESSURE, TREATED), (NO_PRESSURE, stated(recording_id="r02", antihypertensive_treatment=False))),
        ((stated({"antihypertensive_count": 1}, hypertension=False),), (stated({"antihypertensive_count": 0}, hypertension=False),)),
        ((NO_PRESSURE, TREATED), (TREATED, stated(hypertension=None))),
    ],
    "fusion.heart_failure_denied": [
        ((stated({"lvef_pct": 29.9}, heart_failure=False),), (stated({"lvef_pct": 30}, heart_failure=False),)),
        ((stated({"nyha_class": 3}, heart_failure=False),), (stated({"nyha_class": 2}, heart_failure=False),)),
        ((stated({"nyha_class": 4}, heart_failure=False),), (stated({"nyha_class": 4}, heart_failure=True),)),
        ((NO_FAILURE, stated({"lvef_pct": 15}, "r02")), (NO_FAILURE, motion(15, 3.0))),  # measured now: news
    ],
    "fusion.child": [
        ((stated({"age_years": 17}),), (stated({"age_years": 18}),)),
        ((stated({"age_years": 0}),), (stated({"weight_kg": 3}),)),
        ((analysis("ecg", "r02", facts={"age_years": 8.0}),), (analysis("ecg", "r02", facts={"age_years": None}),)),
    ],
    "fusion.pregnancy": [
        ((stated(pregnant=True),), (stated(pregnant=False),)),
        ((stated(pregnant=True),), (stated(pregnant=None),)),
    ],
}  # fmt: skip
OUT_OF_SCOPE = ("fusion.child", "fusion.pregnancy")
NOTES = {
    "fusion.heart_rate_changed": [
        ((ecg(rate=60), clip(rate=76)), (ecg(rate=60), clip(rate=75))),
        ((ecg(rate=60), clip(rate=76)), (ecg(rate=60), clip(rate=100))),
    ],
    "fusion.afib_regular_short_clip": [((AFIB, clip(beats=4)), (AFIB, clip(beats=9)))],
    "fusion.sinus_irregular_clip": [
        ((SINUS, clip(rhythm="irregular")), (SINUS, clip(rhythm="ectopic"))),
        ((SINUS, clip(rhythm="irregular")), (SINUS, clip(rhythm="irregular", numbers={"lvef_sd_pct": 8.0}))),
        ((SINUS, clip(rhythm="irregular")), (ecg(rhythm="other"), clip(rhythm="irregular"))),
    ],
    "fusion.septum_explained": [
        ((LBBB, motion(50, 1.3, codes=("AKINESIA_MID_INFEROSEPTUM",))), (LBBB, motion(50, 1.0))),
        (
            (PACED, motion(50, 1.3, codes=("HYPOKINESIA_APICAL_SEPTUM",))),
            (SINUS, motion(50, 1.3, codes=("HYPOKINESIA_APICAL_SEPTUM",))),
        ),
        (
            (LBBB, motion(50, 1.3, codes=("DYSKINESIA_BASAL_INFEROSEPTUM",))),
            (LBBB, motion(50, 1.3, codes=("AKINESIA_MID_ANTEROLATERAL_WALL",))),
        ),
    ],
    "fusion.septum_moves_in_lbbb": [
        ((LBBB, motion(60, 1.0)), (LBBB, motion(60, 1.0, dict(list(SEPTUM.items())[:2])))),
        ((LBBB, motion(60, 1.0)), (PACED, motion(60, 1.0))),
        ((LBBB, motion(60, 1.0)), (LBBB, motion(60, 1.3, codes=("AKINESIA_MID_INFEROSEPTUM",)))),
        ((LBBB, motion(60, 1.0)), (LBBB, motion(50, 2.0, codes=("GLOBAL_HYPOKINESIA",)))),
    ],
    "fusion.thick_walls_low_voltage": [
        ((LOW, walls(14.0, 14.2)), (LOW, walls(13.9, 16.0))),
        ((LOW, walls(16, 15)), (SINUS, walls(16, 15))),
        ((LOW, walls(16, 15)), (UNSCALED, walls(16, 15))),
        ((LOW, walls(16, 15)), (replace(LOW, findings=(*LOW.findings, *PACED.findings)), walls(16, 15))),
        ((LOW, walls(16, 15)), (LOW, clip(numbers={"septal_thickness_a4c_mm": 16}))),
    ],
    "fusion.thin_walls_high_voltage": [
        ((HIGH, walls(9.9, 10.0)), (HIGH, walls(10.1, 9.0))),
        ((HIGH, walls(9, 9)), (replace(HIGH, findings=(*HIGH.findings, *LBBB.findings)), walls(9, 9))),
        ((HIGH, walls(9, 9)), (SINUS, walls(9, 9))),
    ],
}


def told(analyses):
    fusion = fuse(tuple(analyses), ())
    return {f.code: f for f in fusion.consistency}, {f.code: f for f in fusion.relations}


@pytest.mark.parametrize(("code", "case"), [(c, case) for c, cases in HOLDS.items() for case in cases])
def test_a_contradiction_holds(code, case):
    clash, silent = case
    holds, notes = told(clash)
    assert code in holds
    assert code not in notes
    expected = Grade.NOTE if code in OUT_OF_SCOPE else Grade.ABNORMAL
    assert holds[code].grade is expected, "release_decision holds what is not NORMAL"
    assert code not in told(silent)[0]


@pytest.mark.parametrize(("code", "case"), [(c, case) for c, cases in NOTES.items() for case in cases])
def test_a_relation_is_told_and_does_not_hold(code, case):
    found, silent = case
    holds, notes = told(found)
    assert code in notes
    assert code not in holds
    assert notes[code].grade is Grade.NOTE
    assert code not in told(silent)[1]


def test_every_check_has_one_code_and_is_tested_here():
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes)) == len(CONTRADICTIONS) + len(RELATIONS)
    assert set(codes) == set(HOLDS) | set(NOTES)
    assert len(set(CONTRADICTIONS) | set(RELATIONS)) == len(codes)


@pytest.mark.parametrize(
    ("code", "case"), [(c, cases[0][0]) for c, cases in {**HOLDS, **NOTES}.items()], ids=lambda v: str(v)[:40]
)
def test_a_finding_rests_on_measurements_that_are_there_and_names_its_source(code, case):
    holds, notes = told(case)
    found = {**holds, **notes}[code]
    there = {m.name for a in case for m in (*a.measurements, *a.facts)}
    assert found.measurements
    assert set(found.measurements) <= there
    assert found.modality == "fusion"
    assert re.search(r"doi:10\.\d{4,}/\S+|PMID \d+", found.rule)


@pytest.mark.parametrize("code", ["fusion.heart_rate", "fusion.ef_wall_motion"])
def test_a_number_in_the_text_is_that_of_a_measurement(code):
    case = HOLDS[code][0][0]
    values = {round(m.value, 2) for a in case for m in a.measurements}
    text = re.sub(r"\(.*?\)", "", told(case)[0][code].text)
    assert {float(n) for n in re.findall(r"\d+\.?\d*", text)} <= values


def test_the_demo_study_is_not_held():
    holds, notes = told(DEMO)
    assert holds == {}
    assert notes == {}


def test_both_values_and_the_recording_are_named():
    texts = {
        code: told(HOLDS[code][0][0])[0][code].text
        for code in ("fusion.bmi_height_weight", "fusion.egfr_creatinine", "fusion.hypertension_denied")
    }
    assert re.search(
        r" 28\.7 .* 171 cm and weight 78 kg give 26\.7 .*\(clinical r01\)", texts["fusion.bmi_height_weight"]
    )
    assert re.search(r"131\.1 .*88\.42 umol/L at 50 years give 91\.7 ", texts["fusion.egfr_creatinine"])
    assert "denied (clinical r01)" in texts["fusion.hypertension_denied"]
    two = told((NO_FAILURE, stated({"lvef_pct": 15, "nyha_class": 4}, "r02")))[0]["fusion.heart_failure_denied"].text
    assert re.search(r"denied \(clinical r01\).*\(clinical r02\).* 15 % and NYHA class 4", two)


@pytest.mark.parametrize(
    ("creatinine_mg_dl", "age_years", "sex", "expected"),
    # by hand from the printed equation of Inker 2021, doi:10.1056/NEJMoa2102953, as in modalities/clinical/test_values.py
    [(1.0, 50, "male", 91.7), (1.0, 50, "female", 68.6), (0.6, 30, "female", 123.8), (4.0, 75, "male", 14.9)],
)
def test_filtration_rate_is_that_of_the_clinical_branch(creatinine_mg_dl, age_years, sex, expected):
    given = {"creatinine_umol_l": creatinine_mg_dl * 88.42, "age_years": age_years, "sex": sex}
    assert ckd_epi_2021(**given) == pytest.approx(egfr_ckd_epi_2021(**given)) == pytest.approx(expected, abs=0.05)


def test_wall_motion_and_ejection_by_the_published_line():
    """Lebeau 2003; the segmental EF of Lebeau 2018 (65, 40, 15 % for scores 1, 2, 3) is the second source."""
    assert [round(expected_ef_pct(s), 1) for s in (1, 2, 3)] == [67.0, 41.2, 15.4]
    assert all(abs(expected_ef_pct(s) - ef) <= 3 for s, ef in ((1, 65), (2, 40), (3, 15)))


def test_the_r_waves_of_the_clip_come_before_its_images():
    echo = clip(rate=100, numbers={"echo_heart_rate_r_waves_bpm": 62.0})
    assert told((ecg(rate=60), echo)) == ({}, {})


def test_twice_the_rate_is_told_as_such():
    doubled, apart = (told((ecg(rate=60), clip(rate=r)))[0]["fusion.heart_rate"].text for r in (121, 100))
    assert "twice" in doubled
    assert "twice" not in apart


def test_of_two_clips_the_worse_is_told():
    found = told((motion(35, 1.0), motion(25, 1.0, recording_id="r04")))[0]["fusion.ef_wall_motion"]
    assert "25.0 %" in found.text
    assert "r04" in found.text


def test_what_the_block_does_not_explain_is_said():
    both = motion(45, 1.6, codes=("AKINESIA_MID_INFEROSEPTUM", "AKINESIA_MID_ANTEROLATERAL_WALL"))
    only = motion(45, 1.6, codes=("AKINESIA_MID_INFEROSEPTUM",))
    texts = [told((LBBB, echo))[1]["fusion.septum_explained"].text for echo in (both, only)]
    assert ["not explained" in text for text in texts] == [True, False]


def test_nothing_measured_is_no_contradiction():
    blank = (analysis("ecg", "r02", absent=("heart_rate_bpm",)), analysis("echo", "r03", absent=("lvef_pct",)))
    assert told(blank) == ({}, {})
    assert told(()) == ({}, {})


def test_the_page_lists_every_check_and_says_whether_it_holds():
    rows = dict(re.findall(r"^\| `(fusion\.\w+)` \| (holds|note) \|", PAGE.read_text(), flags=re.MULTILINE))
    assert rows == {**dict.fromkeys(HOLDS, "holds"), **dict.fromkeys(NOTES, "note")}
