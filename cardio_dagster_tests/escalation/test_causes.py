"""Causes: every critical finding and every failure of a machine, and nothing that need not wake anybody."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

import cardio_dagster
from cardio_dagster.errors import CODES, POLICIES, FailureClass, problem
from cardio_dagster.escalation import causes
from cardio_dagster.escalation.impacts import impact_of
from cardio_dagster.escalation.words_of_codes import words_of
from cardio_dagster.finding import Analysis, Finding, Grade
from cardio_dagster.fusion import fuse
from cardio_dagster.fusion.consistency import WHOSE_CODES
from cardio_dagster.fusion.patients import with_mixed_patients
from cardio_dagster.modalities.clinical.quantities import BY_NAME
from cardio_dagster.outcome import Impact, Outcome, State, Status
from cardio_dagster.pipeline.dossier import Dossier, ErrorNote, Release, ReleaseStatus
from cardio_dagster.stores.notices import Audience
from cardio_dagster.study import Priority
from cardio_dagster_tests.pipeline.studies import recording, study

PACKAGE = Path(cardio_dagster.__file__).parent
GOOD = Outcome(State.VALIDATION, "ecg", Status.OK, (), (), 1.0, 1.0)
CRITICAL_CODES = {
    "modalities/ecg/statements/rhythm.py": {"ECG_NO_BEATS", "ECG_CHAOTIC", "ECG_PAUSE", "ECG_NO_QRS", "ECG_BRADYCARDIA", "ECG_TACHYCARDIA"},
    "modalities/ecg/statements/ectopy.py": {"ECG_VT"},
    "modalities/ecg/statements/qt.py": {"ECG_QTC_CRITICAL"},
    "modalities/ecg/statements/st.py": {"ECG_ST_ELEVATION"},
    "modalities/ecg/statements/av.py": {"ECG_AV_BLOCK_3"},
    "modalities/echo/references.py": {"LVEF_SEVERELY_REDUCED"},
    "modalities/clinical/findings.py": {
        f"clinical.{q.name}.{side}"
        for q in BY_NAME.values()
        for sex in ("M", "F", None)
        if (limits := q.limits_for(sex))
        for side in ("low", "high")
        if getattr(limits, f"critical_{side}") is not None
    },
    "fusion/consistency.py": set(WHOSE_CODES),
    "fusion/patients.py": {"fusion.patients"},
}  # fmt: skip
ALL_CRITICAL = sorted(set().union(*CRITICAL_CODES.values()))


def finding(code, grade=Grade.CRITICAL, text="text of Jane Doe"):
    return Finding(code, text, grade, "rule")


def dossier(*findings, priority=Priority.ROUTINE, status=ReleaseStatus.RELEASED, **changes):
    made = replace(study(recording(1, modality="ecg")), priority=priority)
    analysis = Analysis("ecg", "r01", findings=findings)
    return replace(
        Dossier(made), analyses=(analysis,), fusion=fuse((analysis,), ()), outcomes=(GOOD,), release=Release(status), **changes
    )  # fmt: skip


def told(found):
    return [(c.code, c.impact, c.audience) for c in found]


def writes_critical(path):
    """Return whether a module makes something critical, rather than asking whether it is."""
    text = path.read_text()
    tree = ast.parse(text if "Grade.CRITICAL" in text else "")
    asked = {id(n) for c in ast.walk(tree) if isinstance(c, ast.Compare) for n in ast.walk(c)}
    return any(
        isinstance(n, ast.Attribute) and n.attr == "CRITICAL" and ast.unparse(n.value) == "Grade" and id(n) not in asked
        for n in ast.walk(tree)
    )


def test_no_module_makes_critical_findings_that_this_list_does_not_know():
    only_reads = {"modalities/echo/findings.py"}
    found = {
        str(path.relative_to(PACKAGE))
        for part in ("modalities", "fusion")
        for path in (PACKAGE / part).rglob("*.py")
        if writes_critical(path)
    } - only_reads
    assert found == set(CRITICAL_CODES)


@pytest.mark.parametrize("path", [p for p in CRITICAL_CODES if "ecg" in p or "echo" in p])
def test_the_codes_stand_in_their_modules(path):
    text = (PACKAGE / path).read_text()
    assert all(f'"{code}"' in text for code in CRITICAL_CODES[path])


@pytest.mark.parametrize("code", ALL_CRITICAL)
def test_every_critical_finding_is_a_critical_clinical_cause_with_words_of_its_own(code):
    assert told(causes(dossier(finding(code)))) == [(code, Impact.CRITICAL, Audience.CLINICAL)]
    what, cure = words_of(code)
    assert code not in what
    assert cure
    assert not re.search(r"unknown", what, re.IGNORECASE)


def test_the_findings_that_the_seed_names_are_critical():
    named = {"LVEF_SEVERELY_REDUCED", "ECG_QTC_CRITICAL", "ECG_AV_BLOCK_3", "ECG_VT", "ECG_PAUSE"}
    assert named <= set(ALL_CRITICAL)


def test_a_critical_finding_of_a_code_nobody_listed_is_told_nevertheless():
    (new,) = causes(dossier(finding("pcg.murmur")))
    assert (new.code, new.impact) == ("pcg.murmur", Impact.CRITICAL)
    assert "pcg.murmur" in words_of(new.code)[0]


@pytest.mark.parametrize("grade", [Grade.ABNORMAL, Grade.NOTE, Grade.NORMAL])
def test_other_grades_raise_nothing(grade):
    assert causes(dossier(finding("ECG_VT", grade))) == ()


def test_one_cause_for_a_code_however_often_it_was_found():
    found = dossier(finding("ECG_VT"))
    second = Analysis("ecg", "r02", findings=(replace(finding("ECG_VT"), recording_id="r02"),))
    (both,) = causes(replace(found, analyses=(*found.analyses, second)))
    assert (both.count, both.study_id, both.revision) == (2, found.study.study_id, 1)


def test_files_of_two_patients_are_critical_whether_fused_or_not():
    noticed = problem("E_INTAKE_009", "two patients")
    fused = dossier(status=ReleaseStatus.HELD, study_problems=(noticed,))
    fused = replace(fused, fusion=with_mixed_patients(fused.fusion, (noticed,)))
    assert (("fusion.patients", Impact.CRITICAL, Audience.CLINICAL)) in told(causes(fused))
    early = replace(fused, fusion=None, analyses=())
    assert ("E_INTAKE_009", Impact.CRITICAL, Audience.CLINICAL) in told(causes(early))


@pytest.mark.parametrize(
    ("priority", "impact"),
    [(Priority.STAT, Impact.HIGH), (Priority.URGENT, Impact.MEDIUM), (Priority.ROUTINE, Impact.MEDIUM)],
)
def test_a_held_report_is_told_to_those_who_decide(priority, impact):
    held = dossier(priority=priority, status=ReleaseStatus.HELD)
    assert told(causes(held)) == [("REPORT_HELD", impact, Audience.CLINICAL)]


def ended(code, priority=Priority.ROUTINE):
    made = dossier(priority=priority, status=ReleaseStatus.ERROR)
    return replace(made, state=State.ERROR, error=ErrorNote(code, State.RECEIPT), fusion=None, analyses=())


@pytest.mark.parametrize("failure_class", list(FailureClass))
def test_every_failure_class_has_an_impact_and_its_codes_end_up_with_the_operator(failure_class):
    codes = [
        c
        for c, spec in CODES.items()
        if spec.failure_class is failure_class and c not in {"E_INTAKE_008", "E_INTAKE_009", "E_INTAKE_010"}
    ]
    for code in codes:
        assert impact_of(code) is POLICIES[failure_class].impact
        assert told(causes(ended(code))) == [(code, POLICIES[failure_class].impact, Audience.TECHNICAL)]


def test_the_seeds_alerts_are_critical_and_high():
    expected = {"E_HARD_002": "critical", "E_HARD_003": "critical", "E_TIMEOUT_ANALYSIS": "high", "E_MODEL_001": "high", "E_TRANSIENT_EXHAUSTED": "high"}  # fmt: skip
    assert {c: impact_of(c).value for c in expected} == expected


def test_a_stat_study_without_a_report_is_told_to_the_reader_and_is_high_for_the_operator():
    assert told(causes(ended("E_CORRUPT_001", Priority.STAT))) == [
        ("REPORT_MISSING", Impact.HIGH, Audience.CLINICAL),
        ("E_CORRUPT_001", Impact.HIGH, Audience.TECHNICAL),
    ]


def test_a_failure_of_the_machine_is_told_where_the_study_went_on_a_bad_recording_is_not():
    lost = problem("E_MODEL_001", "x", modality="ecg", recording_id="r01")
    bad = problem("E_QUALITY_001", "x", modality="ecg", recording_id="r02")
    went_on = dossier(status=ReleaseStatus.HELD)
    went_on = replace(went_on, outcomes=(replace(GOOD, problems=(lost, bad)),))
    assert told(causes(went_on)) == [
        ("REPORT_HELD", Impact.MEDIUM, Audience.CLINICAL),
        ("E_MODEL_001", Impact.HIGH, Audience.TECHNICAL),
    ]


def test_the_same_dossier_gives_the_same_causes():
    made = dossier(finding("ECG_VT"), finding("ECG_PAUSE"), status=ReleaseStatus.HELD)
    assert causes(made) == causes(replace(made, analyses=tuple(reversed(made.analyses))))
