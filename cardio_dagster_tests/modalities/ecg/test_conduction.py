import pytest

from cardio_dagster.finding import Grade, Measurement
from cardio_dagster.modalities.ecg.measuring.conduction import left_anterior, left_bundle, left_posterior, right_bundle
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm
from cardio_dagster.modalities.ecg.statements import Case, state

RIGHT = {
    "V1": LeadValues(r_mv=0.2, r_ms=25.0, s_mv=-0.4, s_ms=30.0, r2_mv=0.9, r2_ms=60.0, r_peak_ms=95.0, qrs_pattern="rsR'"),
    "V6": LeadValues(q_mv=-0.1, q_ms=15.0, r_mv=1.0, r_ms=45.0, s_mv=-0.4, s_ms=70.0, r_peak_ms=40.0, qrs_pattern="qRs"),
    "I": LeadValues(r_mv=0.8, r_ms=45.0, s_mv=-0.3, s_ms=60.0, r_peak_ms=40.0, qrs_pattern="Rs"),
}  # fmt: skip
LEFT = {
    "V1": LeadValues(r_mv=0.1, s_mv=-1.8, s_ms=110.0, r_ms=20.0, r_peak_ms=15.0, qrs_pattern="rS", is_notched=False),
    "I": LeadValues(r_mv=1.0, r_ms=140.0, r_peak_ms=85.0, qrs_pattern="R", is_notched=True),
    "V5": LeadValues(r_mv=1.4, r_ms=135.0, r_peak_ms=80.0, qrs_pattern="R", is_notched=True),
    "V6": LeadValues(r_mv=1.2, r_ms=140.0, r_peak_ms=85.0, qrs_pattern="R", is_notched=True),
}
NARROW = {
    "V1": LeadValues(r_mv=0.2, r_ms=25.0, s_mv=-1.0, s_ms=45.0, r_peak_ms=20.0, qrs_pattern="rS", is_notched=False),
    "I": LeadValues(r_mv=0.8, r_ms=60.0, r_peak_ms=40.0, qrs_pattern="R", is_notched=False),
    "V5": LeadValues(q_mv=-0.1, r_mv=1.4, r_ms=50.0, r_peak_ms=42.0, qrs_pattern="qR", is_notched=False),
    "V6": LeadValues(q_mv=-0.1, r_mv=1.2, r_ms=50.0, r_peak_ms=42.0, qrs_pattern="qR", is_notched=False),
}


def stated(leads, qrs_ms, *, axis_deg=40.0, rhythm="sinus"):
    numbers = (Measurement("qrs_ms", "QRS", qrs_ms, "ms", "t"), Measurement("qrs_axis_deg", "axis", axis_deg, "deg", "t"))  # fmt: skip
    case = Case(numbers, Rhythm(rhythm, 0.9), ("N",) * 10, "r", leads=leads)
    return {f.code: f for f in state(case)}


@pytest.mark.parametrize(
    ("leads", "qrs_ms", "code"),
    [
        (RIGHT, 140.0, "ECG_RBBB"), (RIGHT, 115.0, "ECG_IRBBB"), (RIGHT, 95.0, "ECG_RSR"), (LEFT, 150.0, "ECG_LBBB"), (LEFT, 114.0, "ECG_ILBBB"),
        (LEFT, 95.0, None), (NARROW, 130.0, "ECG_QRS_WIDE"), (NARROW, 112.0, "ECG_QRS_BORDERLINE"), (NARROW, 90.0, None),
    ],
)  # fmt: skip
def test_shape_and_duration_name_the_block(leads, qrs_ms, code):
    got = set(stated(leads, qrs_ms)) - {"ECG_SINUS"}
    assert got == ({code} if code else set())


def test_shapes_exclude_each_other():
    assert left_bundle(RIGHT) is None
    assert right_bundle(LEFT) is None


@pytest.mark.parametrize("lead", ["I", "V5", "V6"])
def test_a_septal_q_speaks_against_left_bundle_branch_block(lead):
    with_q = LEFT | {lead: LeadValues(r_mv=1.0, q_mv=-0.15, r_peak_ms=80.0, qrs_pattern="qR", is_notched=True)}
    assert left_bundle(with_q) is None


def test_without_its_leads_a_block_is_not_named():
    got = stated({"II": LeadValues(r_mv=1.0, qrs_pattern="R")}, 150.0)["ECG_QRS_WIDE"]
    assert got.grade is Grade.ABNORMAL
    assert "not judged" in got.rule


def test_a_paced_qrs_is_no_bundle_branch_block():
    got = stated(LEFT, 160.0, rhythm="paced")
    assert "ECG_LBBB" not in got
    assert got["ECG_QRS_WIDE"].grade is Grade.NOTE


FRONTAL = {
    "aVL": LeadValues(q_mv=-0.1, r_mv=0.9, r_peak_ms=50.0, qrs_pattern="qR"),
    "I": LeadValues(q_mv=-0.05, r_mv=0.7, qrs_pattern="qR"),
}


@pytest.mark.parametrize(("axis_deg", "is_there"), [(-44.0, False), (-45.0, True), (-90.0, True), (-91.0, False), (None, False)])  # fmt: skip
def test_left_anterior_block_by_axis(axis_deg, is_there):
    assert (left_anterior(FRONTAL, axis_deg=axis_deg) is not None) is is_there


def test_left_anterior_block_needs_a_late_r_in_avl():
    early = {"aVL": LeadValues(q_mv=-0.1, r_mv=0.9, r_peak_ms=44.0, qrs_pattern="qR")}
    assert left_anterior(early, axis_deg=-60.0) is None


def test_left_posterior_block():
    down, up = LeadValues(r_mv=0.2, s_mv=-0.8, qrs_pattern="rS"), LeadValues(q_mv=-0.1, r_mv=1.2, qrs_pattern="qR")
    leads = {"I": down, "aVL": down, "III": up, "aVF": up}
    assert left_posterior(leads, axis_deg=110.0) is not None
    assert left_posterior(leads, axis_deg=80.0) is None
    assert left_posterior(leads | {"III": down}, axis_deg=110.0) is None


def test_right_bundle_and_left_fascicle_are_both_stated():
    got = stated(RIGHT | FRONTAL | {"I": RIGHT["I"]}, 140.0, axis_deg=-60.0)
    assert {"ECG_RBBB", "ECG_LAFB"} <= set(got)
    assert "ECG_LAFB" not in stated(LEFT | {"aVL": FRONTAL["aVL"]}, 150.0, axis_deg=-60.0)
