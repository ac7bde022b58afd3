import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.evidence.trend import PriorValue, find_trends
from cardio_dagster.finding import Finding, Grade
from cardio_dagster.fusion import Feature

NOW = "2026-01-01T00:00:00.000+00:00"


def prior(name, value, *, year=2025, study_id=None, text=None):
    return PriorValue(study_id or f"s-{year}", f"{year}-03-01T00:00:00.000+00:00", name, value, text)


def feature(name, value, source):
    return Feature(name, value, None, "", source, "r01")


def finding(code):
    return Finding(code, code, Grade.NORMAL, "test")


def trend_of(now, *priors, name="lvef_pct", source="echo"):
    features = [] if now is None else [feature(name, now, source)]
    return find_trends("s-now", NOW, [], features, priors)


def rhythm_of(codes, *priors):
    return find_trends("s-now", NOW, [finding(c) for c in codes], [], priors)


def test_without_an_earlier_study_there_is_no_trend():
    assert trend_of(60.0) == ()
    assert rhythm_of(["ECG_SINUS"]) == ()


def test_oldest_first_this_study_last_whatever_the_order_of_the_rows():
    rows = [prior("lvef_pct", 55.0, year=2024), prior("lvef_pct", 58.0, year=2025), prior("lvef_pct", 50.0, year=2020)]
    for given_rows in (rows, rows[::-1]):
        (trend,) = trend_of(60.0, *given_rows)
        assert [p.value for p in trend.points] == [50.0, 55.0, 58.0, 60.0]
        assert trend.points[-1].study_id == "s-now"
        assert (trend.name, trend.unit) == ("lvef_pct", "%")


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (55.0, 55.0, "no change"),
        (45.1, 55.0, "down by 9.9 points, within the variability"),
        (45.0, 55.0, "down by 10.0 points, beyond the variability"),
        (62.9, 52.9, "up by 10.0 points, beyond the variability"),  # 9.99999... in binary
        (70.0, 55.0, "up by 15.0 points, beyond the variability"),
    ],
)
def test_a_change_of_ef_is_weighed_against_the_variability_between_studies(now, before, said):
    assert said in trend_of(now, prior("lvef_pct", before))[0].text


@pytest.mark.parametrize(
    ("now", "said"), [(419, "up by 19 ms, within"), (420, "up by 20 ms, beyond"), (370, "down by 30 ms, beyond")]
)
def test_a_change_of_qtc(now, said):
    (trend,) = trend_of(float(now), prior("qtc_fridericia_ms", 400.0), name="qtc_fridericia_ms", source="ecg")
    assert said in trend.text


def test_the_limit_of_qtc_is_that_of_two_ecgs_of_one_person():
    """Within-person SD of QTcF from 10 s ECGs 7.80 ms (PMID 18929329): 95 % of differences lie within 1.96 sqrt(2) SD."""
    assert math.floor(1.96 * math.sqrt(2) * 7.80 / 10) * 10 == 20


def test_heart_rate_is_told_and_not_judged():
    (trend,) = trend_of(90.0, prior("heart_rate_bpm", 60.0), name="heart_rate_bpm", source="ecg")
    assert trend.text == "Heart rate 90 /min; 60 /min in the study received 2025-03-01: up by 30 /min."


def test_small_steps_that_add_up_are_told():
    (trend,) = trend_of(45.0, prior("lvef_pct", 60.0, year=2023), prior("lvef_pct", 52.0, year=2024))
    assert "down by 7.0 points, within" in trend.text
    assert (
        "Since the first of 3 studies, 60.0 % in the study received 2023-03-01: down by 15.0 points, beyond"
        in trend.text
    )


def test_what_was_not_measured_now_has_no_value_and_is_said():
    (trend,) = trend_of(None, prior("lvef_pct", 55.0))
    assert trend.points[-1].value is None
    assert trend.text == "LV ejection fraction: not measured in this study; 55.0 % in the study received 2025-03-01."


def test_an_ef_typed_into_metadata_is_not_compared_with_a_measured_one():
    (trend,) = trend_of(30.0, prior("lvef_pct", 55.0), source="clinical")
    assert trend.points[-1].value is None


def test_rows_of_this_study_are_left_out():
    assert trend_of(60.0, prior("lvef_pct", 55.0, study_id="s-now")) == ()


def test_a_rhythm_that_stays_and_one_that_changes():
    sinus = prior("rhythm", None, text="ECG_SINUS")
    (same,) = rhythm_of(["ECG_SINUS"], sinus)
    assert same.text == "Rhythm: sinus rhythm, as in the study received 2025-03-01."
    (changed,) = rhythm_of(["ECG_AFIB"], sinus)
    assert changed.text.endswith("sinus rhythm in the study received 2025-03-01: the rhythm has changed.")
    (unknown,) = rhythm_of([], sinus)
    assert unknown.text == "Rhythm: not determined in this study; sinus rhythm in the study received 2025-03-01."
    assert [p.text for p in changed.points] == ["sinus rhythm", "atrial fibrillation"]


def test_an_earlier_fibrillation_is_recalled_under_sinus_rhythm():
    rows = [prior("rhythm", None, year=2023, text="ECG_AFIB"), prior("rhythm", None, year=2024, text="ECG_SINUS")]
    (trend,) = rhythm_of(["ECG_SINUS"], *rows)
    assert trend.text.endswith("Atrial fibrillation was found in the study received 2023-03-01.")


def test_two_rhythms_of_one_study_are_one_point_in_a_fixed_order():
    rows = [prior("rhythm", None, text="ECG_AFIB"), prior("rhythm", None, text="ECG_SINUS")]
    for given_rows in (rows, rows[::-1]):
        (trend,) = rhythm_of(["ECG_SINUS"], *given_rows)
        assert [p.text for p in trend.points] == ["sinus rhythm, atrial fibrillation", "sinus rhythm"]


@settings(deadline=None, max_examples=40)
@given(st.floats(5, 90), st.floats(5, 90))
def test_the_printed_difference_is_that_of_the_printed_values(before, now):
    (trend,) = trend_of(now, prior("lvef_pct", before))
    printed_now, printed_before = (float(v) for v in re.findall(r"(\d+\.\d) %", trend.text))
    if "no change" in trend.text:
        assert printed_now == printed_before
        return
    word, size = re.search(r"(up|down) by (\d+\.\d) points", trend.text).groups()
    assert round(printed_now - printed_before, 1) == (1 if word == "up" else -1) * float(size)
    assert ("beyond" in trend.text) == (float(size) >= 10)


@settings(deadline=None, max_examples=40)
@given(st.floats(5, 90), st.floats(5, 90))
def test_exchanging_the_studies_turns_up_into_down(a, b):
    there, back = trend_of(a, prior("lvef_pct", b))[0].text, trend_of(b, prior("lvef_pct", a))[0].text
    assert ("up by" in there) == ("down by" in back)
    assert ("beyond" in there) == ("beyond" in back)
