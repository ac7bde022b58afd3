"""The machine rules: which codes they cover, and that they hold at each limit of the published tables."""

import re
from pathlib import Path

import pytest

from cardio_dagster.finding import Analysis, Fact, Finding, Grade, Measurement, Score
from cardio_dagster.reporting.verification.material import gather
from cardio_dagster.reporting.verification.rules import asked, rule_for
from cardio_dagster.reporting.verification.score_rules import score_faults
from cardio_dagster.statement import Quote, QuoteKind, Statement

PACKAGE = Path(__file__).parents[3] / "cardio_dagster"
# Shapes of waves, or statements about the recording: no measurement tells of them.
_TOPICS = {"ECG_V1", "ECG_AXIS", "ECG_LVH", "ECG_ST_", "ECG_LOW_VOLTAGE", "ECG_Q_"}  # beginnings of codes, not codes
WITHOUT_RULE = {
    "ECG_AV_BLOCK_2", "ECG_AV_BLOCK_NOT_ASSESSED", "ECG_CHAOTIC", "ECG_DEVICE_DIFFERS", "ECG_LEADS_CHEST", "ECG_LEADS_DUPLICATE",
    "ECG_LEADS_EXCHANGED", "ECG_LEADS_INVERTED", "ECG_LEADS_LIMBS", "ECG_LEADS_MISFIT", "ECG_LEADS_SCALE", "ECG_Q_PATHOLOGICAL", "ECG_R_V1_BROAD",
}  # fmt: skip
_ECG = re.compile(r'"(ECG_[A-Z0-9_]+)"')
_ECHO = re.compile(r'"((?:LVEF|ECHO|WALL_MOTION|GLOBAL)_[A-Z_]+)"')
_FUSION = re.compile(r'"(fusion\.[a-z_]+)"')


def codes():
    found = set()
    for folder, pattern in (
        ("modalities/ecg/statements", _ECG),
        ("modalities/ecg/lead_checks", _ECG),
        ("modalities/ecg/device", _ECG),
        ("modalities/echo", _ECHO),
        ("fusion/clashes", _FUSION),
    ):
        for path in (PACKAGE / folder).rglob("*.py"):
            found |= set(pattern.findall(path.read_text()))
    return sorted(found - _TOPICS)


def test_every_code_of_the_package_has_a_rule_or_is_known_to_have_none():
    assert {c for c in codes() if rule_for(c) is None} <= WITHOUT_RULE
    assert len(codes()) > 60


@pytest.mark.parametrize(
    "code", ["HYPOKINESIA_BASAL_INFEROSEPTUM", "GLOBAL_AKINESIA", "clinical.sbp_mmhg.high", "fusion.conflict.sex"]
)
def test_patterns(code):
    assert rule_for(code) is not None


def ask(code, *, facts=(), text="", evidence=None, **values):
    measurements = tuple(Measurement(n, n, v, "1", "x", 10.0, 20.0, recording_id="r01") for n, v in values.items())
    finding = Finding(code, text, Grade.NOTE, "x", tuple(values), recording_id="r01", evidence=evidence)
    stated = tuple(Fact(n, v, recording_id="r01") for n, v in facts)
    answers = asked(finding, gather((Analysis("ecg", "r01", measurements, (finding,), stated),), None, (), ()))
    return None if None in answers else all(answers)


@pytest.mark.parametrize(
    ("code", "name", "inside", "beyond"),
    [
        ("ECG_BRADYCARDIA", "heart_rate_bpm", 59.9, 60.0),
        ("ECG_TACHYCARDIA", "heart_rate_bpm", 100.1, 100.0),
        ("ECG_PR_LONG", "pr_ms", 200.1, 200.0),
        ("ECG_PR_SHORT", "pr_ms", 119.9, 120.0),
        ("ECG_LBBB", "qrs_ms", 120.0, 119.9),
        ("ECG_IRBBB", "qrs_ms", 119.0, 120.0),
        ("ECG_IRBBB", "qrs_ms", 110.1, 110.0),
        ("ECG_AXIS_LEFT", "qrs_axis_deg", -30.1, -30.0),
        ("ECG_AXIS_RIGHT", "qrs_axis_deg", 90.1, 90.0),
        ("ECG_AXIS_EXTREME", "qrs_axis_deg", -90.1, -90.0),
        ("ECG_LAFB", "qrs_axis_deg", -45.0, -44.9),
        ("ECG_LPFB", "qrs_axis_deg", 90.1, 90.0),
        ("ECG_QTC_SHORT", "qtc_fridericia_ms", 390.0, 390.1),
        ("ECG_QTC_LONG", "qtc_fridericia_ms", 450.0, 449.9),
        ("ECG_QTC_LONG", "qtc_fridericia_ms", 499.9, 500.0),
        ("ECG_QTC_CRITICAL", "qtc_fridericia_ms", 500.0, 499.9),
        ("ECG_P_WIDE", "p_ms", 120.0, 119.9),
        ("LVEF_ABOVE_NORMAL", "lvef_pct", 74.6, 74.4),
        ("LVEF_NORMAL", "lvef_pct", 53.6, 53.4),
        ("LVEF_NORMAL", "lvef_pct", 72.4, 72.6),
        ("LVEF_BORDERLINE_LOW", "lvef_pct", 51.6, 51.4),
        ("LVEF_MILDLY_REDUCED", "lvef_pct", 40.6, 40.4),
        ("LVEF_MODERATELY_REDUCED", "lvef_pct", 29.6, 29.4),
        ("LVEF_SEVERELY_REDUCED", "lvef_pct", 29.4, 29.6),
        ("WALL_MOTION_NORMAL", "wall_motion_score_index", 1.0, 1.17),
        ("AKINESIA_MID_INFEROSEPTUM", "wall_motion_score_index", 1.17, 1.0),
        ("LA_VOLUME_INDEX_ABOVE_NORMAL", "la_volume_index_ml_m2", 20.1, 20.0),
        ("clinical.sbp_mmhg.low", "sbp_mmhg", 9.9, 10.0),
    ],
)
def test_the_limit_itself(code, name, inside, beyond):
    critical = code == "clinical.sbp_mmhg.low"  # below 70 it must be graded critical, which a note is not
    assert ask(code, **{name: inside}) is (not critical)
    assert ask(code, **{name: beyond}) is False


def test_a_woman_has_a_longer_qtc():
    assert ask("ECG_QTC_LONG", facts=(("sex", "F"),), qtc_fridericia_ms=455.0) is False
    assert ask("ECG_QTC_LONG", facts=(("sex", "F"),), qtc_fridericia_ms=460.0) is True


def test_rhythm_is_asked_of_the_fact_and_unknown_without_it():
    assert ask("ECG_SINUS", facts=(("rhythm", "sinus"),)) is True
    assert ask("ECG_SINUS", facts=(("rhythm", "afib"),)) is False
    assert ask("ECG_SINUS") is None
    assert (
        ask("ECG_AFIB", facts=(("rhythm", "sinus"),), text="Atrial fibrillation, paroxysmal: 2 episodes, 30 s in all")
        is True
    )


def test_limits_in_the_findings_own_words():
    assert ask("ECG_ST_ELEVATION", text="ST elevation: up to 0.24 mV in V2") is True
    assert ask("ECG_ST_ELEVATION", text="ST elevation: up to 0.04 mV in V2") is False
    assert ask("ECG_P_TALL", evidence="II 0.31 mV; median beat") is True
    assert ask("ECG_P_TALL", evidence="II 0.21 mV; median beat") is False


def test_an_absent_value_contradicts_its_finding():
    assert ask("ECG_PR_LONG") is False


def _score_faults(text, value, name="prevent_cvd_10y_pct", unit="%"):
    score = Score(name, "Risk", value, unit, (), "x", "y", None if value is not None else "missing: age")
    quotes = () if "Not given" in text else (Quote("7", 5, QuoteKind.SCORE, name),)
    statement = Statement("s01", "scores", text, Grade.NORMAL, quotes=quotes)
    return list(score_faults(statement, gather((), None, (score,), ())))


def test_bands_and_possible_values_of_scores():
    assert _score_faults("Risk 7 %: borderline (5 to 7.4 %).", 7.0) == []
    assert len(_score_faults("Risk 7 %: low (below 5 %).", 7.0)) == 2  # said and not true, true and not said
    assert len(_score_faults("Risk 7 %: low (below 5 %).", 4.99)) == 0
    assert len(_score_faults("Risk 107 %.", 107.0)) == 1
    assert len(_score_faults("Risk 3 points: low risk (0 points).", 3.0, "cha2ds2_va", "{score}")) == 2
    assert len(_score_faults("Not given: Risk (missing: age).", 7.0)) == 1
    assert _score_faults("Not given: Risk (missing: age).", None) == []


@pytest.mark.parametrize(
    ("tier", "word", "faults"), [(0.0, "low", 0), (2.0, "high", 0), (1.0, "high", 1), (0.0, "high", 1)]
)
def test_the_summary_tier_in_words(tier, word, faults):
    score = Score("summary_tier", "Summary tier", tier, "{tier}", (), "x", "y")
    statement = Statement("s01", "scores", f"Summary tier: {word}.", Grade.NORMAL)
    assert len(list(score_faults(statement, gather((), None, (score,), ())))) == faults
