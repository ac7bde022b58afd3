import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.finding import Grade, Measurement
from cardio_dagster.modalities.ecg.measuring.intervals import Intervals
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.measuring.territories import contiguous, opposite, walls
from cardio_dagster.modalities.ecg.rhythm.classify import Episode, Rhythm
from cardio_dagster.modalities.ecg.statements import Case, state
from cardio_dagster.modalities.ecg.statements.case import beyond
from cardio_dagster.modalities.ecg.statements.ectopy import runs
from cardio_dagster.modalities.ecg.statements.st import elevation_limits_mv

SINUS = Rhythm("sinus", 0.9, 0.02, 1.0)
FLAT = {"st_j_mv": 0.0, "st_j80_mv": 0.0, "t_mv": 0.3, "r_mv": 1.0, "qrs_pattern": "R", "peak_to_peak_mv": 1.2}
TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def measured(name, value, low=None, high=None, unit="ms"):
    return Measurement(name, name, value, unit, "test", low, high)


def told(*measurements, **case):
    """Return the findings by code of a case: sinus rhythm, ten regular beats, and what is given."""
    types = tuple(case.pop("types", "N" * 10))
    times = np.asarray(case.pop("times", 0.5 + 0.9 * np.arange(len(types))))
    known = {"rhythm": SINUS, "duration_s": float(times[-1] + 0.5) if len(times) else 10.0} | case
    found = state(Case(measurements, beat_types=types, beat_time_s=times, recording_id="r1", **known))
    return {f.code: f for f in found}


def leads(**changed):
    """Return twelve unremarkable leads with some of their values changed."""
    return {name: LeadValues(**(FLAT | changed.get(name, {}))) for name in TWELVE}


# the old promises


@pytest.mark.parametrize(
    ("qtc_ms", "sex", "code"),
    [
        (449, "M", None), (450, "M", "ECG_QTC_LONG"), (459, "F", None), (460, "F", "ECG_QTC_LONG"), (450, None, "ECG_QTC_LONG"),
        (499, "F", "ECG_QTC_LONG"), (500, "F", "ECG_QTC_CRITICAL"), (391, "M", None), (390, "M", "ECG_QTC_SHORT"),
    ],
)  # fmt: skip
def test_qtc_limits_by_sex(qtc_ms, sex, code):
    got = {c for c in told(measured("qtc_fridericia_ms", float(qtc_ms)), sex=sex) if "QTC" in c}
    assert got == ({code} if code else set())


def test_a_wide_qrs_never_silences_a_long_qtc():
    got = told(measured("qtc_fridericia_ms", 520.0), measured("qrs_ms", 150.0), sex="M")["ECG_QTC_CRITICAL"]
    assert got.grade is Grade.CRITICAL
    assert "QRS wide" in got.text


def test_an_adjusted_qtc_within_limits_eases_the_grade_but_not_the_statement():
    wide = (measured("qtc_fridericia_ms", 520.0), measured("qrs_ms", 150.0), measured("qtc_adjusted_ms", 440.0))
    got = told(*wide, sex="M")["ECG_QTC_CRITICAL"]
    assert got.grade is Grade.ABNORMAL
    assert "440 ms when adjusted" in got.text


def test_one_statement_speaks_for_all_formulas_on_its_side():
    got = told(measured("qtc_fridericia_ms", 470.0, 391, 449), measured("qtc_bazett_ms", 480.0, 391, 449), measured("qtc_hodges_ms", 380.0, 391, 449))  # fmt: skip
    assert got["ECG_QTC_LONG"].measurements == ("qtc_fridericia_ms", "qtc_bazett_ms")
    assert got["ECG_OUT_OF_RANGE"].measurements == ("qtc_hodges_ms",)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("heart_rate_bpm", 59.9, "ECG_BRADYCARDIA"), ("heart_rate_bpm", 100.1, "ECG_TACHYCARDIA"), ("pr_ms", 201.0, "ECG_PR_LONG"),
        ("pr_ms", 119.0, "ECG_PR_SHORT"), ("qrs_ms", 120.0, "ECG_QRS_WIDE"), ("qrs_ms", 111.0, "ECG_QRS_BORDERLINE"),
        ("qrs_axis_deg", -31.0, "ECG_AXIS_LEFT"), ("qrs_axis_deg", 91.0, "ECG_AXIS_RIGHT"), ("qrs_axis_deg", -120.0, "ECG_AXIS_EXTREME"),
        ("p_ms", 120.0, "ECG_P_WIDE"),
    ],
)  # fmt: skip
def test_limits_make_statements(name, value, code):
    assert code in told(measured(name, value))


@pytest.mark.parametrize(("name", "value"), [("heart_rate_bpm", 60.0), ("heart_rate_bpm", 100.0), ("pr_ms", 120.0), ("pr_ms", 200.0), ("qrs_ms", 110.0), ("qrs_axis_deg", -30.0), ("qrs_axis_deg", 90.0), ("p_ms", 119.9)])  # fmt: skip
def test_the_limits_themselves_are_normal(name, value):
    assert set(told(measured(name, value))) == {"ECG_SINUS"}


@given(st.floats(0, 1000), st.floats(0, 500), st.floats(0, 500))
def test_no_value_outside_its_range_stays_unspoken(value, low, width):
    got = told(measured("something_ms", value, low, low + width))
    assert ("ECG_OUT_OF_RANGE" in got) is not (low <= value <= low + width)


def test_unremarkable_leads_say_nothing():
    assert set(told(leads=leads(), sex="M", age_years=50.0)) == {"ECG_SINUS"}


def test_every_finding_has_a_rule_and_confidence_within_its_bounds():
    changed = {"V2": {"st_j_mv": 0.3}, "V3": {"st_j_mv": 0.4}, "II": {"q_mv": -0.3, "q_ms": 45.0, "p_mv": 0.4}, "aVF": {"q_mv": -0.3, "q_ms": 45.0}}  # fmt: skip
    got = told(measured("qrs_ms", 150.0), measured("heart_rate_bpm", 45.0), leads=leads(**changed), types="NNVVNNVVVN")
    assert len(got) > 6
    for finding in got.values():
        assert finding.rule
        assert finding.modality == "ecg"
        assert finding.recording_id == "r1"
        assert finding.confidence is None or 0.0 <= finding.confidence <= 1.0


def test_confidence_is_the_chance_of_lying_beyond_the_limit():
    assert beyond(120.0, 120.0, kind="qrs") == 0.5
    assert beyond(128.0, 120.0, kind="qrs") == pytest.approx(0.84)  # one standard deviation
    assert beyond(150.0, 120.0, kind="qrs") > beyond(125.0, 120.0, kind="qrs")


# pauses and runs


@pytest.mark.parametrize(("gap_s", "grade"), [(1.9, None), (2.5, Grade.ABNORMAL), (3.5, Grade.CRITICAL)])
def test_pauses(gap_s, grade):
    times = np.concatenate((0.5 + 0.9 * np.arange(5), 4.1 + gap_s + 0.9 * np.arange(5)))
    got = told(times=times)
    assert (got["ECG_PAUSE"].grade if "ECG_PAUSE" in got else None) is grade
    if grade:
        assert got["ECG_PAUSE"].evidence == f"{gap_s:.1f} s from 4.10 s"


def test_sinus_rhythm_does_not_stay_normal_beside_a_critical_pause():
    times = np.concatenate((0.5 + 0.9 * np.arange(5), 8.0 + 0.9 * np.arange(5)))
    got = told(times=times)
    assert got["ECG_SINUS"].grade is Grade.NOTE
    assert "No heart beat for 3.9 s" in got["ECG_SINUS"].text
    assert told()["ECG_SINUS"].grade is Grade.NORMAL


def test_six_seconds_are_asystole_even_at_the_end():
    got = told(times=[0.5, 1.3, 2.1], types="NNN", duration_s=10.0)["ECG_PAUSE"]
    assert (got.grade, "asystole" in got.text) == (Grade.CRITICAL, True)


def test_beats_not_to_be_trusted_make_neither_pauses_nor_runs():
    got = told(times=[0.5, 5.0, 5.4, 5.8, 6.2], types="NVVVN", is_trusted=False)
    assert not {"ECG_PAUSE", "ECG_VT", "ECG_PVC"} & set(got)


def test_no_beats_are_critical():
    assert told(types="", times=[], rhythm=Rhythm("not_classified", None))["ECG_NO_BEATS"].grade is Grade.CRITICAL


@pytest.mark.parametrize(
    ("types", "rr_s", "code", "grade"),
    [
        ("NNVVVNN", 0.4, "ECG_VT", Grade.CRITICAL), ("NNVVVNN", 0.7, "ECG_VENTRICULAR_RHYTHM", Grade.ABNORMAL), ("NNVVNNN", 0.4, "ECG_VT", None),
        ("NNSSSNN", 0.4, "ECG_SV_RUN", Grade.ABNORMAL), ("NNVVNNN", 0.4, "ECG_PVC", Grade.ABNORMAL), ("NNVNNNN", 0.4, "ECG_PVC", Grade.NOTE),
    ],
)  # fmt: skip
def test_runs(types, rr_s, code, grade):
    got = told(types=types, times=0.5 + rr_s * np.arange(len(types)))
    assert (got[code].grade if code in got else None) is grade


@pytest.mark.parametrize(
    ("types", "words"),
    [("NVNVNVN", "3 of 7 beats; bigeminy"), ("NNVNNVNNV", "trigeminy"), ("NVVNNVVN", "2 couplets"), ("NVNNNVN", "2 of 7 beats")],
)  # fmt: skip
def test_patterns_of_ectopy(types, words):
    assert words in told(types=types)["ECG_PVC"].text


@given(st.text("NVS", min_size=0, max_size=40))
def test_runs_cover_every_beat_of_their_letter_once(types):
    for letter in "VS":
        found = runs(tuple(types), np.arange(len(types)), letter=letter)
        covered = [i for r in found for i in range(r.first, r.first + r.length)]
        assert covered == [i for i, t in enumerate(types) if t == letter]


def test_fibrillation_that_comes_and_goes_is_stated_beside_the_rhythm():
    rhythm = Rhythm("sinus", 0.9, episodes=(Episode("afib", 60.0, 180.0), Episode("afib", 300.0, 330.0), Episode("sinus", 0.0, 60.0)))  # fmt: skip
    got = told(rhythm=rhythm)["ECG_AFIB"]
    assert (got.text, got.grade) == ("Atrial fibrillation, paroxysmal: 2 episodes, 150 s in all", Grade.ABNORMAL)
    assert got.evidence == "60 to 180 s, 300 to 330 s"


def test_the_rhythm_names_what_it_rests_on():
    rhythm = Rhythm("afib", 0.9, 0.2, 0.1, f_wave_hz=6.0, af_burden_pct=12.5)
    rule = told(rhythm=rhythm)["ECG_AFIB"].rule
    assert (
        rule
        == "irregularity 0.20; P waves in 10 % of beats; atrial waves at 360/min; fibrillation or flutter in 12.5 % of the time"
    )


# AV block


def av(*, pr_ms, rr_ms, rate_bpm, types=None):
    n = len(pr_ms)
    rr = np.asarray(rr_ms, dtype=float)
    of = Intervals(
        rate_bpm, float(np.nanmedian(rr)), 100, 160, 90, 400, n, n, "N", 0.5, float(sorted(pr_ms)[-2] - sorted(pr_ms)[1]),
        beat_pr_ms=np.asarray(pr_ms, dtype=float), beat_rr_ms=rr,
    )  # fmt: skip
    times = 0.5 + np.concatenate(([0.0], np.cumsum(rr[1:]))) / 1000
    return told(measured("heart_rate_bpm", rate_bpm), intervals=of, times=times, types=types or "N" * n)


def test_pr_that_is_short_again_after_a_long_interval_is_wenckebach():
    got = av(pr_ms=[180, 230, 270, 180, 230, 270], rr_ms=[np.nan, 850, 820, 1300, 850, 820], rate_bpm=66.0)
    assert got["ECG_AV_BLOCK_2"].grade is Grade.ABNORMAL
    assert "270 ms before and 180 ms after" in got["ECG_AV_BLOCK_2"].evidence
    steady = av(pr_ms=[180] * 6, rr_ms=[np.nan, 850, 820, 1300, 850, 820], rate_bpm=66.0)
    assert "ECG_AV_BLOCK_2" not in steady


def test_pr_that_changes_under_slow_regular_beats_is_a_complete_block():
    got = av(pr_ms=[120, 200, 280, 150, 230, 300], rr_ms=[np.nan] + [1500] * 5, rate_bpm=40.0)
    assert got["ECG_AV_BLOCK_3"].grade is Grade.CRITICAL
    assert got["ECG_SINUS"].grade is Grade.NOTE
    one_off = av(pr_ms=[160, 160, 300, 160, 160, 160], rr_ms=[np.nan] + [1500] * 5, rate_bpm=40.0)
    assert "ECG_AV_BLOCK_3" not in one_off


def test_a_block_is_never_guessed_but_said_to_be_unknown():
    got = av(pr_ms=[160] * 6, rr_ms=[np.nan] + [1400] * 5, rate_bpm=43.0)
    assert "ECG_AV_BLOCK_NOT_ASSESSED" in got
    assert not {"ECG_AV_BLOCK_2", "ECG_AV_BLOCK_3"} & set(got)
    assert "ECG_AV_BLOCK_NOT_ASSESSED" not in av(pr_ms=[160] * 6, rr_ms=[np.nan] + [800] * 5, rate_bpm=75.0)


def across_a_gap(*, pr_spread_ms, **case):
    """Return the findings of ten beats one second apart, and ten more after six seconds without a beat."""
    times = np.concatenate((0.5 + np.arange(10), 15.5 + np.arange(10)))
    of = Intervals(58.0, 1000.0, 100, 160, 90, 400, 20, 20, "N", 0.5, pr_spread_ms)
    return told(measured("heart_rate_bpm", 58.0), intervals=of, times=times, types="N" * 20, **case)


LOST_S = np.array([[10.0, 15.0]])


def test_lost_signal_is_no_interval_that_may_hide_a_block():
    assert "ECG_AV_BLOCK_NOT_ASSESSED" in across_a_gap(pr_spread_ms=10.0)
    assert "ECG_AV_BLOCK_NOT_ASSESSED" not in across_a_gap(pr_spread_ms=10.0, lost_s=LOST_S)


def test_lost_signal_does_not_make_regular_beats_irregular():
    assert "ECG_AV_BLOCK_3" not in across_a_gap(pr_spread_ms=150.0)
    got = across_a_gap(pr_spread_ms=150.0, lost_s=LOST_S)["ECG_AV_BLOCK_3"]
    assert got.evidence == "PR differs by 150 ms between beats, RR is regular"


# ST, T, Q


@pytest.mark.parametrize(
    ("sex", "age", "limits"),
    [("M", 40, (0.2, 0.2)), ("M", 39, (0.25, 0.25)), ("M", None, (0.2, 0.25)), ("F", 30, (0.15, 0.15)), (None, 50, (0.15, 0.2)), (None, None, (0.15, 0.25))],
)  # fmt: skip
def test_limits_of_elevation(sex, age, limits):
    assert elevation_limits_mv(sex=sex, age_years=age) == limits


def raised(mv, *names, **case):
    return told(leads=leads(**{n: {"st_j_mv": mv, "st_j80_mv": mv} for n in names}), **({"sex": "M", "age_years": 55.0} | case))  # fmt: skip


@pytest.mark.parametrize(
    ("mv", "names", "is_stated"),
    [
        (0.1, ("II", "aVF"), True), (0.099, ("II", "aVF"), False), (0.19, ("V2", "V3"), False), (0.2, ("V2", "V3"), True),
        (0.3, ("II",), False), (0.3, ("II", "V5"), False), (0.3, ("aVR", "V1"), False), (0.1, ("V3", "V4"), False), (0.1, ("V4", "V5"), True),
    ],
)  # fmt: skip
def test_elevation_needs_its_limit_in_two_neighbouring_leads(mv, names, is_stated):
    assert ("ECG_ST_ELEVATION" in raised(mv, *names)) is is_stated


def test_elevation_names_wall_leads_height_and_mirror():
    changed = {n: {"st_j_mv": 0.25, "st_j80_mv": 0.25} for n in ("II", "III", "aVF")} | {"aVL": {"st_j_mv": -0.1, "st_j80_mv": -0.1}}  # fmt: skip
    got = told(leads=leads(**changed), sex="M", age_years=60.0)["ECG_ST_ELEVATION"]
    assert got.grade is Grade.CRITICAL
    assert got.text == "ST elevation, inferior: up to 0.25 mV in II, III, aVF, with depression in aVL"
    assert "II +0.25 mV" in got.evidence


@pytest.mark.parametrize(
    ("reservation", "case"),
    [
        ("paced rhythm", {"rhythm": Rhythm("paced", 0.9)}),
        ("wide QRS", {"extra": measured("qrs_ms", 150.0)}),
        ("high voltage", {"extra": measured("sokolow_lyon_mv", 4.0, None, 3.49, "mV")}),
    ],
)
def test_a_reservation_is_named_and_never_silences(reservation, case):
    extra = [case.pop("extra")] if "extra" in case else []
    changed = {n: {"st_j_mv": 0.4, "st_j80_mv": 0.4} for n in ("V2", "V3", "V4")}
    got = told(*extra, leads=leads(**changed), sex="M", age_years=60.0, **case)["ECG_ST_ELEVATION"]
    assert reservation in got.text
    assert got.grade is Grade.ABNORMAL


def test_what_lies_within_the_error_is_no_alarm():
    mirror = {"aVL": {"st_j_mv": -0.1, "st_j80_mv": -0.1}}
    for mv, grade in ((0.11, Grade.ABNORMAL), (0.16, Grade.CRITICAL)):
        changed = {n: {"st_j_mv": mv, "st_j80_mv": mv} for n in ("III", "aVF")} | mirror
        assert told(leads=leads(**changed), sex="M")["ECG_ST_ELEVATION"].grade is grade


def test_an_unknown_sex_names_both_limits():
    got = raised(0.17, "V2", "V3", sex=None, age_years=None)["ECG_ST_ELEVATION"]
    assert got.grade is Grade.NOTE
    assert "0.15 to 0.25" in got.rule
    assert raised(0.26, "V2", "V3", sex=None, age_years=None)["ECG_ST_ELEVATION"].grade is Grade.ABNORMAL


@pytest.mark.parametrize(
    ("j_mv", "j80_mv", "is_stated"), [(-0.06, -0.06, True), (-0.1, -0.15, True), (-0.04, -0.1, False), (-0.15, -0.06, False), (-0.1, 0.0, False)]
)  # fmt: skip
def test_depression_is_level_or_falling(j_mv, j80_mv, is_stated):
    got = told(leads=leads(**{n: {"st_j_mv": j_mv, "st_j80_mv": j80_mv} for n in ("V5", "V6")}))
    assert ("ECG_ST_DEPRESSION" in got) is is_stated


def test_depression_deepest_in_front_hints_at_the_posterior_wall():
    assert "V7 to V9" in raised(-0.1, "V1", "V2", "V3")["ECG_ST_DEPRESSION"].text
    assert "V7" not in raised(-0.1, "V5", "V6")["ECG_ST_DEPRESSION"].text


@pytest.mark.parametrize(
    ("names", "change", "is_stated"),
    [
        (("V4", "V5"), {"t_mv": -0.2}, True), (("V4", "V5"), {"t_mv": -0.1}, False), (("III", "aVF"), {"t_mv": -0.3}, False),
        (("V4", "V5"), {"t_mv": -0.2, "s_mv": -1.5}, False),
    ],
)  # fmt: skip
def test_t_inversion(names, change, is_stated):
    assert ("ECG_T_INVERSION" in told(leads=leads(**dict.fromkeys(names, change)))) is is_stated


@pytest.mark.parametrize(
    ("names", "change", "is_stated"),
    [
        (("II", "aVF"), {"q_mv": -0.2, "q_ms": 35.0, "qrs_pattern": "qR"}, True), (("II", "aVF"), {"q_mv": -0.2, "q_ms": 25.0}, False),
        (("II", "aVF"), {"q_mv": -0.05, "q_ms": 45.0}, False), (("V2", "V3"), {"q_mv": -0.05, "q_ms": 25.0, "qrs_pattern": "qrS"}, True),
        (("V3", "V4"), {"q_mv": -0.9, "q_ms": 90.0, "r_mv": None, "qrs_pattern": "QS"}, True), (("III",), {"q_mv": -0.5, "q_ms": 60.0}, False),
    ],
)  # fmt: skip
def test_pathological_q(names, change, is_stated):
    assert ("ECG_Q_PATHOLOGICAL" in told(leads=leads(**dict.fromkeys(names, change)))) is is_stated


# voltages


def test_voltage_with_strain():
    high = measured("sokolow_lyon_mv", 4.2, None, 3.49, "mV")
    plain, strained = told(high), told(high, leads=leads(V5={"t_mv": -0.3, "t_min_mv": -0.3}, V6={"t_mv": -0.2}))
    assert plain["ECG_LVH_VOLTAGE"].grade is Grade.NOTE
    assert strained["ECG_LVH_STRAIN"].grade is Grade.ABNORMAL
    assert "ECG_LVH_VOLTAGE" not in strained


def test_cornell_of_an_unknown_sex_stays_a_note_between_both_limits():
    between = (
        measured("cornell_mv", 2.4, None, 2.0, "mV"),
        measured("cornell_product_mv_ms", 250.0, None, 244.0, "mV.ms"),
    )
    got = told(*between, sex=None)["ECG_LVH_VOLTAGE"]
    assert got.grade is Grade.NOTE
    assert "women's limit" in got.rule
    assert told(*between, sex="F")["ECG_LVH_VOLTAGE"].grade is Grade.ABNORMAL


def test_low_voltage_needs_all_leads_of_its_group():
    limb = {n: {"peak_to_peak_mv": 0.4} for n in ("I", "II", "III", "aVR", "aVL", "aVF")}
    assert "ECG_LOW_VOLTAGE_LIMB" in told(leads=leads(**limb))
    assert "ECG_LOW_VOLTAGE_LIMB" not in told(leads=leads(**(limb | {"II": {"peak_to_peak_mv": 0.6}})))
    few = {n: v for n, v in leads(**limb).items() if n != "III"}
    assert "ECG_LOW_VOLTAGE_LIMB" not in told(leads=few)


# geography


def test_neighbours_and_walls():
    assert contiguous(["V1", "V3", "V5"]) == ()
    assert contiguous(["aVF", "II", "V6"]) == ("II", "aVF")
    assert walls(["II", "V2", "V3", "aVL"]) == ("inferior", "septal", "anterior", "lateral")
    assert "aVL" in opposite(["II", "III"])
    assert not opposite(["II", "III"]) & {"II", "III"}


# fibrillation beside other things

FIBRILLATION = Rhythm("afib", 0.9)


def test_a_pacemaker_beside_fibrillation_is_stated():
    got = told(rhythm=FIBRILLATION, types="PPPPNNNNNN")
    assert got["ECG_PACED"].text == "Paced beats: 4 of 10"
    assert "ECG_PACED" not in told(rhythm=FIBRILLATION, types="PNNNNNNNNN")


def test_early_narrow_beats_in_fibrillation_are_no_atrial_extrasystoles():
    assert "ECG_PAC" in told(types="NNNSNNNSSS")
    got = told(rhythm=FIBRILLATION, types="NNVSNNNSSS")
    assert not {"ECG_PAC", "ECG_SV_RUN"} & set(got)
    assert "ECG_PVC" in got


def test_time_of_lost_signal_is_no_pause():
    times = np.concatenate((np.arange(0.5, 5.0, 0.9), np.arange(9.5, 15.0, 0.9)))
    types = "N" * len(times)
    assert "ECG_PAUSE" in told(types=types, times=times)
    assert "ECG_PAUSE" not in told(types=types, times=times, lost_s=np.array([[4.5, 9.2]]))
