"""Every word of a sentence has its source: what a stranger changed, added or left out is caught."""

from dataclasses import replace

import pytest

from cardio_dagster.finding import Grade, Score
from cardio_dagster.reporting.drafting import draft
from cardio_dagster.reporting.verification import verify
from cardio_dagster.statement import Context, Statement
from cardio_dagster_tests.reporting.drafting.studies import PASSAGES, complete, ecg, real_study, sick_study

_VALVE = "Holds only without mechanical valve and mitral stenosis; not stated: mechanical_valve_or_mitral_stenosis."
_ITEMS = ("heart failure: 1 of 1", "hypertension: 1 of 1", "age: 2 of 2", "female sex: 1 of 1")


def _score(name, label, value, unit, interpretation, inputs=()):
    return Score(name, label, value, unit, inputs, "x", "y", None, (), interpretation)


SCORES = (
    _score("cha2ds2_vasc", "CHA2DS2-VASc", 5.0, "{score}", f"ESC 2020: oral anticoagulation is recommended (2 points or more in men, 3 in women). {_VALVE}", _ITEMS),
    _score("cha2ds2_va", "CHA2DS2-VA", 4.0, "{score}", f"ESC 2024: oral anticoagulation is recommended (2 points or more). {_VALVE}", _ITEMS[:3]),
    _score("has_bled", "HAS-BLED", 3.0, "{score}", f"3.74 major bleeds in 100 patient-years in the Euro Heart Survey. High bleeding risk (3 points or more): review early and often; ESC 2020: no reason by itself to withhold anticoagulation. Open to change: alcohol. {_VALVE}"),
    _score("maggic", "MAGGIC", 37.0, "{score}", "Predicted mortality: 42.7 % within 1 year, 75.6 % within 3 years.", ("ejection fraction: 5 of 7", "NYHA class: 32 of 40")),
    _score("maggic_1y_pct", "MAGGIC 1-year mortality", 42.7, "%", "42.7 of 100 people like this die within 1 year.", ("all: 37 of 57",)),
    _score("maggic_3y_pct", "MAGGIC 3-year mortality", 75.6, "%", "75.6 of 100 people like this die within 3 years.", ("all: 37 of 57",)),
    _score("prevent_cvd_10y_pct", "PREVENT 10-year risk of cardiovascular disease", 6.2, "%", "borderline (5 to 7.4 %) Holds only without known cardiovascular disease; not stated: heart_failure."),
    _score("prevent_hf_10y_pct", "PREVENT 10-year risk of heart failure", 3.6, "%", "Holds only without known cardiovascular disease; not stated: heart_failure."),
    Score("h2fpef", "H2FPEF", None, "{score}", (), "x", "y", "missing: e_over_e_prime, copd, hf_duration_months"),
)  # fmt: skip


def scored():
    return (), None, SCORES


STUDIES = {"real": real_study, "sick": sick_study, "scored": scored}


def drafted(study):
    return draft(*study, Context(passages=PASSAGES))


def verdict(statements, study):
    return verify(statements, *study, PASSAGES)


def edited(statements, old, new):
    """Return the draft with the first place of `old` replaced and the quotes behind it moved along."""
    n = next(i for i, s in enumerate(statements) if old in s.text)
    s = statements[n]
    end, by = s.text.index(old) + len(old), len(new) - len(old)
    quotes = tuple(replace(q, start=q.start + by * (q.start >= end)) for q in s.quotes)
    return (*statements[:n], replace(s, text=s.text.replace(old, new, 1), quotes=quotes), *statements[n + 1 :])


@pytest.mark.parametrize("name", STUDIES)
def test_the_true_draft_passes(name):
    study = STUDIES[name]()
    assert verdict(drafted(study), study).faults == ()


EDITS = [
    ("real", "Sinus rhythm", "No sinus rhythm"), ("real", "Sinus rhythm;", "Sinus rhythm, acute infarction;"),
    ("real", "No wall motion", "Wall motion"), ("real", "No wall motion", "Extensive wall motion"), ("real", "possible (II", "ruled out (II"),
    ("real", "possible (II", "(II"), ("real", "short by", "short, certain by"), ("real", "Fridericia", "Bazett"), ("real", "QT interval", "QTc interval"),
    ("real", "Total cholesterol", "LDL cholesterol"), ("real", "stroke volume", "regurgitant volume"), ("real", "49°", "49° (left axis)"),
    ("real", "QRS axis 49°", "QRS axis \N{EN DASH} 49°"), ("real", "86 ms", "86 ms (left bundle branch block)"), ("real", "65/min", "65/min at exercise"),
    ("real", "above 5.2", "not above 5.2"), ("real", "normal, within", "normal, hardly within"), ("real", "mean of 4 beats", "mean of 4 patients"),
    ("real", "2.0 %: low", "2.0 % per year: low"), ("real", "risk of heart failure", "risk of death"), ("real", "no heart failure)", "heart failure)"),
    ("real", "Not given: SCORE2", "Given: SCORE2"), ("real", "to be confirmed by", "confirmed by"), ("real", "one plane", "two planes"),
    ("real", "missing: European risk region", "missing: consent"), ("real", "(not a validated risk)", "(a validated risk)"), ("real", "; the sex is not known here", ""),
    ("sick", "read with care: QRS wide", "QRS wide"), ("sick", "without the shape", "with the shape"), ("sick", "; read with care: wide QRS, high voltage of the left ventricle", ""),
    ("sick", "couplet.", "couplet. Stop all anticoagulants at once."), ("sick", "of either sex", ""), ("sick", "Serum creatinine", "Urine creatinine"),
    ("scored", "is recommended", "is not recommended"), ("scored", "oral anticoagulation", "dual antiplatelet therapy"), ("scored", "no reason", "a reason"),
    ("scored", "Holds only without", "Holds also with"), ("scored", "Open to change: alcohol. ", ""), ("scored", "1-year mortality", "1-year survival"),
    ("scored", "MAGGIC 37", "HAS-BLED 37"), ("scored", " The same proviso holds.", ""), ("scored", "borderline", "treat: borderline"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new"), EDITS)
def test_a_word_changed_added_or_left_out_is_caught(name, old, new):
    study = STUDIES[name]()
    assert not verdict(edited(drafted(study), old, new), study).passed


@pytest.mark.parametrize("text", ["Ventricular tachycardia.", "The patient has died.", "Hans Muster, born in spring.", "Ejection fraction about sixty.", "Not measured, for the reasons in the table: PR interval.", "Sinus rhythm.", ""])  # fmt: skip
@pytest.mark.parametrize("section", ["echo", "scores", "clinical"])
def test_a_sentence_that_rests_on_nothing_is_caught(text, section):
    study = real_study()
    added = Statement("s99", section, text, Grade.NORMAL, citations=("scores#prevent",) if section == "scores" else ())
    faults = [f for f in verdict((*drafted(study), added), study).faults if f.statement_id == "s99"]
    assert any("does not say" in f.message for f in faults)


@pytest.mark.parametrize("name", STUDIES)
def test_no_word_can_be_left_out(name):
    study = STUDIES[name]()
    statements = drafted(study)
    for n, s in enumerate(statements):
        for word in ("no ", "not ", "No ", "possible", "only ", "without ", "read with care: "):
            if word in s.text:
                one = edited((s,), word, "")[0]
                assert not verdict((*statements[:n], one, *statements[n + 1 :]), study).passed, one.text


def test_points_and_mortality_share_a_sentence_and_a_proviso_is_said_once():
    said = [s.text for s in drafted(scored())]
    assert "MAGGIC 37 points: 1-year mortality 42.7 %, 3-year mortality 75.6 %." in said
    assert sum("mechanical valve" in t for t in said) == 1
    assert said[4] == "PREVENT 10-year risk of cardiovascular disease 6.2 %: borderline (5 to 7.4 %). Holds only without known cardiovascular disease; not stated: heart failure."  # fmt: skip
    assert said[5] == "PREVENT 10-year risk of heart failure 3.6 %. The same proviso holds."
    assert said[6] == "Not given: H2FPEF (missing: E/e', COPD, duration of heart failure)."


def test_a_proviso_that_is_stated_nowhere_before_is_caught():
    study, statements = scored(), drafted(scored())
    n = next(i for i, s in enumerate(statements) if s.text.endswith("The same proviso holds."))
    faults = verdict((*statements[: n - 1], *statements[n:]), study).faults
    assert any("is stated nowhere before" in f.message for f in faults)


def test_two_ecgs_are_told_apart_and_one_must_be():
    study = complete((ecg({"pr_ms": 150.0}), ecg({"pr_ms": 150.0}, recording_id="r02")))
    statements = drafted(study)
    assert {"Sinus rhythm, in r01.", "Sinus rhythm, in r02."} <= {s.text for s in statements}
    assert verdict(statements, study).faults == ()
    assert not verdict(edited(statements, "in r01", "in r02"), study).passed
    assert not verdict(tuple(replace(s, text=s.text.replace(", in r02", "").replace(", in r01", "")) for s in statements), study).passed  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "text", "inputs", "faults"),
    [  # ESC 2020: the point for the female sex does not count by itself
        ("cha2ds2_vasc", 2.0, "anticoagulation is recommended", ("x: 2 of 9",), 0),
        ("cha2ds2_vasc", 2.0, "anticoagulation is recommended", ("x: 1 of 9", "female sex: 1 of 1"), 2),
        ("cha2ds2_vasc", 0.0, "Low risk.", ("x: 0 of 9",), 0),
        ("cha2ds2_va", 1.0, "Low risk.", ("x: 1 of 8",), 2),
        ("cha2ds2_va", 1.0, "anticoagulation should be considered", ("x: 2 of 8",), 1),  # the sum
        ("has_bled", 2.0, "1.88 major bleeds", ("x: 2 of 9",), 0),  # Pisters 2010, table 5
        ("has_bled", 2.0, "11.88 major bleeds, high bleeding risk", ("x: 2 of 9",), 2),
        ("has_bled", 3.0, "3.74 major bleeds", ("x: 3 of 9",), 1),  # high risk not said
        ("score2_10y_pct", 5.0, "high (5 to below 10 %)", ("age_years = 55 (clinical r01)",), 0),  # ESC 2021
        ("score2_10y_pct", 5.0, "very high (10 % or more)", ("age_years = 55 (clinical r01)",), 2),
        ("score2_10y_pct", 7.5, "very high (7.5 % or more)", ("age_years = 49 (clinical r01)",), 0),
        ("score2_op_10y_pct", 7.4, "low-to-moderate (below 7.5 %)", ("age_years = 70 (clinical r01)",), 0),
        ("maggic", 21.0, "", ("x: 20 of 57",), 1),
        ("maggic_1y_pct", 10.2, "", ("x: 20 of 57",), 0),  # Pocock 2013, table 4
        ("maggic_3y_pct", 10.2, "", ("x: 20 of 57",), 1),
    ],
)
def test_the_words_and_the_sum_belong_to_the_value(name, value, text, inputs, faults):
    score = _score(name, "Score", value, "%" if name.endswith("pct") else "{score}", text, inputs)
    study = ((), None, (score,))
    s = next(s for s in drafted(study) if name in s.scores)
    got = [f for f in verdict((replace(s, text=s.text + text),), study).faults if "of which" in f.message or "add up" in f.message or "lies between" in f.message]  # fmt: skip
    assert len(got) == faults, got
